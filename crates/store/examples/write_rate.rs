//! Measures writes: `cargo run --release -p sealift-store --example write_rate [database URL]`.
//!
//! Prints how many answered writes a second one writer and 32 writers at once get, and how many flushes those took.

use std::time::{Duration, Instant};

use store::{OpenOptions, Store};

const FOR: Duration = Duration::from_secs(3);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its output is what it is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let file = format!("sqlite:{}", directory.path().join("s.db").display());
    let url = std::env::args().nth(1).unwrap_or(file);
    let store = Store::open(&url, OpenOptions::default()).await?;
    for writers in [1, 32] {
        let before = store.counters();
        let tasks: Vec<_> = (0..writers)
            .map(|n| tokio::spawn(write(store.clone(), n)))
            .collect();
        for task in tasks {
            task.await?.map_err(|fault| fault.chain())?;
        }
        let after = store.counters();
        let (writes, flushes) = (after.writes - before.writes, after.flushes - before.flushes);
        let rate = writes / FOR.as_secs();
        println!("{writers:>2} writers: {rate:>6} writes/s, {writes} writes in {flushes} flushes");
    }
    Ok(())
}

async fn write(store: Store, writer: usize) -> Result<(), types::Fault> {
    let start = Instant::now();
    let mut round = 0;
    while start.elapsed() < FOR {
        let mut session = store.write().await?;
        session
            .set_meta(&format!("{writer}-{round}"), "some value")
            .await?;
        session.commit().await?;
        round += 1;
    }
    Ok(())
}
