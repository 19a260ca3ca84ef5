//! The states of a task that are the control plane's own, what follows from overrides, and how long a stopped task stays.

use serde_json::{Value, json};
use store::{OpenOptions, Store, ecs::Home};
use testkit::{ACCOUNT, REGION, TestAws};

use super::{
    agent::{Agent, Session},
    merge, ok, refused, register, role,
    tasks::{run, wait_until_connected},
};

const HOUR: i64 = 60 * 60;

/// An agent that makes networks for tasks, and gives their containers roles.
async fn able_agent(aws: &TestAws) -> Agent {
    let attributes = [
        "ecs.capability.task-eni",
        "com.amazonaws.ecs.capability.task-iam-role",
    ];
    Agent::register_with(aws, "default", "host", &attributes).await
}

fn on_fargate(more: &Value) -> Value {
    let mut input = json!({
        "taskDefinition": "web", "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
    });
    merge(&mut input, more);
    input
}

async fn register_for_fargate(aws: &TestAws) {
    let of_task = json!({
        "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
    });
    register(aws, "web", &json!({"memory": 256}), &of_task).await;
}

async fn describe(aws: &TestAws, task: &str) -> Value {
    let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [task]})).await;
    described["tasks"][0].clone()
}

/// The status of the task, and that of its network interface.
async fn statuses(aws: &TestAws, task: &str) -> (String, String) {
    let task = describe(aws, task).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&task["lastStatus"]),
        text(&task["attachments"][0]["status"]),
    )
}

fn pair(status: &str, attachment: &str) -> (String, String) {
    (status.to_owned(), attachment.to_owned())
}

fn saying(attachment: &Value, status: &str, container: &str) -> Value {
    json!({
        "attachments": [{"attachmentArn": attachment, "status": status}],
        "containers": [{"containerName": "app", "status": container}],
    })
}

/// A task on Fargate that runs, the name of its attachment, and the session of its agent.
async fn running(aws: &TestAws, agent: &Agent) -> (String, Value, Session) {
    register_for_fargate(aws).await;
    let mut session = agent.connect(aws).await;
    session.expect("TaskManifestMessage").await;
    let arn = run(aws, &on_fargate(&json!({}))).await;
    let (message, told) = session.payload().await;
    session.acknowledge(&message).await;
    let attachment = told["elasticNetworkInterfaces"][0]["attachmentArn"].clone();
    agent.report(&arn, "PENDING", &json!({})).await;
    assert_eq!(statuses(aws, &arn).await, pair("ACTIVATING", "ATTACHING"));
    let up = saying(&attachment, "ATTACHED", "RUNNING");
    agent.report(&arn, "RUNNING", &up).await;
    assert_eq!(statuses(aws, &arn).await, pair("RUNNING", "ATTACHED"));
    (arn, attachment, session)
}

#[tokio::test]
async fn a_task_of_fargate_that_is_stopped_goes_through_every_state() {
    let aws = testkit::start().await;
    let agent = able_agent(&aws).await;
    let (arn, attachment, mut session) = running(&aws, &agent).await;
    assert!(describe(&aws, &arn).await["connectivityAt"].is_number());

    let stop = ok(&aws.root(), "StopTask", &json!({"task": arn})).await;
    assert_eq!(stop["task"]["lastStatus"], "DEACTIVATING");
    let (message, told) = session.payload().await;
    assert_eq!(told["desiredStatus"], "STOPPED");
    assert_eq!(
        told["elasticNetworkInterfaces"][0]["attachmentArn"],
        attachment
    );
    assert_eq!(statuses(&aws, &arn).await, pair("DEACTIVATING", "ATTACHED"));
    session.acknowledge(&message).await;
    assert_eq!(statuses(&aws, &arn).await, pair("STOPPING", "ATTACHED"));

    let ended = saying(&attachment, "ATTACHED", "STOPPED");
    agent.report(&arn, "STOPPED", &ended).await;
    agent.report(&arn, "STOPPED", &ended).await;
    assert_eq!(
        statuses(&aws, &arn).await,
        pair("DEPROVISIONING", "DETACHING")
    );
    let task = describe(&aws, &arn).await;
    assert_eq!(task["containers"][0]["lastStatus"], "STOPPED");
    assert!(task.get("stoppedAt").is_none(), "{task}");
    let counted = ok(
        &aws.root(),
        "DescribeClusters",
        &json!({"clusters": ["default"]}),
    )
    .await;
    let counted = &counted["clusters"][0];
    assert_eq!(
        (&counted["runningTasksCount"], &counted["pendingTasksCount"]),
        (&json!(0), &json!(0))
    );

    let gone = saying(&attachment, "DETACHED", "STOPPED");
    agent.report(&arn, "STOPPED", &gone).await;
    assert_eq!(statuses(&aws, &arn).await, pair("STOPPED", "DELETED"));
    let task = describe(&aws, &arn).await;
    assert!(task["stoppedAt"].as_f64() >= task["stoppingAt"].as_f64());
}

