//! Measures what verifying a signature costs, alone and as a part of whole requests: `scripts/bench`.
//!
//! A signing key is derived once a day, region and service, and remembered; the last line has what that saves.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::time::Instant;

use api::{
    Service,
    sigv4::{SignedRequest, SigningKeys},
};
use testkit::Caller;
use types::{Clock as _, SecretValue, SystemClock};

const ROUNDS: usize = 5;
const REQUESTS: usize = 300;
const VERIFICATIONS: usize = 5000;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
async fn main() {
    let aws = testkit::start().await;
    let root = aws.root();
    let create = root.secretsmanager().create_secret();
    let made = create.name("bench").secret_string("value").send().await;
    made.expect("a secret");

    let remembered = verification(&root, &SigningKeys::default, true);
    let derived = verification(&root, &SigningKeys::default, false);
    let identity = whole(&root, false).await;
    let value = whole(&root, true).await;
    aws.server.stop().await;

    println!(
        "{:<44} {:>8} {:>22} {:>22}",
        "", "µs", "of GetCallerIdentity", "of GetSecretValue"
    );
    for (name, seconds) in [
        ("a whole GetSecretValue", value),
        ("a whole GetCallerIdentity", identity),
        ("reading and verifying its signature", remembered),
        ("the same with a key not derived yet", derived),
    ] {
        let part = |of: f64| format!("{:.1} %", 100.0 * seconds / of);
        println!(
            "{name:<44} {:>8.1} {:>22} {:>22}",
            seconds * 1e6,
            part(identity),
            part(value)
        );
    }
}

/// Seconds for one verification.
fn verification(caller: &Caller, keys: &dyn Fn() -> SigningKeys, remember: bool) -> f64 {
    let raw = caller.raw();
    let uri = "/?Action=GetCallerIdentity&Version=2011-06-15";
    let (mut parts, ()) = raw.signed_get("sts", uri).into_parts();
    parts.uri = uri.parse().expect("a path");
    let secret = SecretValue::from(raw.credentials().secret_access_key());
    let now = SystemClock.now();
    let kept = keys();
    best(|| {
        let begun = Instant::now();
        for _ in 0..VERIFICATIONS {
            let fresh = keys();
            let keys = if remember { &kept } else { &fresh };
            let read = SignedRequest::parse(&parts, b"").expect("a signed request");
            read.verify(&secret, Service::Sts, keys, now)
                .expect("a good signature");
        }
        begun.elapsed().as_secs_f64() / VERIFICATIONS as f64
    })
}

/// Seconds for one request over the wire.
async fn whole(caller: &Caller, secret: bool) -> f64 {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            let raw = caller.raw();
            let answer = if secret {
                let body = r#"{"SecretId":"bench"}"#;
                raw.json("secretsmanager", "secretsmanager.GetSecretValue", body)
                    .await
            } else {
                raw.query("sts", "2011-06-15", "GetCallerIdentity", &[])
                    .await
            };
            let _ = answer.success();
        }
        rounds.push(begun.elapsed().as_secs_f64() / REQUESTS as f64);
    }
    rounds.into_iter().fold(f64::MAX, f64::min)
}

/// The quickest of several rounds: noise only ever adds.
fn best(mut measure: impl FnMut() -> f64) -> f64 {
    (0..ROUNDS).map(|_| measure()).fold(f64::MAX, f64::min)
}
