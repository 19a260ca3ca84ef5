//! Measures the hot paths against plain HTTP on the same connections: `scripts/bench`.
//!
//! Figures are ratios to `GET /_sealift/health`, measured in turns within one run, because machines differ and are
//! noisy; the microseconds beside them are only a hint.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use testkit::{Caller, TestAws};

const ROUNDS: usize = 5;
const REQUESTS: usize = 400;
/// Clients at once, for the second half of the table.
const CLIENTS: usize = 16;
/// Secrets that are written in turn: a secret takes only so many versions a day.
const WRITTEN: usize = 8;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
async fn main() {
    let aws = testkit::start().await;
    let root = aws.root();
    store_values(&root).await;
    let reader = aws.role("reader", READER).await;

    println!(
        "{:<28} {:>10} {:>10} {:>14} {:>8}",
        "", "µs alone", "ratio", "req/s at 16", "ratio"
    );
    let mut baseline = None;
    for path in [
        Path::Health,
        Path::GetCallerIdentity,
        Path::GetSecretValue,
        Path::OneParameter,
        Path::GetParameters,
        Path::PutSecretValue,
    ] {
        let alone = best(|| alone(&aws, &reader, path)).await;
        let together = best(|| together(&aws, &reader, path)).await;
        let (alone_base, together_base) = *baseline.get_or_insert((alone, together));
        println!(
            "{:<28} {:>10.0} {:>10.2} {:>14.0} {:>8.2}",
            format!("{path:?}"),
            alone * 1e6,
            alone / alone_base,
            1.0 / together,
            together / together_base,
        );
    }
    println!("\nstatements asked of the database, with nothing of it in memory:");
    for path in [Path::OneParameter, Path::GetParameters] {
        let statements = statements_after_a_change(&aws, &reader, path).await;
        println!("{:<28} {statements:>10}", format!("{path:?}"));
    }
    aws.server.stop().await;
}

const READER: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["secretsmanager:GetSecretValue","secretsmanager:PutSecretValue"],"Resource":"arn:aws:secretsmanager:us-east-1:123456789012:secret:bench*"},
    {"Effect":"Allow","Action":"ssm:GetParameters","Resource":"arn:aws:ssm:us-east-1:123456789012:parameter/bench/*"}]}"#;

#[derive(Debug, Clone, Copy)]
enum Path {
    Health,
    /// The signature, and who it is from; nothing else.
    GetCallerIdentity,
    GetSecretValue,
    /// One SecureString by the same operation.
    OneParameter,
    /// Ten SecureStrings in one call.
    GetParameters,
    PutSecretValue,
}

async fn store_values(root: &Caller) {
    let written = (0..WRITTEN).map(|n| format!("bench-{n}"));
    for name in written.chain(["bench".to_owned()]) {
        let create = root.secretsmanager().create_secret();
        let made = create.name(name).secret_string("value").send().await;
        made.expect("a secret");
    }
    for n in 0..10 {
        let put = root
            .ssm()
            .put_parameter()
            .name(format!("/bench/{n}"))
            .value("value");
        put.r#type(aws_sdk_ssm::types::ParameterType::SecureString)
            .send()
            .await
            .expect("a parameter");
    }
}

async fn request(aws: &TestAws, reader: &Caller, path: Path) {
    let raw = reader.raw();
    let answer = match path {
        Path::Health => {
            raw.get(&format!("{}/_sealift/health", aws.server.endpoint()))
                .await
        }
        Path::GetCallerIdentity => {
            raw.query("sts", "2011-06-15", "GetCallerIdentity", &[])
                .await
        }
        Path::GetSecretValue => {
            raw.json(
                "secretsmanager",
                "secretsmanager.GetSecretValue",
                r#"{"SecretId":"bench"}"#,
            )
            .await
        }
        Path::OneParameter => get_parameters(reader, 1).await,
        Path::GetParameters => get_parameters(reader, 10).await,
        Path::PutSecretValue => {
            static TURN: AtomicUsize = AtomicUsize::new(0);
            let secret = TURN.fetch_add(1, Ordering::Relaxed) % WRITTEN;
            let entropy: &dyn types::Entropy = &types::OsEntropy;
            let token = entropy.uuid();
            let body = format!(
                r#"{{"SecretId":"bench-{secret}","SecretString":"value","ClientRequestToken":"{token}"}}"#
            );
            raw.json("secretsmanager", "secretsmanager.PutSecretValue", &body)
                .await
        }
    };
    let _ = answer.success();
}

async fn get_parameters(reader: &Caller, count: usize) -> testkit::Answer {
    let names: Vec<String> = (0..count).map(|n| format!(r#""/bench/{n}""#)).collect();
    let body = format!(r#"{{"Names":[{}],"WithDecryption":true}}"#, names.join(","));
    let target = "AmazonSSM.GetParameters";
    reader.raw().json("ssm", target, &body).await
}

/// The statements that one reading asks of the database after some parameter has changed: the least of a few, since
/// jobs of the server ask it too.
async fn statements_after_a_change(aws: &TestAws, reader: &Caller, path: Path) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..ROUNDS {
        let put = aws.root().ssm().put_parameter();
        let put = put.name("/elsewhere").value("value").overwrite(true);
        let put = put.r#type(aws_sdk_ssm::types::ParameterType::String);
        put.send().await.expect("a parameter");
        let before = aws.server.statements();
        request(aws, reader, path).await;
        least = least.min(aws.server.statements() - before);
    }
    least
}

/// Seconds for one request, one after the other.
async fn alone(aws: &TestAws, reader: &Caller, path: Path) -> f64 {
    let requests = if matches!(path, Path::PutSecretValue) {
        15
    } else {
        REQUESTS
    };
    let begun = Instant::now();
    for _ in 0..requests {
        request(aws, reader, path).await;
    }
    begun.elapsed().as_secs_f64() / requests as f64
}

/// Seconds for one request among many clients at once.
async fn together(aws: &TestAws, reader: &Caller, path: Path) -> f64 {
    let each = if matches!(path, Path::PutSecretValue) {
        1
    } else {
        REQUESTS / CLIENTS * 2
    };
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|_| async {
        for _ in 0..each {
            request(aws, reader, path).await;
        }
    });
    futures::future::join_all(clients).await;
    begun.elapsed().as_secs_f64() / (each * CLIENTS) as f64
}

/// The quickest of several rounds: noise only ever adds.
async fn best<F: Future<Output = f64>>(mut measure: impl FnMut() -> F) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        best = best.min(measure().await);
    }
    best
}