#[tokio::test]
async fn a_task_that_ended_is_told_again_to_an_agent_that_begins_and_knows_no_network() {
    let aws = testkit::start().await;
    let agent = able_agent(&aws).await;
    let (arn, attachment, mut session) = running(&aws, &agent).await;
    let ended = saying(&attachment, "ATTACHED", "STOPPED");
    agent.report(&arn, "STOPPED", &ended).await;
    assert_eq!(
        statuses(&aws, &arn).await,
        pair("DEPROVISIONING", "DETACHING")
    );
    assert!(
        session.is_quiet("PayloadMessage").await,
        "who reported it knows"
    );

    let mut session = agent.connect(&aws).await;
    let (message, told) = session.payload().await;
    assert_eq!(
        (&told["arn"], &told["desiredStatus"]),
        (&json!(arn), &json!("STOPPED"))
    );
    session.acknowledge(&message).await;
    assert_eq!(
        statuses(&aws, &arn).await,
        pair("DEPROVISIONING", "DETACHING")
    );
    // It does not know of the interface any more.
    agent.report(&arn, "STOPPED", &json!({})).await;
    assert_eq!(statuses(&aws, &arn).await, pair("STOPPED", "DELETED"));
}

#[tokio::test]
async fn the_network_of_a_task_is_gone_with_its_instance() {
    let aws = testkit::start().await;
    let agent = able_agent(&aws).await;
    let (arn, attachment, session) = running(&aws, &agent).await;
    let ended = saying(&attachment, "ATTACHED", "STOPPED");
    agent.report(&arn, "STOPPED", &ended).await;
    drop(session);
    let instance = agent.arn.rsplit('/').next().unwrap().to_owned();
    let aws = aws
        .restart(async |data| {
            let store = open(data).await;
            let mut db = store.write().await.unwrap();
            let row = db.container_instance(&home(), "default", &instance).await;
            let mut row = row.unwrap().expect("the instance");
            "INACTIVE".clone_into(&mut row.status);
            db.save_container_instance(&row).await.unwrap();
            db.commit().await.unwrap();
            store.close().await;
        })
        .await;
    for _ in 0..100 {
        if statuses(&aws, &arn).await == pair("STOPPED", "DELETED") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it still waits: {:?}", statuses(&aws, &arn).await);
}

#[tokio::test]
async fn an_agent_reports_three_statuses_and_only_its_own_interface() {
    let aws = testkit::start().await;
    let agent = able_agent(&aws).await;
    let (arn, _, _session) = running(&aws, &agent).await;
    let (status, body) = agent.try_report(&arn, "DEPROVISIONING", &json!({})).await;
    assert_eq!(status, 400);
    assert_eq!(body["message"], "Invalid status: DEPROVISIONING");
    let of_another = json!("arn:aws:ecs:us-east-1:123456789012:attachment/another");
    agent
        .report(&arn, "STOPPED", &saying(&of_another, "ATTACHED", "STOPPED"))
        .await;
    assert_eq!(statuses(&aws, &arn).await, pair("STOPPED", "DELETED"));
}

#[tokio::test]
async fn a_stopped_task_is_read_for_more_than_an_hour_and_over_restarts() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    let agent = able_agent(&aws).await;
    let session = agent.connect(&aws).await;
    let arn = run(&aws, &json!({"taskDefinition": "app", "startedBy": "me"})).await;
    let ended =
        json!({"containers": [{"containerName": "app", "status": "STOPPED", "exitCode": 7}]});
    agent.report(&arn, "STOPPED", &ended).await;
    drop(session);

    let aws = restart_later(aws, &arn, HOUR + 60).await;
    let task = describe(&aws, &arn).await;
    assert_eq!(task["lastStatus"], "STOPPED");
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["containers"][0]["exitCode"], 7);
    let listed = json!({"desiredStatus": "STOPPED", "startedBy": "me"});
    let listed = ok(&aws.root(), "ListTasks", &listed).await;
    assert_eq!(listed["taskArns"], json!([arn]));

    let aws = restart_later(aws, &arn, HOUR).await;
    for _ in 0..100 {
        let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [arn]})).await;
        if described["failures"][0]["reason"] == "MISSING" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it is still there after two hours");
}

