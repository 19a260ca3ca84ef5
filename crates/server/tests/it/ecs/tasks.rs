use serde_json::json;

use super::{
    agent::{Agent, recorded},
    definition, execution_role, ok, refused, register, role,
};

#[tokio::test]
async fn without_an_instance_no_task_runs() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    let (code, message) = refused(&aws.root(), "RunTask", &json!({"taskDefinition": "app"})).await;
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(
        message,
        "No Container Instances were found in your cluster."
    );
    let (code, message) = refused(&aws.root(), "RunTask", &json!({"taskDefinition": "none"})).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ClientException", "TaskDefinition not found.")
    );
}

#[tokio::test]
async fn a_task_goes_from_pending_to_running_to_stopped() {
    let aws = testkit::start().await;
    let root = aws.root();
    let role = execution_role(&aws).await;
    let secrets = json!({"secrets": [{"name": "TOKEN", "valueFrom": "/prod/token"}]});
    register(&aws, "app", &secrets, &json!({"executionRoleArn": role})).await;
    let agent = Agent::register(&aws, "default").await;
    let mut session = agent.connect(&aws).await;
    session.expect("TaskManifestMessage").await;

    let input = json!({
        "taskDefinition": "app", "startedBy": "me", "tags": [{"key": "k", "value": "v"}],
        "overrides": {"containerOverrides": [{"name": "app", "environment": [{"name": "A", "value": "1"}]}]},
    });
    let ran = ok(&root, "RunTask", &input).await;
    assert_eq!(ran["failures"], json!([]));
    let task = &ran["tasks"][0];
    assert_eq!(
        (&task["lastStatus"], &task["desiredStatus"]),
        (&json!("PENDING"), &json!("RUNNING"))
    );
    assert_eq!(task["containerInstanceArn"], json!(agent.arn));
    assert_eq!(task["group"], "family:app");
    let arn = task["taskArn"].as_str().unwrap();
    let id = arn.rsplit('/').next().unwrap();
    assert_eq!(id.len(), 32);

    let (message, told) = session.payload().await;
    assert_eq!(told["arn"], json!(arn));
    assert_eq!(told["desiredStatus"], "RUNNING");
    let app = &told["containers"][0];
    assert_eq!(
        app["environment"],
        json!({"A": "1", "AWS_EXECUTION_ENV": "AWS_ECS_EC2"})
    );
    assert_eq!(app["secrets"][0]["provider"], "ssm");
    assert_eq!(app["secrets"][0]["valueFrom"], "/prod/token");
    let credentials = &told["executionRoleCredentials"];
    assert_eq!(credentials["roleArn"], json!(role));
    assert!(
        credentials["accessKeyId"]
            .as_str()
            .unwrap()
            .starts_with("ASIA")
    );
    session.acknowledge(&message).await;

    agent.report(arn, "PENDING", &json!({"containers": [{"containerName": "app", "status": "PENDING", "imageDigest": "sha256:1"}]})).await;
    agent.report(arn, "RUNNING", &json!({
        "containers": [{
            "containerName": "app", "status": "RUNNING", "runtimeId": "docker-1",
            "networkBindings": [{"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"}],
        }],
        "pullStartedAt": 1_700_000_000.5, "pullStoppedAt": 1_700_000_001.0,
    })).await;
    let described = ok(
        &root,
        "DescribeTasks",
        &json!({"tasks": [id], "include": ["TAGS"]}),
    )
    .await;
    let task = &described["tasks"][0];
    assert_eq!(task["lastStatus"], "RUNNING");
    assert_eq!(task["tags"], json!([{"key": "k", "value": "v"}]));
    assert_eq!(task["containers"][0]["runtimeId"], "docker-1");
    assert_eq!(
        task["containers"][0]["networkBindings"][0]["hostPort"],
        32768
    );
    assert!(task["startedAt"].is_number() && task["pullStartedAt"].is_number());

    let stopped =
        json!({"containers": [{"containerName": "app", "status": "STOPPED", "exitCode": 3}]});
    agent.report(arn, "STOPPED", &stopped).await;
    agent.report(arn, "STOPPED", &stopped).await;
    let described = ok(&root, "DescribeTasks", &json!({"tasks": [arn, "gone"]})).await;
    let task = &described["tasks"][0];
    assert_eq!(
        (&task["lastStatus"], &task["desiredStatus"]),
        (&json!("STOPPED"), &json!("STOPPED"))
    );
    assert_eq!(task["stopCode"], "EssentialContainerExited");
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["containers"][0]["exitCode"], 3);
    assert_eq!(described["failures"][0]["reason"], "MISSING");

    let listed = |status: &str| json!({"desiredStatus": status, "startedBy": "me"});
    assert_eq!(
        ok(&root, "ListTasks", &listed("RUNNING")).await["taskArns"],
        json!([])
    );
    assert_eq!(
        ok(&root, "ListTasks", &listed("STOPPED")).await["taskArns"],
        json!([arn])
    );
}

