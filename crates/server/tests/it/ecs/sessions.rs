use serde_json::{Value, json};

use super::{
    agent::{Agent, recorded},
    execution_role, ok, register,
};

/// A definition, an instance, its session, and one task that the session was told of.
async fn with_task(aws: &testkit::TestAws) -> (Agent, super::agent::Session, String, Value) {
    let role = execution_role(aws).await;
    register(aws, "app", &json!({}), &json!({"executionRoleArn": role})).await;
    let agent = Agent::register(aws, "default").await;
    let mut session = agent.connect(aws).await;
    session.expect("TaskManifestMessage").await;
    let ran = ok(&aws.root(), "RunTask", &json!({"taskDefinition": "app"})).await;
    let arn = ran["tasks"][0]["taskArn"]
        .as_str()
        .expect("a task")
        .to_owned();
    let payload = session.expect("PayloadMessage").await;
    (agent, session, arn, payload)
}

#[tokio::test]
async fn only_who_registered_an_instance_opens_its_session_and_reports_its_tasks() {
    let aws = testkit::start().await;
    let (agent, _session, arn, _) = with_task(&aws).await;
    let other = Agent::register_as(&aws, "default", "other-host").await;

    let refused = agent
        .connect_as(&aws, &other.caller, true)
        .await
        .err()
        .expect("a refusal");
    assert_eq!(refused.status(), 400);
    assert!(
        refused.body().contains(r#""type":"AccessDeniedException""#),
        "{}",
        refused.body()
    );
    let root = agent
        .connect_as(&aws, &aws.root(), true)
        .await
        .err()
        .expect("a refusal");
    assert!(root.body().contains("AccessDeniedException"));

    let (status, body) = other.try_report(&arn, "STOPPED", &json!({})).await;
    assert_eq!(status, 400);
    assert!(body.to_string().contains("AccessDeniedException"), "{body}");
    let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [arn]})).await;
    assert_eq!(described["tasks"][0]["lastStatus"], "PENDING");
}

#[tokio::test]
async fn a_report_of_a_task_long_gone_is_answered() {
    let aws = testkit::start().await;
    let agent = Agent::register(&aws, "default").await;
    let gone = "arn:aws:ecs:us-east-1:123456789012:task/default/0123456789abcdef0123456789abcdef";
    agent.report(gone, "STOPPED", &json!({})).await;
}

#[tokio::test]
async fn a_payload_comes_again_until_it_is_acknowledged() {
    let aws = testkit::start().await;
    let (agent, session, arn, first) = with_task(&aws).await;
    drop(session);
    let mut session = agent.reconnect(&aws).await;
    let manifest = session.expect("TaskManifestMessage").await;
    assert_eq!(manifest["tasks"][0]["taskArn"], json!(arn));
    let again = session.expect("PayloadMessage").await;
    assert_eq!(again["tasks"][0]["arn"], json!(arn));
    // One increasing series of numbers, whatever carries them.
    assert!(again["seqNum"].as_i64() > manifest["timeline"].as_i64());
    assert!(manifest["timeline"].as_i64() > first["seqNum"].as_i64());

    session
        .acknowledge(again["messageId"].as_str().unwrap())
        .await;
    drop(session);
    let mut session = agent.reconnect(&aws).await;
    assert!(session.is_quiet("PayloadMessage").await);
    // A new process may have forgotten what it had not begun.
    drop(session);
    let mut session = agent.connect(&aws).await;
    assert_eq!(session.payload().await.1["arn"], json!(arn));
}

#[tokio::test]
async fn a_new_session_gets_the_credentials_of_its_tasks() {
    let aws = testkit::start().await;
    let (agent, session, arn, payload) = with_task(&aws).await;
    session
        .acknowledge(payload["messageId"].as_str().unwrap())
        .await;
    agent.report(&arn, "RUNNING", &json!({})).await;
    drop(session);
    let mut session = agent.connect(&aws).await;
    let renewed = session.expect("IAMRoleCredentialsMessage").await;
    assert_eq!(renewed["taskArn"], json!(arn));
    assert_eq!(renewed["roleType"], "TaskExecution");
    let before = &payload["tasks"][0]["executionRoleCredentials"];
    assert_ne!(
        renewed["roleCredentials"]["credentialsId"],
        before["credentialsId"]
    );
    // Its process knows its containers by their labels alone, and must not take a task that ran for a new one.
    let (_, again) = session.payload().await;
    assert_eq!(
        (&again["arn"], &again["knownStatus"]),
        (&json!(arn), &json!("RUNNING"))
    );
}

#[tokio::test]
async fn a_second_session_takes_the_place_of_the_first() {
    let aws = testkit::start().await;
    let (agent, mut first, _, _) = with_task(&aws).await;
    let mut second = agent.reconnect(&aws).await;
    first.expect("CloseMessage").await;
    assert!(first.incoming.recv().await.is_none());
    second.expect("PayloadMessage").await;
    let input = json!({"containerInstances": [agent.arn]});
    let described = ok(&aws.root(), "DescribeContainerInstances", &input).await;
    assert_eq!(described["containerInstances"][0]["agentConnected"], true);
}

#[tokio::test]
async fn what_nobody_wants_is_stopped_after_the_agent_asked() {
    let aws = testkit::start().await;
    let (_agent, mut session, arn, _) = with_task(&aws).await;
    let mut question = recorded()["manifestAnswers"][0].clone();
    let candidate = |arn: &str| json!({"desiredStatus": "STOPPED", "taskArn": arn, "taskClusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default"});
    let unknown =
        "arn:aws:ecs:us-east-1:123456789012:task/default/0123456789abcdef0123456789abcdef";
    question["message"]["stopCandidates"] = json!([candidate(&arn), candidate(unknown)]);
    session.outgoing.send(question.to_string()).await.unwrap();
    let answer = session.expect("TaskStopVerificationAck").await;
    assert_eq!(answer["messageId"], question["message"]["messageId"]);
    assert_eq!(answer["stopTasks"], json!([candidate(unknown)]));
}

#[tokio::test]
async fn the_recorded_agents_acknowledgements_are_understood() {
    let aws = testkit::start().await;
    let (agent, session, _, payload) = with_task(&aws).await;
    session
        .outgoing
        .send(recorded()["heartbeatAck"].to_string())
        .await
        .unwrap();
    for mut ack in recorded()["payloadAcks"].as_array().unwrap().clone() {
        ack["message"]["messageId"] = payload["messageId"].clone();
        session.outgoing.send(ack.to_string()).await.unwrap();
    }
    session
        .outgoing
        .send("no message at all".to_owned())
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(session);
    let mut session = agent.reconnect(&aws).await;
    assert!(session.is_quiet("PayloadMessage").await);
}