/// The installation after a restart so many seconds later, as far as its stopped task goes.
async fn restart_later(aws: TestAws, task: &str, secs: i64) -> TestAws {
    let id = task.rsplit('/').next().unwrap().to_owned();
    aws.restart(async |data| {
        let store = open(data).await;
        let mut db = store.write().await.unwrap();
        let row = db.task(&home(), "default", &id).await.unwrap();
        let row = row.expect("the task");
        let mut state = row.state.clone();
        state.stopped_at = state.stopped_at.map(|at| at.plus_secs(-secs));
        db.save_task_state(&row.task, &state).await.unwrap();
        db.commit().await.unwrap();
        store.close().await;
    })
    .await
}

async fn open(data: &std::path::Path) -> Store {
    let url = format!("sqlite:{}", data.join("sealift.db").display());
    Store::open(&url, OpenOptions { readers: 1 }).await.unwrap()
}

fn home() -> Home {
    Home {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
    }
}

// Overrides

#[tokio::test]
async fn sizes_are_looked_at_again_after_overrides() {
    let aws = testkit::start().await;
    register_for_fargate(&aws).await;
    for (overrides, text) in [
        (
            json!({"cpu": "256", "memory": "4096"}),
            "No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            json!({"cpu": "300"}),
            "No Fargate configuration exists for given values: 300 CPU, 512 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            json!({"containerOverrides": [{"name": "app", "memory": 1024}]}),
            "The 'memory' setting for container 'app' is greater than for the task.",
        ),
        (
            json!({"containerOverrides": [{"name": "app", "cpu": 512}]}),
            "The total 'cpu' setting of the containers is greater than for the task.",
        ),
        (
            json!({"containerOverrides": [{"name": "app", "memoryReservation": 300}]}),
            "Invalid setting for container 'app'. The 'memoryReservation' must not be greater than the 'memory'.",
        ),
        (
            json!({"containerOverrides": [{"name": "app", "memory": 1}]}),
            "Invalid setting for container 'app'. The value 1 of 'memory' must be at least 6.",
        ),
        (
            json!({"ephemeralStorage": {"sizeInGiB": 201}}),
            "'ephemeralStorage.sizeInGiB' must be between 21 and 200.",
        ),
        (
            json!({"memory": "lots"}),
            "Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ),
    ] {
        let input = on_fargate(&json!({"overrides": overrides}));
        let refusal = refused(&aws.root(), "RunTask", &input).await;
        assert_eq!(
            refusal,
            ("InvalidParameterException".to_owned(), text.to_owned())
        );
    }
}

#[tokio::test]
async fn sizes_that_overrides_change_are_what_the_task_has() {
    let aws = testkit::start().await;
    register_for_fargate(&aws).await;
    let agent = able_agent(&aws).await;
    let mut session = agent.connect(&aws).await;
    session.expect("TaskManifestMessage").await;
    let overrides = json!({
        "cpu": "512", "memory": "2 GB", "ephemeralStorage": {"sizeInGiB": 50},
        "containerOverrides": [{"name": "app", "memory": 1500}],
    });
    let arn = run(&aws, &on_fargate(&json!({"overrides": overrides}))).await;
    let (_, told) = session.payload().await;
    assert_eq!((&told["cpu"], &told["memory"]), (&json!(0.5), &json!(2048)));
    assert_eq!(told["containers"][0]["memory"], 1500);
    let task = describe(&aws, &arn).await;
    assert_eq!(
        (&task["cpu"], &task["memory"], &task["ephemeralStorage"]),
        (&json!("512"), &json!("2048"), &json!({"sizeInGiB": 50}))
    );
    assert_eq!(task["overrides"]["cpu"], "512");
}

#[tokio::test]
async fn an_overriding_role_must_be_passed_and_is_the_one_that_the_task_has() {
    let aws = testkit::start().await;
    let trusted = r#"{"Service":"ecs-tasks.amazonaws.com"}"#;
    let mine = role(&aws, "mine", trusted).await;
    let other = role(&aws, "other", trusted).await;
    let of_task = json!({"executionRoleArn": mine, "taskRoleArn": mine});
    register(&aws, "app", &json!({}), &of_task).await;
    let agent = able_agent(&aws).await;
    let mut session = agent.connect(&aws).await;
    session.expect("TaskManifestMessage").await;
    wait_until_connected(&aws, &agent).await;

    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*"}},
            {{"Effect":"Allow","Action":"iam:PassRole","Resource":"{mine}"}}]}}"#
    );
    let caller = aws.user("runner", &policy).await;
    for member in ["executionRoleArn", "taskRoleArn"] {
        let input = json!({"taskDefinition": "app", "overrides": {member: other}});
        let (code, message) = refused(&caller, "RunTask", &input).await;
        assert_eq!(code, "AccessDeniedException");
        assert!(
            message.contains("iam:PassRole") && message.contains(&other),
            "{message}"
        );
    }
    ok(&caller, "RunTask", &json!({"taskDefinition": "app"})).await;
    let (message, told) = session.payload().await;
    session.acknowledge(&message).await;
    assert_eq!(told["executionRoleCredentials"]["roleArn"], json!(mine));

    let both = json!({"executionRoleArn": other, "taskRoleArn": other});
    let arn = run(&aws, &json!({"taskDefinition": "app", "overrides": both})).await;
    let (_, told) = session.payload().await;
    for credentials in ["executionRoleCredentials", "roleCredentials"] {
        assert_eq!(told[credentials]["roleArn"], json!(other), "{credentials}");
    }
    let task = describe(&aws, &arn).await;
    assert_eq!(task["overrides"]["taskRoleArn"], json!(other));
    assert_eq!(task["overrides"]["executionRoleArn"], json!(other));
}

