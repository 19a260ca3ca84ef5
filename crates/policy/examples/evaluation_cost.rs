//! What a decision costs: `cargo run --release -p sealift-policy --example evaluation_cost`.
//!
//! One line per set of policies: reading and compiling them (once per principal and change), and one decision.

use std::{fmt::Write as _, hint::black_box, time::Instant};

use policy::{Attached, Context, Policy, PolicyKind, Principal, Request, Sources, evaluate};

#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
fn main() {
    println!("{:<44} {:>12} {:>12}", "policies", "compile", "decide");
    for (name, documents) in [
        ("one statement", vec![reader(1)]),
        (
            "an execution role: 3 policies, 12 statements",
            vec![reader(4); 3],
        ),
        (
            "the most there can be: 20 policies of 6 kB",
            vec![reader(40); 20],
        ),
        (
            "hostile: 500 wildcards in each of 10 resources",
            vec![hostile()],
        ),
    ] {
        let compile = || {
            let attach = |text: &String| {
                let policy = Policy::parse(text, PolicyKind::Identity).expect("written below");
                Attached::new("p", policy)
            };
            documents.iter().map(attach).collect::<Vec<_>>()
        };
        let identity = compile();
        let compiling = microseconds(|| {
            black_box(compile());
        });
        let deciding = microseconds(|| decide(&identity));
        println!("{name:<44} {compiling:>9.1} µs {deciding:>9.1} µs");
    }
}

/// The mean of as many rounds as fit into a fifth of a second.
fn microseconds(mut act: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut rounds = 0_u32;
    while begun.elapsed().as_millis() < 200 {
        act();
        rounds += 1;
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
}

fn decide(identity: &[Attached]) {
    let account = "111122223333".parse().expect("an account");
    let principal = Principal::User {
        partition: "aws".to_owned(),
        account,
        path: "/".to_owned(),
        name: "ann".to_owned(),
        id: "AIDAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    let context = Context::new()
        .with("aws:SourceIp", "203.0.113.7")
        .with("aws:username", "ann")
        .with("aws:ResourceTag/team", "red");
    let request = Request {
        principal: &principal,
        action: "secretsmanager:GetSecretValue",
        resource: &format!(
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:{}",
            "a".repeat(400)
        ),
        resource_account: principal.account().expect("a user has one"),
        context: &context,
    };
    let sources = Sources {
        identity,
        ..Sources::default()
    };
    black_box(evaluate(&request, &sources));
}

/// A policy of so many statements that nearly match.
fn reader(statements: usize) -> String {
    let mut text = r#"{"Version":"2012-10-17","Statement":["#.to_owned();
    for n in 0..statements {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"Effect":"Allow","Action":["secretsmanager:Get*","ssm:GetParameters"],"Resource":"arn:aws:secretsmanager:*:111122223333:secret:app{n}/${{aws:username}}-??????","Condition":{{"StringEquals":{{"aws:ResourceTag/team":"red"}}}}}}"#,
        );
    }
    text.push_str("]}");
    text
}

fn hostile() -> String {
    let resource = format!("arn:aws:secretsmanager:*:*:secret:{}b", "*a".repeat(500));
    let list = vec![format!("{resource:?}"); 10].join(",");
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":[{list}]}}}}"#
    )
}
