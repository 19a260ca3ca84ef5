use serde_json::json;

use super::{agent::Agent, call, ok, refused};

#[tokio::test]
async fn the_default_cluster_exists_by_itself_and_others_are_made() {
    let aws = testkit::start().await;
    let root = aws.root();
    let default = ok(&root, "DescribeClusters", &json!({})).await;
    assert_eq!(default["clusters"][0]["clusterName"], "default");
    assert_eq!(default["clusters"][0]["status"], "ACTIVE");

    let made = ok(
        &root,
        "CreateCluster",
        &json!({"clusterName": "web", "tags": [{"key": "team", "value": "blue"}]}),
    )
    .await;
    let arn = "arn:aws:ecs:us-east-1:123456789012:cluster/web";
    assert_eq!(made["cluster"]["clusterArn"], arn);
    ok(&root, "CreateCluster", &json!({"clusterName": "web"})).await;

    let described = ok(
        &root,
        "DescribeClusters",
        &json!({"clusters": ["web", "gone"], "include": ["TAGS"]}),
    )
    .await;
    assert_eq!(described["clusters"][0]["tags"][0]["value"], "blue");
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let listed = ok(&root, "ListClusters", &json!({})).await;
    assert_eq!(listed["clusterArns"], json!([arn]));
}

#[tokio::test]
async fn a_deleted_cluster_is_inactive() {
    let aws = testkit::start().await;
    let root = aws.root();
    ok(&root, "CreateCluster", &json!({"clusterName": "web"})).await;
    ok(&root, "DeleteCluster", &json!({"cluster": "web"})).await;
    let described = ok(&root, "DescribeClusters", &json!({"clusters": ["web"]})).await;
    assert_eq!(described["clusters"][0]["status"], "INACTIVE");
    let (code, _) = refused(&root, "DeleteCluster", &json!({"cluster": "other"})).await;
    assert_eq!(code, "ClusterNotFoundException");
}

#[tokio::test]
async fn a_cluster_with_instances_is_not_deleted() {
    let aws = testkit::start().await;
    ok(&aws.root(), "CreateCluster", &json!({"clusterName": "web"})).await;
    let agent = Agent::register(&aws, "web").await;
    let (code, _) = refused(&aws.root(), "DeleteCluster", &json!({"cluster": "web"})).await;
    assert_eq!(code, "ClusterContainsContainerInstancesException");

    let listed = ok(
        &aws.root(),
        "ListContainerInstances",
        &json!({"cluster": "web"}),
    )
    .await;
    assert_eq!(listed["containerInstanceArns"], json!([agent.arn]));
    let input = json!({"cluster": "web", "containerInstances": [agent.arn, "other"]});
    let described = ok(&aws.root(), "DescribeContainerInstances", &input).await;
    let instance = &described["containerInstances"][0];
    assert_eq!(instance["agentConnected"], false);
    assert_eq!(instance["remainingResources"][1]["integerValue"], 24105);
    assert_eq!(described["failures"][0]["reason"], "MISSING");
}

#[tokio::test]
async fn a_stranger_is_denied_before_learning_whether_a_cluster_exists() {
    let aws = testkit::start().await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}"#;
    let stranger = aws.user("stranger", policy).await;
    for action in ["DescribeTasks", "StopTask", "RunTask", "DeleteCluster"] {
        let input =
            json!({"cluster": "gone", "tasks": ["t"], "task": "t", "taskDefinition": "app"});
        let (status, body) = call(&stranger, action, &input).await;
        assert_eq!(status, 400);
        assert!(
            body.to_string().contains("AccessDeniedException"),
            "{action}: {body}"
        );
    }
}