#[tokio::test]
async fn what_names_a_call_has_its_length() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    for (member, longest) in [("startedBy", 128), ("clientToken", 64)] {
        let named = |length: usize| json!({"taskDefinition": "app", member: "x".repeat(length)});
        let refusal = refused(&aws.root(), "RunTask", &named(longest + 1)).await;
        let text = format!("{member} must be at most {longest} characters long.");
        assert_eq!(refusal, ("InvalidParameterException".to_owned(), text));
        let (_, message) = refused(&aws.root(), "RunTask", &named(longest)).await;
        assert_eq!(
            message,
            "No Container Instances were found in your cluster."
        );
    }
}

#[tokio::test]
async fn tags_come_from_the_call_the_definition_and_ecs() {
    let aws = testkit::start().await;
    let of_task = json!({"tags": [{"key": "team", "value": "a"}, {"key": "kept", "value": "yes"}]});
    register(&aws, "app", &json!({}), &of_task).await;
    let agent = able_agent(&aws).await;
    let _session = agent.connect(&aws).await;
    let arn = run(
        &aws,
        &json!({
            "taskDefinition": "app", "tags": [{"key": "team", "value": "b"}],
            "propagateTags": "TASK_DEFINITION", "enableECSManagedTags": true,
        }),
    )
    .await;
    let listed = ok(
        &aws.root(),
        "ListTagsForResource",
        &json!({"resourceArn": arn}),
    )
    .await;
    let mut tags: Vec<(String, String)> = listed["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| {
            let text = |name: &str| tag[name].as_str().unwrap().to_owned();
            (text("key"), text("value"))
        })
        .collect();
    tags.sort();
    let expected = [
        ("aws:ecs:clusterName", "default"),
        ("kept", "yes"),
        ("team", "b"),
    ];
    assert_eq!(
        tags,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    let (code, _) = refused(
        &aws.root(),
        "RunTask",
        &json!({"taskDefinition": "app", "propagateTags": "SERVICE"}),
    )
    .await;
    assert_eq!(code, "InvalidParameterException");
}