#[tokio::test]
async fn the_agents_reason_is_why_a_task_failed_to_start() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    let agent = Agent::register(&aws, "default").await;
    let _session = agent.connect(&aws).await;
    let arn = run(&aws, &json!({"taskDefinition": "app"})).await;
    let reason = format!(
        "Fetching secret data from SSM Parameter Store in us-east-1: {}",
        "x".repeat(2000)
    );
    agent.report(&arn, "STOPPED", &json!({"reason": reason, "containers": [{"containerName": "app", "status": "STOPPED"}]})).await;
    let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [arn]})).await;
    let task = &described["tasks"][0];
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    assert_eq!(task["stoppedReason"].as_str().unwrap(), &reason[..1024]);
    assert!(task["containers"][0].get("exitCode").is_none());
}

#[tokio::test]
async fn what_ecs_own_agent_reports_is_understood() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    let agent = Agent::register(&aws, "default").await;
    let _session = agent.connect(&aws).await;
    for (recording, code, reason) in [
        ("badHostConfig", "TaskFailedToStart", "Task failed to start"),
        (
            "badOverrides",
            "TaskFailedToStart",
            "UnrecogniedTaskError: Error loading task - ",
        ),
        (
            "manifestStop",
            "EssentialContainerExited",
            "Essential container in task exited",
        ),
    ] {
        let arn = run(&aws, &json!({"taskDefinition": "app"})).await;
        for report in recorded()[recording].as_array().unwrap() {
            let mut report = report.clone();
            for time in ["pullStartedAt", "pullStoppedAt", "executionStoppedAt"] {
                if report.get(time).is_some() {
                    report[time] = json!(1_700_000_000.25);
                }
            }
            report["cluster"] = json!("default");
            report["task"] = json!(arn);
            ok(&agent.caller, "SubmitTaskStateChange", &report).await;
        }
        let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [arn]})).await;
        let task = &described["tasks"][0];
        assert_eq!(task["stopCode"], code, "{recording}");
        assert!(
            task["stoppedReason"].as_str().unwrap().starts_with(reason),
            "{recording}: {task}"
        );
    }
}

#[tokio::test]
async fn a_stopped_task_has_its_users_reason() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({}), &json!({})).await;
    let agent = Agent::register(&aws, "default").await;
    let mut session = agent.connect(&aws).await;
    let arn = run(&aws, &json!({"taskDefinition": "app"})).await;
    let (message, _) = session.payload().await;
    session.acknowledge(&message).await;
    agent.report(&arn, "RUNNING", &json!({})).await;

    let stopping = ok(
        &aws.root(),
        "StopTask",
        &json!({"task": arn, "reason": "enough"}),
    )
    .await;
    assert_eq!(stopping["task"]["desiredStatus"], "STOPPED");
    assert_eq!(stopping["task"]["lastStatus"], "RUNNING");
    let (message, told) = session.payload().await;
    assert_eq!(
        (&told["arn"], &told["desiredStatus"]),
        (&json!(arn), &json!("STOPPED"))
    );
    assert!(told.get("executionRoleCredentials").is_none());
    session.acknowledge(&message).await;
    agent.report(&arn, "STOPPED", &json!({"containers": [{"containerName": "app", "status": "STOPPED", "exitCode": 143}]})).await;

    let described = ok(&aws.root(), "DescribeTasks", &json!({"tasks": [arn]})).await;
    assert_eq!(described["tasks"][0]["stopCode"], "UserInitiated");
    assert_eq!(described["tasks"][0]["stoppedReason"], "enough");
    let (code, message) = refused(&aws.root(), "StopTask", &json!({"task": "gone"})).await;
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(message, "The referenced task was not found.");
}

