//! How values are fetched: what at once, what one after another, how often, and beside what.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and what was measured is printed"
)]

mod support;

use std::{sync::Arc, time::Duration, time::Instant};

use agent::Agent;
use ecs::acs;
use serde_json::{Value, json};
use support::{
    config, container,
    control_plane::{ControlPlane, Session},
    eventually,
    memory_runtime::MemoryRuntime,
    registry_login, secret,
    services::Services,
    task,
};

struct Joined {
    services: Services,
    session: Session,
    _plane: ControlPlane,
}

async fn join(answers: Value) -> Joined {
    let services = Services::start(answers).await;
    let mut plane = ControlPlane::new();
    Agent::start(
        config(&services.url),
        Arc::new(MemoryRuntime::default()),
        plane.connector.clone(),
    );
    let session = plane.session().await;
    Joined {
        services,
        session,
        _plane: plane,
    }
}

impl Joined {
    /// Runs a task to its end; how long that took, and the reason that it ended with.
    async fn run(&mut self, containers: Vec<acs::Container>) -> (Duration, String) {
        let task = task(containers);
        let begun = Instant::now();
        self.session.hand_over(vec![task.clone()]).await;
        let end = eventually("STOPPED", || self.services.stopped(&task.arn)).await;
        (begun.elapsed(), end["reason"].as_str().unwrap().to_owned())
    }

    fn reads(&self) -> usize {
        let calls = self.services.calls().into_iter();
        calls
            .filter(|call| matches!(call.action.as_str(), "GetSecretValue" | "GetParameters"))
            .count()
    }
}

fn arn(number: usize) -> String {
    format!("arn:aws:secretsmanager:us-west-2:111122223333:secret:s{number:02}-AbCdEf")
}

/// So many secrets, each answered like this.
fn secrets(count: usize, answer: &Value) -> Value {
    let all = (0..count).map(|number| (arn(number), answer.clone()));
    json!({ "asm": all.collect::<serde_json::Map<_, _>>() })
}

fn app(count: usize) -> acs::Container {
    let mut app = container("app", "registry.test/app:1", &["true"]);
    app.secrets = (0..count)
        .map(|number| secret(&format!("V{number}"), "asm", &arn(number)))
        .collect();
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_secrets_cost_little_more_than_one() {
    let slow = json!({"SecretString": "v", "delay": 1});
    let mut joined = join(secrets(20, &slow)).await;
    let (one, _) = joined.run(vec![app(1)]).await;
    let (twenty, reason) = joined.run(vec![app(20)]).await;
    println!("one secret: {one:?}, twenty: {twenty:?}");
    assert_eq!(reason, "");
    assert_eq!(joined.reads(), 21);
    assert_eq!(joined.services.most_at_once(), 20);
    assert!(twenty < one + Duration::from_secs(2), "{one:?} {twenty:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_parameters_and_both_services_are_asked_at_once() {
    let known = (0..23).map(|n| (format!("p{n:02}"), json!({"Value": "v"})));
    let known: serde_json::Map<_, _> = known.collect();
    let mut answers = secrets(2, &json!({"SecretString": "v", "delay": 1}));
    answers["ssm"] = json!({"parameters": known, "delay": 1});
    let mut joined = join(answers).await;
    let mut app = app(2);
    for number in 0..23 {
        let mut parameter = secret(&format!("P{number}"), "ssm", &format!("p{number:02}"));
        if number % 2 == 0 {
            parameter.region = "eu-west-1".into();
        }
        app.secrets.push(parameter);
    }
    let (took, reason) = joined.run(vec![app]).await;
    assert_eq!(reason, "");
    // Two secrets, and two batches in each of two regions.
    assert_eq!(joined.reads(), 2 + 4);
    assert_eq!(joined.services.most_at_once(), 2 + 4);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_logins_are_read_one_after_another() {
    let login = json!({"SecretString": r#"{"username":"u","password":"p"}"#, "delay": 0.2});
    let mut joined = join(secrets(4, &login)).await;
    let containers = (0..4).map(|number| {
        let mut one = container(&format!("c{number}"), "registry.test/app:1", &["true"]);
        one.registry_authentication = Some(registry_login(&arn(number), "us-west-2"));
        one
    });
    let (_, reason) = joined.run(containers.collect()).await;
    assert_eq!(reason, "");
    assert_eq!((joined.reads(), joined.services.most_at_once()), (4, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_is_pulled_while_the_values_are_fetched() {
    let mut joined = join(secrets(1, &json!({"SecretString": "v", "delay": 1}))).await;
    let mut slow = app(1);
    slow.image = "registry.test/slow:1".into();
    let (both, reason) = joined.run(vec![slow]).await;
    println!("a pull of one second and a value that takes one: {both:?}");
    assert_eq!(reason, "");
    let report = joined.services.bodies("SubmitTaskStateChange");
    let at = |name: &str| report.last().unwrap()[name].as_f64().unwrap();
    assert!(at("pullStoppedAt") - at("pullStartedAt") >= 1.0);
    assert!(both < Duration::from_millis(1950), "{both:?}");
}

/// A budget of retries that all secrets share would be used up by the first of so many.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_throttled_secrets_is_tried_three_times() {
    let throttled = json!({"error": [400, "ThrottlingException", "Rate exceeded"]});
    let mut joined = join(secrets(60, &throttled)).await;
    let (_, reason) = joined.run(vec![app(60)]).await;
    assert!(
        reason.contains("exceeded maximum number of attempts, 3"),
        "{reason}"
    );
    assert_eq!(joined.reads(), 180);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_read_says_is_not_kept_for_the_next_task() {
    let answers = json!([{"SecretString": "first"}, {"SecretString": "second"}]);
    let mut joined = join(secrets(1, &answers)).await;
    for reads in 1..=2 {
        let (_, reason) = joined
            .run(vec![
                app(1),
                container("b", "registry.test/app:1", &["true"]),
            ])
            .await;
        assert_eq!((reason.as_str(), joined.reads()), ("", reads));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_starts_again_by_its_restart_policy_keeps_its_values() {
    let answers = json!([{"SecretString": "first"}, {"SecretString": "second"}]);
    let services = Services::start(secrets(1, &answers)).await;
    let mut plane = ControlPlane::new();
    let runtime = MemoryRuntime::default();
    Agent::start(
        config(&services.url),
        Arc::new(runtime.clone()),
        plane.connector.clone(),
    );
    let mut session = plane.session().await;
    let mut app = app(1);
    app.command = Some(vec!["sh".into(), "-c".into(), "exit 1".into()]);
    app.restart_policy = Some(acs::RestartPolicy {
        enabled: true,
        ignored_exit_codes: Vec::new(),
        restart_attempt_period: Some(0),
    });
    let task = task(vec![app]);
    session.hand_over(vec![task.clone()]).await;
    let created = eventually("three starts", || {
        let created = runtime.container(&task.arn, "app")?;
        (created.starts >= 3).then_some(created)
    })
    .await;
    assert_eq!(created.environment["V0"], "first");
    assert_eq!(services.bodies("GetSecretValue").len(), 1);
}
