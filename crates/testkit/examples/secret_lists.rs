//! Measures a page of `ListSecrets` among few and among many secrets: `scripts/bench`.
//!
//! A page should cost the same in both. Figures are ratios to the server with few, measured in turns within one run,
//! because machines differ and are noisy; the milliseconds beside them are only a hint.

use std::{future::Future, time::Instant};

use store::{OpenOptions, Store, secrets::Secret};
use testkit::{ACCOUNT, REGION, TestAws};
use types::Timestamp;

const FEW: i64 = 1_000;
const MANY: i64 = 100_000;
const ROUNDS: usize = 5;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
async fn main() {
    let few = server_with(FEW).await;
    let many = server_with(MANY).await;
    println!("{:<44} {:>9} {:>9} {:>7}", "", FEW, MANY, "ratio");
    for (what, body) in PAGES {
        let among_few = best(|| page(&few, body)).await;
        let among_many = best(|| page(&many, body)).await;
        println!(
            "{what:<44} {:>6.1} ms {:>6.1} ms {:>7.2}",
            among_few * 1e3,
            among_many * 1e3,
            among_many / among_few
        );
    }
    few.server.stop().await;
    many.server.stop().await;
}

const PAGES: &[(&str, &str)] = &[
    ("first page", r#"{"MaxResults":100}"#),
    (
        "first page, last changed first",
        r#"{"MaxResults":100,"SortBy":"last-changed-date","SortOrder":"desc"}"#,
    ),
    (
        "first page, by last access",
        r#"{"MaxResults":100,"SortBy":"last-accessed-date"}"#,
    ),
    (
        "first page, by name",
        r#"{"MaxResults":100,"SortBy":"name"}"#,
    ),
    (
        "name prefix that few have",
        r#"{"Filters":[{"Key":"name","Values":["app/000000777"]}]}"#,
    ),
    (
        "name prefix that all have",
        r#"{"MaxResults":100,"Filters":[{"Key":"name","Values":["app/"]}]}"#,
    ),
    (
        "tag that one in ten has",
        r#"{"MaxResults":100,"Filters":[{"Key":"tag-value","Values":["team-7"]}]}"#,
    ),
    (
        "words that nobody has, one request",
        r#"{"Filters":[{"Key":"all","Values":["nowhere"]}]}"#,
    ),
];

/// A server whose store was filled before it started.
async fn server_with(secrets: i64) -> TestAws {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    std::fs::create_dir_all(&data).expect("a data directory");
    let url = format!("sqlite:{}", data.join("sealift.db").display());
    let store = Store::open(&url, OpenOptions::default())
        .await
        .expect("a store");
    for first in (0..secrets).step_by(5_000) {
        let mut db = store.write().await.expect("a session");
        for n in first..(first + 5_000).min(secrets) {
            db.insert_secret(&secret(n)).await.expect("a secret");
        }
        db.commit().await.expect("a commit");
    }
    store.close().await;
    testkit::start_in(dir).await
}

fn secret(n: i64) -> Secret {
    let name = format!("app/{n:09}");
    let tag = types::Tag {
        key: "team".to_owned(),
        value: format!("team-{}", n % 10),
    };
    Secret {
        arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"),
        account: ACCOUNT.parse().expect("a valid account id"),
        region: REGION.parse().expect("a valid region"),
        name,
        description: Some(format!("the password of service number {n}")),
        kms_key_id: None,
        tags: Some(vec![tag]),
        policy: None,
        created: Timestamp::from_secs(1_700_000_000 + n),
        changed: Timestamp::from_secs(1_700_000_000 + n * 7 % 100_003),
        accessed: None,
        deletion: None,
        primary_region: None,
    }
}

/// Seconds for one page that is not answered from memory: something else was written in between.
async fn page(aws: &TestAws, body: &str) -> f64 {
    let root = aws.root();
    root.secretsmanager()
        .tag_resource()
        .secret_id("app/000000001")
        .tags(
            aws_sdk_secretsmanager::types::Tag::builder()
                .key("touched")
                .value("yes")
                .build(),
        )
        .send()
        .await
        .expect("a write");
    let begun = Instant::now();
    let answer = root
        .raw()
        .json("secretsmanager", "secretsmanager.ListSecrets", body)
        .await;
    let _ = answer.success();
    begun.elapsed().as_secs_f64()
}

/// The quickest of several rounds: noise only ever adds.
async fn best<F: Future<Output = f64>>(mut measure: impl FnMut() -> F) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        best = best.min(measure().await);
    }
    best
}