#[tokio::test]
async fn a_role_that_does_not_trust_ecs_starts_nothing() {
    let aws = testkit::start().await;
    let other = role(&aws, "other", r#"{"Service":"lambda.amazonaws.com"}"#).await;
    let agent = Agent::register(&aws, "default").await;
    let _session = agent.connect(&aws).await;
    for role in [other, "arn:aws:iam::123456789012:role/missing".to_owned()] {
        register(&aws, "app", &json!({}), &json!({"executionRoleArn": role})).await;
        wait_until_connected(&aws, &agent).await;
        let (code, message) =
            refused(&aws.root(), "RunTask", &json!({"taskDefinition": "app"})).await;
        assert_eq!(code, "ClientException");
        assert_eq!(
            message,
            format!(
                "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
            )
        );
    }
}

#[tokio::test]
async fn what_does_not_exist_yet_or_is_not_allowed_is_refused_by_name() {
    let aws = testkit::start().await;
    let root = aws.root();
    for (of_container, of_task, expected) in [
        (
            json!({}),
            json!({"networkMode": "host"}),
            "The host's network (networkMode host) is not allowed",
        ),
        (
            json!({"privileged": true}),
            json!({}),
            "The privileged container 'app' is not allowed",
        ),
        (
            json!({}),
            json!({"volumes": [{"name": "v", "host": {"sourcePath": "/var/run/docker.sock"}}]}),
            "The host path '/var/run/docker.sock' is not allowed",
        ),
        (
            json!({}),
            json!({"pidMode": "host"}),
            "The host's process namespace",
        ),
    ] {
        ok(
            &root,
            "RegisterTaskDefinition",
            &definition("app", &of_container, &of_task),
        )
        .await;
        let (code, message) = refused(&root, "RunTask", &json!({"taskDefinition": "app"})).await;
        assert_eq!(code, "ClientException");
        assert!(
            message.to_lowercase().starts_with(&expected.to_lowercase()),
            "{message}"
        );
    }
}

#[tokio::test]
async fn overrides_name_known_containers_and_no_secret() {
    let aws = testkit::start().await;
    let role = execution_role(&aws).await;
    let secrets = json!({"secrets": [{"name": "TOKEN", "valueFrom": "token"}]});
    register(&aws, "app", &secrets, &json!({"executionRoleArn": role})).await;
    let overriding = |name: &str| {
        let change = json!({"name": name, "environment": [{"name": "TOKEN", "value": "mine"}]});
        json!({"taskDefinition": "app", "overrides": {"containerOverrides": [change]}})
    };
    let (code, message) = refused(&aws.root(), "RunTask", &overriding("app")).await;
    assert_eq!(code, "ClientException");
    assert!(
        message.starts_with("The secret name must be unique"),
        "{message}"
    );
    let (code, message) = refused(&aws.root(), "RunTask", &overriding("other")).await;
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(
        message,
        "Override for container named other is not a container in the TaskDefinition."
    );
}

#[tokio::test]
async fn a_repeated_call_starts_nothing_more_and_what_does_not_fit_is_named() {
    let aws = testkit::start().await;
    register(&aws, "app", &json!({"memory": 20000}), &json!({})).await;
    let agent = Agent::register(&aws, "default").await;
    let _session = agent.connect(&aws).await;
    wait_until_connected(&aws, &agent).await;
    let input = json!({"taskDefinition": "app", "clientToken": "once"});
    let first = ok(&aws.root(), "RunTask", &input).await;
    let second = ok(&aws.root(), "RunTask", &input).await;
    assert_eq!(first["tasks"][0]["taskArn"], second["tasks"][0]["taskArn"]);
    let other = json!({"taskDefinition": "app", "clientToken": "once", "startedBy": "another"});
    assert_eq!(
        refused(&aws.root(), "RunTask", &other).await.0,
        "ConflictException"
    );

    let full = ok(&aws.root(), "RunTask", &json!({"taskDefinition": "app"})).await;
    assert_eq!(full["tasks"], json!([]));
    assert_eq!(
        full["failures"][0],
        json!({"arn": agent.arn, "reason": "RESOURCE:MEMORY"})
    );
}

/// Runs one task and gives its ARN.
pub async fn run(aws: &testkit::TestAws, input: &serde_json::Value) -> String {
    let mut last = serde_json::Value::Null;
    // A session is known as connected a moment after it was opened.
    for _ in 0..100 {
        last = ok(&aws.root(), "RunTask", input).await;
        if let Some(arn) = last["tasks"][0]["taskArn"].as_str() {
            return arn.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no task was started: {last}");
}

pub async fn wait_until_connected(aws: &testkit::TestAws, agent: &Agent) {
    let input = json!({"containerInstances": [agent.arn]});
    for _ in 0..100 {
        let described = ok(&aws.root(), "DescribeContainerInstances", &input).await;
        if described["containerInstances"][0]["agentConnected"] == true {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the agent does not connect");
}
