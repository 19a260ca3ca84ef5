//! What reading parameters costs.

use aws_sdk_ssm::types::ParameterType;
use testkit::{Caller, TestAws};

const READER: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"ssm:GetParameters","Resource":"arn:aws:ssm:us-east-1:123456789012:parameter/ten/*"}]}"#;

async fn put(caller: &Caller, name: &str) {
    let put = caller.ssm().put_parameter().name(name).value("value");
    let put = put.r#type(ParameterType::SecureString).overwrite(true);
    put.send().await.unwrap();
}

async fn read(caller: &Caller, names: &[String]) -> usize {
    let get = caller.ssm().get_parameters().with_decryption(true);
    let answer = get.set_names(Some(names.to_vec())).send().await.unwrap();
    answer.parameters().len()
}

/// How many statements the database is asked for one reading after a parameter has changed. Jobs of the server ask it
/// too now and then, so the least of several readings counts.
async fn statements(aws: &TestAws, reader: &Caller, names: &[String]) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..5 {
        put(&aws.root(), "/elsewhere").await;
        // The caller's own rows and the key's are not what is counted.
        let _ = read(reader, &["/ten/none".to_owned()]).await;
        let before = aws.server.statements();
        assert_eq!(read(reader, names).await, names.len());
        least = least.min(aws.server.statements() - before);
    }
    least
}

/// The decisions that the last request of this name took, as the audit log has them.
fn decisions(aws: &TestAws, event: &str) -> Vec<String> {
    let log = aws.audit_log();
    let lines = log.lines().rev();
    let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut of_it = lines.filter(|line| line["event"] == event);
    let record = of_it.next().unwrap();
    let decisions = record["decisions"].as_array().unwrap().iter();
    decisions
        .map(|one| one["action"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_secure_strings_cost_one_reading_and_one_round_of_decisions() {
    let aws = testkit::start().await;
    let names: Vec<_> = (0..10).map(|n| format!("/ten/{n}")).collect();
    for name in &names {
        put(&aws.root(), name).await;
    }
    let reader = aws.role("reader", READER).await;

    let one = statements(&aws, &reader, &names[..1]).await;
    let ten = statements(&aws, &reader, &names).await;
    assert_eq!((one, ten), (1, 1));

    // Every parameter is decided about before the first is opened, and every opening has its own encryption context.
    let expected = [vec!["ssm:GetParameters"; 10], vec!["kms:Decrypt"; 10]].concat();
    assert_eq!(decisions(&aws, "ssm:GetParameters"), expected);
    aws.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_and_labels_cost_no_more() {
    let aws = testkit::start().await;
    let root = aws.root();
    for _ in 0..2 {
        put(&root, "/ten/0").await;
    }
    put(&root, "/ten/1").await;
    let label = root.ssm().label_parameter_version().name("/ten/0");
    label
        .parameter_version(1)
        .labels("old")
        .send()
        .await
        .unwrap();
    let names = ["/ten/0", "/ten/0:old", "/ten/1:1"].map(str::to_owned);
    assert_eq!(statements(&aws, &root, &names).await, 1);
    aws.server.stop().await;
}
