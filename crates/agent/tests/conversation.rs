//! The conversation between a control plane and the reference agent, as it was recorded, held with ours.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test did not expect may panic, and which case ran may be printed"
)]

mod support;

use std::{sync::Arc, time::Duration};

use agent::{Agent, AgentConfig, AgentHandle};
use ecs::acs::{
    self, FromAgent, HeartbeatMessage, IAMRoleCredentialsMessage, RoleType, TaskIdentifier,
    TaskManifestMessage, TaskStopVerificationAck,
};
use serde_json::{Value, json};
use support::{
    CLUSTER_ARN, INSTANCE_ARN, config, container,
    control_plane::{ControlPlane, Session},
    eventually,
    memory_runtime::{DIGEST, MemoryRuntime},
    role,
    services::Services,
    task,
};

fn recorded() -> Value {
    serde_json::from_str(include_str!("data/agent-protocol-recorded.json")).unwrap()
}

struct Joined {
    config: AgentConfig,
    services: Services,
    plane: ControlPlane,
    runtime: MemoryRuntime,
    agent: AgentHandle,
}

async fn join() -> (Joined, Session) {
    let services = Services::start(json!({})).await;
    let config = config(&services.url);
    join_with(services, config, MemoryRuntime::default()).await
}

async fn join_with(
    services: Services,
    config: AgentConfig,
    runtime: MemoryRuntime,
) -> (Joined, Session) {
    let mut plane = ControlPlane::new();
    let agent = Agent::start(
        config.clone(),
        Arc::new(runtime.clone()),
        plane.connector.clone(),
    );
    let session = plane.session().await;
    let joined = Joined {
        config,
        services,
        plane,
        runtime,
        agent,
    };
    (joined, session)
}

/// An envelope of what the agent said, with our ids in place of the recorded ones.
fn said(message: &FromAgent) -> Value {
    serde_json::from_str(&message.encode()).unwrap()
}

fn types(messages: &[FromAgent]) -> Vec<String> {
    let mut types: Vec<String> = messages
        .iter()
        .map(|message| said(message)["type"].as_str().unwrap().to_owned())
        .collect();
    types.sort();
    types
}

