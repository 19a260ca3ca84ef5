//! An answered write survives `kill -9`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and the child tells on its output what was answered"
)]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use store::{OpenOptions, Store};

/// Says in the child's environment which database it writes to.
const CHILD: &str = "STORE_TEST_CHILD_WRITES_TO";

async fn open(path: &Path) -> Store {
    let url = format!("sqlite:{}", path.display());
    Store::open(&url, OpenOptions::default()).await.unwrap()
}

/// Writes with many writers at once for as long as it lives, and prints each key once it was answered.
async fn write_for_ever(path: &Path) {
    let store = open(path).await;
    let writer = |n: usize| {
        let store = store.clone();
        async move {
            for round in 0.. {
                let key = format!("{n}-{round}");
                let mut session = store.write().await.unwrap();
                session.set_meta(&key, "kept").await.unwrap();
                session.commit().await.unwrap();
                println!("answered {key}");
            }
        }
    };
    let writers: Vec<_> = (0..8).map(|n| tokio::spawn(writer(n))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_write_survives_kill_9() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&path)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.db");
    let mut answered = Vec::new();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "an_answered_write_survives_kill_9",
                "--exact",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while answered.len() < round * 60 {
            let line = lines.next().expect("the child writes on").unwrap();
            answered.extend(line.split_once("answered ").map(|(_, key)| key.to_owned()));
        }
        child.kill().unwrap();
        // What it had printed before the end reached it counts too; its last line may be cut short.
        let rest = lines
            .map_while(Result::ok)
            .filter(|line| line.starts_with("answered "));
        let mut rest: Vec<_> = rest
            .map(|line| line["answered ".len()..].to_owned())
            .collect();
        rest.pop();
        answered.extend(rest);
        child.wait().unwrap();

        let store = open(&path).await;
        let mut session = store.read().await.unwrap();
        for key in &answered {
            assert!(
                session.meta(key).await.unwrap().is_some(),
                "{key} was answered and is lost"
            );
        }
        drop(session);
        store.close().await;
    }
}
