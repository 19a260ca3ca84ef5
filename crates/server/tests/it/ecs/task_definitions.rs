use serde_json::json;

use super::{definition, execution_role, ok, refused, register};

#[tokio::test]
async fn a_definition_is_given_back_whole() {
    let aws = testkit::start().await;
    let of_container = json!({
        "command": ["sh", "-c", "env"],
        "environment": [{"name": "A", "value": "1"}],
        "portMappings": [{"containerPort": 80}],
        "healthCheck": {"command": ["CMD", "true"]},
        "linuxParameters": {"initProcessEnabled": true},
    });
    let of_task = json!({
        "networkMode": "awsvpc", "cpu": "256", "memory": "512", "volumes": [{"name": "v"}],
        "requiresCompatibilities": ["FARGATE"], "tags": [{"key": "k", "value": "v"}],
    });
    register(&aws, "app", &of_container, &of_task).await;
    let input = json!({"taskDefinition": "app:1", "include": ["TAGS"]});
    let answer = ok(&aws.root(), "DescribeTaskDefinition", &input).await;
    let described = &answer["taskDefinition"];
    assert_eq!(answer["tags"], json!([{"key": "k", "value": "v"}]));
    assert_eq!(described["status"], "ACTIVE");
    assert_eq!(described["revision"], 1);
    assert_eq!(described["registeredBy"], "arn:aws:iam::123456789012:root");
    assert_eq!(described["compatibilities"], json!(["EC2", "FARGATE"]));
    assert_eq!(described["volumes"], json!([{"name": "v", "host": {}}]));
    let app = &described["containerDefinitions"][0];
    assert_eq!(app["command"], of_container["command"]);
    assert_eq!(app["environment"], of_container["environment"]);
    assert_eq!(app["linuxParameters"], of_container["linuxParameters"]);
    assert_eq!(
        app["portMappings"],
        json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}])
    );
    assert_eq!(app["essential"], true);
    assert_eq!(app["mountPoints"], json!([]));
}

#[tokio::test]
async fn secrets_without_an_execution_role_are_refused_in_ecs_words() {
    let aws = testkit::start().await;
    let secrets = json!({"secrets": [{"name": "TOKEN", "valueFrom": "token"}]});
    let (code, message) = refused(
        &aws.root(),
        "RegisterTaskDefinition",
        &definition("app", &secrets, &json!({})),
    )
    .await;
    assert_eq!(code, "ClientException");
    assert_eq!(
        message,
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
    );
    let role = execution_role(&aws).await;
    register(&aws, "app", &secrets, &json!({"executionRoleArn": role})).await;
}

#[tokio::test]
async fn a_role_is_registered_only_by_who_may_pass_it() {
    let aws = testkit::start().await;
    let role = execution_role(&aws).await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:*","Resource":"*"}}"#;
    let writer = aws.user("writer", policy).await;
    let with_role = definition("app", &json!({}), &json!({"executionRoleArn": role}));
    let (code, message) = refused(&writer, "RegisterTaskDefinition", &with_role).await;
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.contains(&format!(
            "is not authorized to perform: iam:PassRole on resource: {role}"
        )),
        "{message}"
    );
    ok(
        &writer,
        "RegisterTaskDefinition",
        &definition("app", &json!({}), &json!({})),
    )
    .await;
}

#[tokio::test]
async fn families_and_revisions_are_listed_and_deregistered() {
    let aws = testkit::start().await;
    let root = aws.root();
    for family in ["app", "app", "other"] {
        register(&aws, family, &json!({}), &json!({})).await;
    }
    let arn = |name: &str| format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{name}");
    let all = ok(&root, "ListTaskDefinitions", &json!({})).await;
    assert_eq!(
        all["taskDefinitionArns"],
        json!([arn("app:1"), arn("app:2"), arn("other:1")])
    );
    let first = ok(
        &root,
        "ListTaskDefinitions",
        &json!({"maxResults": 1, "sort": "DESC"}),
    )
    .await;
    assert_eq!(first["taskDefinitionArns"], json!([arn("other:1")]));
    let next = json!({"maxResults": 5, "sort": "DESC", "nextToken": first["nextToken"]});
    let rest = ok(&root, "ListTaskDefinitions", &next).await;
    assert_eq!(
        rest["taskDefinitionArns"],
        json!([arn("app:2"), arn("app:1")])
    );

    let (code, message) = refused(
        &root,
        "DeregisterTaskDefinition",
        &json!({"taskDefinition": "app"}),
    )
    .await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ClientException", "Revision is missing.")
    );
    let gone = ok(
        &root,
        "DeregisterTaskDefinition",
        &json!({"taskDefinition": "other:1"}),
    )
    .await;
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    let families = ok(
        &root,
        "ListTaskDefinitionFamilies",
        &json!({"status": "ACTIVE"}),
    )
    .await;
    assert_eq!(families["families"], json!(["app"]));
    let still = ok(
        &root,
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "other:1"}),
    )
    .await;
    assert_eq!(still["taskDefinition"]["status"], "INACTIVE");
    let (_, message) = refused(
        &root,
        "DescribeTaskDefinition",
        &json!({"taskDefinition": "none"}),
    )
    .await;
    assert_eq!(message, "Unable to describe task definition.");
}