/// A report with what differs from run to run replaced as in the recording.
fn comparable(mut report: Value) -> Value {
    for time in ["pullStartedAt", "pullStoppedAt", "executionStoppedAt"] {
        if report[time].is_number() {
            report[time] = "float".into();
        }
    }
    for container in report["containers"].as_array_mut().into_iter().flatten() {
        for id in ["imageDigest", "runtimeId"] {
            if container[id].is_string() {
                container[id] = "<id>".into();
            }
        }
    }
    report
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    report["task"] = "<task>".into();
    sorted(report)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn assert_reported(reports: Vec<Value>, recorded: &Value) {
    let recorded = recorded.as_array().unwrap().iter();
    let recorded: Vec<_> = recorded
        .map(|change| comparable(change["body"].clone()))
        .collect();
    let reports: Vec<_> = reports.into_iter().map(comparable).collect();
    assert_eq!(reports, recorded);
}

#[tokio::test]
async fn the_agent_registers_discovers_and_opens_a_signed_session() {
    let (joined, session) = join().await;
    let recorded = recorded();
    let actions: Vec<_> = joined
        .services
        .calls()
        .into_iter()
        .map(|call| call.action)
        .collect();
    assert_eq!(json!(actions), recorded["order"]);

    let register = &joined.services.bodies("RegisterContainerInstance")[0];
    let resources = register["totalResources"].as_array().unwrap();
    let recorded_resources = recorded["register"]["body"]["totalResources"]
        .as_array()
        .unwrap();
    assert_eq!(resources.len(), recorded_resources.len());
    for (resource, recorded) in resources.iter().zip(recorded_resources) {
        // This SDK also sends the members of the other types, as zeros.
        for (member, value) in recorded.as_object().unwrap() {
            assert_eq!(&resource[member], value, "{member}");
        }
    }
    assert_eq!(register["cluster"], "oracle");
    let names = |body: &Value| -> Vec<String> {
        let attributes = body["attributes"].as_array().unwrap().iter();
        attributes
            .map(|a| a["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let known = names(&recorded["register"]["body"]);
    // The recorded agent was outside of AWS, and without the right to make cgroups; elsewhere it announces these too.
    let elsewhere = [
        "com.amazonaws.ecs.capability.privileged-container",
        "ecs.capability.execute-command",
        "ecs.capability.pid-ipc-namespace-sharing",
        "ecs.capability.task-cpu-mem-limit",
        "ecs.capability.task-eni",
    ];
    for name in names(register) {
        // The recorded agent had no session manager at hand, and so could not run commands.
        assert!(
            known.contains(&name) || elsewhere.contains(&name.as_str()),
            "{name} is no attribute of the reference agent"
        );
    }

    let uri = session.upgrade.uri();
    assert_eq!(
        (uri.path(), session.upgrade.method().as_str()),
        ("/acs/ws", "GET")
    );
    let query: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(uri.query().unwrap().as_bytes())
            .into_owned()
            .collect();
    let connect = recorded["acsConnect"]["query"].as_object().unwrap();
    assert!(
        query
            .keys()
            .eq(connect.keys().collect::<std::collections::BTreeSet<_>>())
    );
    for same in [
        "clusterArn",
        "containerInstanceArn",
        "dockerVersion",
        "protocolVersion",
        "sendCredentials",
        "seqNum",
    ] {
        assert_eq!(query[same], connect[same].as_str().unwrap());
    }
    let header = |name: &str| session.upgrade.headers()[name].to_str().unwrap().to_owned();
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAINSTANCEORACLE00/"));
    assert!(authorization.contains(
        "/us-west-2/ecs/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, "
    ));
    assert_eq!(header("x-amz-security-token"), "instance-token");
    // Of the address that was discovered the path counts; the control plane is where the operator said.
    let host = joined.config.endpoint_url.strip_prefix("http://");
    assert_eq!(Some(header("host").as_str()), host);
    assert_eq!(session.upgrade.uri().path(), "/acs/ws");
    assert_eq!(
        joined.agent.container_instance_arn().await.as_deref(),
        Some(INSTANCE_ARN)
    );
}

#[tokio::test]
async fn heartbeats_are_answered_and_unknown_messages_ignored() {
    let (_joined, mut session) = join().await;
    session
        .say_text(r#"{"type":"NoSuchMessage","message":{"messageId":"x"}}"#.into())
        .await;
    session.say_text("not even json".into()).await;
    session
        .say(acs::PayloadMessage {
            tasks: vec![task(vec![])],
            ..Default::default()
        })
        .await;
    session
        .say(HeartbeatMessage {
            message_id: "hb-1".into(),
            healthy: true,
        })
        .await;
    assert_eq!(said(&session.hear().await), recorded()["heartbeat"][0]);
    assert_eq!(session.hear_all().await, []);
}

#[tokio::test]
async fn a_payload_is_acknowledged_with_its_credentials_and_runs() {
    let (joined, mut session) = join().await;
    let mut task = task(vec![container(
        "app",
        "registry.test/app:1",
        &["sleep", "60"],
    )]);
    task.role_credentials = Some(acs::Credentials {
        credentials_id: "application".into(),
        ..role()
    });
    session.hand_over(vec![task.clone()]).await;
    let answers = session.hear_all().await;
    assert_eq!(
        types(&answers),
        [
            "AckRequest",
            "IAMRoleCredentialsAckRequest",
            "IAMRoleCredentialsAckRequest"
        ]
    );
    let ack = answers
        .iter()
        .map(said)
        .find(|a| a["type"] == "AckRequest")
        .unwrap();
    let recorded = recorded();
    assert_eq!(
        ack["message"]["cluster"],
        recorded["payloadAcks"][1]["message"]["cluster"]
    );
    assert_eq!(
        ack["message"]["containerInstance"],
        recorded["payloadAcks"][1]["message"]["containerInstance"]
    );

    let reports = eventually("RUNNING", || {
        Some(joined.services.reports(&task.arn)).filter(|reports| reports.len() == 2)
    })
    .await;
    assert_eq!(reports[0]["containers"][0]["imageDigest"], DIGEST);
    let ours: Vec<Value> = recorded["payloadRunning"].as_array().unwrap().clone();
    assert_reported(reports, &json!(ours));

    // The same again is acknowledged, and nothing else happens; a stop stops.
    session.hand_over(vec![task.clone()]).await;
    assert_eq!(types(&session.hear_all().await), types(&answers));
    let mut stop = task.clone();
    stop.desired_status = "STOPPED".into();
    session.hand_over(vec![stop]).await;
    let end = eventually("STOPPED", || joined.services.stopped(&task.arn)).await;
    assert_eq!(
        comparable(end),
        comparable(recorded["stop"]["lastChange"]["body"].clone())
    );
    assert_eq!(joined.services.reports(&task.arn).len(), 3);
    assert!(
        joined
            .runtime
            .container(&task.arn, "app")
            .unwrap()
            .name
            .starts_with("ecs-agent-test-1-app-")
    );
}

#[tokio::test]
async fn refreshed_credentials_are_acknowledged_only_for_tasks_that_are_known() {
    let (_joined, mut session) = join().await;
    let task = task(vec![container(
        "app",
        "registry.test/app:1",
        &["sleep", "60"],
    )]);
    session.hand_over(vec![task.clone()]).await;
    session.hear_all().await;
    let refresh = |task_arn: &str, role_type| IAMRoleCredentialsMessage {
        message_id: "creds".into(),
        task_arn: task_arn.into(),
        role_type,
        role_credentials: role(),
        ..Default::default()
    };
    for role_type in [RoleType::TaskExecution, RoleType::TaskApplication] {
        session.say(refresh(&task.arn, role_type)).await;
        assert_eq!(
            types(&session.hear_all().await),
            ["IAMRoleCredentialsAckRequest"]
        );
    }
    session
        .say(refresh(
            "arn:aws:ecs:us-west-2:111122223333:task/oracle/none",
            RoleType::TaskExecution,
        ))
        .await;
    session.say(refresh(&task.arn, RoleType::Unknown)).await;
    assert_eq!(session.hear_all().await, []);
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_refused_and_the_message_not_acknowledged() {
    let (joined, mut session) = join().await;
    let recorded = recorded();
    let app = || container("app", "registry.test/app:1", &["true"]);
    let mut bad_status = task(vec![app()]);
    bad_status.desired_status = "SLEEPING".into();
    let mut bad_overrides = task(vec![app()]);
    bad_overrides.containers[0].overrides = Some("not json".into());
    for (name, bad) in [("badStatus", bad_status), ("badOverrides", bad_overrides)] {
        let good = task(vec![app()]);
        session.hand_over(vec![bad.clone(), good.clone()]).await;
        assert_eq!(session.hear_all().await, [], "{name}");
        let end = eventually(name, || joined.services.stopped(&bad.arn)).await;
        assert_eq!(
            end["reason"], recorded["badTasks"][name]["changes"][0]["body"]["reason"],
            "{name}"
        );
        assert_eq!(end["containers"], Value::Null);
        eventually("the other task runs", || joined.services.stopped(&good.arn)).await;
    }
    let empty = task(vec![]);
    session.hand_over(vec![empty.clone()]).await;
    assert_eq!(
        types(&session.hear_all().await),
        ["AckRequest", "IAMRoleCredentialsAckRequest"]
    );
    assert_eq!(joined.services.reports(&empty.arn), Vec::<Value>::new());
}

#[tokio::test]
async fn a_manifest_finds_tasks_that_are_too_much_and_stops_only_what_is_confirmed() {
    let (joined, mut session) = join().await;
    let sleeping = || {
        task(vec![container(
            "app",
            "registry.test/app:1",
            &["sleep", "60"],
        )])
    };
    let (kept, extra) = (sleeping(), sleeping());
    session.hand_over(vec![kept.clone(), extra.clone()]).await;
    session.hear_all().await;
    eventually("both run", || {
        let runs = |arn: &str| joined.services.reports(arn).len() == 2;
        (runs(&kept.arn) && runs(&extra.arn)).then_some(())
    })
    .await;
    let identifier = |arn: &str, desired_status: &str| TaskIdentifier {
        task_arn: arn.into(),
        task_cluster_arn: CLUSTER_ARN.into(),
        desired_status: desired_status.into(),
    };
    let manifest = |timeline| TaskManifestMessage {
        message_id: format!("manifest-{timeline}"),
        cluster_arn: CLUSTER_ARN.into(),
        container_instance_arn: INSTANCE_ARN.into(),
        generated_at: 1,
        timeline,
        tasks: vec![
            identifier(&kept.arn, "RUNNING"),
            identifier(&extra.arn, "STOPPED"),
        ],
    };
    // Not newer than the payload before it: dropped without a word.
    session.say(manifest(1)).await;
    assert_eq!(session.hear_all().await, []);

    session.say(manifest(9)).await;
    let answers = session.hear_all().await;
    assert_eq!(
        types(&answers),
        ["AckRequest", "TaskStopVerificationMessage"]
    );
    let question = answers.iter().find_map(|answer| match answer {
        FromAgent::TaskStopVerificationMessage(question) => Some(question),
        _ => None,
    });
    let question = question.unwrap();
    assert_eq!(question.message_id, "manifest-9");
    assert_eq!(
        question.stop_candidates,
        [identifier(&extra.arn, "STOPPED")]
    );

    let ack = |message_id: &str| TaskStopVerificationAck {
        message_id: message_id.into(),
        generated_at: 2,
        stop_tasks: question.stop_candidates.clone(),
    };
    session.say(ack("another")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(joined.services.stopped(&extra.arn), None);
    session.say(ack("manifest-9")).await;
    eventually("the extra task stops", || {
        joined.services.stopped(&extra.arn)
    })
    .await;
    assert_reported(
        joined.services.reports(&extra.arn),
        &recorded()["manifestStop"]["changes"],
    );
    assert_eq!(joined.services.stopped(&kept.arn), None);
}

#[tokio::test]
async fn a_closed_session_is_opened_again_at_once_without_asking_for_credentials() {
    let (mut joined, mut session) = join().await;
    session.say(HeartbeatMessage::default()).await;
    session.hear().await;
    drop(session);
    let begun = std::time::Instant::now();
    let session = joined.plane.session().await;
    assert!(begun.elapsed() < Duration::from_millis(200));
    assert!(
        session
            .upgrade
            .uri()
            .query()
            .unwrap()
            .contains("sendCredentials=false")
    );
    assert_eq!(joined.services.bodies("DiscoverPollEndpoint").len(), 1);
}

#[tokio::test]
async fn a_refused_session_is_tried_again_more_and_more_slowly() {
    let services = Services::start(json!({})).await;
    let mut plane = ControlPlane::new();
    plane
        .refuse(4, r#"{"AccessDeniedException":"scripted"}"#)
        .await;
    let runtime = Arc::new(MemoryRuntime::default());
    Agent::start(config(&services.url), runtime, plane.connector.clone());
    plane.session().await;
    let attempts = plane.attempts();
    let pauses: Vec<_> = attempts
        .windows(2)
        .map(|w| (w[1] - w[0]).as_secs_f64())
        .collect();
    let recorded = recorded();
    let recorded: Vec<f64> =
        serde_json::from_value(recorded["upgradeDenied"]["attemptsAtSeconds"].clone()).unwrap();
    for (pause, recorded) in pauses.iter().zip(recorded.windows(2)) {
        let expected = recorded[1] - recorded[0];
        assert!(
            (pause - expected).abs() < 0.25 * expected + 0.15,
            "{pauses:?}"
        );
    }
}

#[tokio::test]
async fn reports_stay_in_order_over_errors_and_only_one_error_drops_them() {
    let reported = async |errors: &[(u16, &'static str)]| {
        let (joined, mut session) = join().await;
        joined.services.fail_reports(errors);
        let task = task(vec![container(
            "app",
            "registry.test/app:1",
            &["sleep", "0.5"],
        )]);
        session.hand_over(vec![task.clone()]).await;
        eventually("STOPPED", || joined.services.stopped(&task.arn)).await;
        let reports = joined.services.reports(&task.arn).into_iter();
        reports
            .map(|r| r["status"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        reported(&[(400, "InvalidParameterException")]).await,
        ["PENDING", "RUNNING", "STOPPED"]
    );
    assert_eq!(
        reported(&[(400, "ClientException"), (400, "ClientException")]).await,
        ["PENDING", "PENDING", "PENDING", "RUNNING", "STOPPED"]
    );
}

#[tokio::test]
async fn after_a_restart_the_manifest_still_finds_what_runs() {
    let (joined, mut session) = join().await;
    let task = task(vec![container(
        "app",
        "registry.test/app:1",
        &["sleep", "60"],
    )]);
    session.hand_over(vec![task.clone()]).await;
    eventually("RUNNING", || {
        joined.services.reports(&task.arn).get(1).cloned()
    })
    .await;
    let Joined {
        config,
        services,
        runtime,
        agent,
        ..
    } = joined;
    agent.shutdown().await.unwrap();

    let (joined, mut session) = join_with(services, config, runtime).await;
    assert!(
        session
            .upgrade
            .uri()
            .query()
            .unwrap()
            .contains("sendCredentials=true")
    );
    session
        .say(TaskManifestMessage {
            message_id: "m".into(),
            cluster_arn: CLUSTER_ARN.into(),
            container_instance_arn: INSTANCE_ARN.into(),
            timeline: 1,
            ..Default::default()
        })
        .await;
    let answers = session.hear_all().await;
    assert_eq!(
        types(&answers),
        ["AckRequest", "TaskStopVerificationMessage"]
    );
    session
        .say(TaskStopVerificationAck {
            message_id: "m".into(),
            generated_at: 2,
            stop_tasks: vec![TaskIdentifier {
                task_arn: task.arn.clone(),
                task_cluster_arn: CLUSTER_ARN.into(),
                desired_status: "STOPPED".into(),
            }],
        })
        .await;
    let end = eventually("STOPPED", || joined.services.stopped(&task.arn)).await;
    assert_eq!(
        end["containers"].as_array().unwrap().last().unwrap()["exitCode"],
        137
    );
}

#[tokio::test]
async fn a_container_that_does_not_start_in_time_is_given_up() {
    let services = Services::start(json!({})).await;
    let mut config = config(&services.url);
    config.ecs.container_start_timeout = Duration::from_secs(1);
    let (joined, mut session) = join_with(services, config, MemoryRuntime::default()).await;
    let task = task(vec![container(
        "app",
        "registry.test/app:1",
        &["slow-to-start"],
    )]);
    session.hand_over(vec![task.clone()]).await;
    let end = eventually("STOPPED", || joined.services.stopped(&task.arn)).await;
    let stopped = &end["containers"].as_array().unwrap().last().unwrap();
    assert_eq!(
        stopped["reason"],
        "DockerTimeoutError: Could not transition to started; timed out after waiting 1s"
    );
}
