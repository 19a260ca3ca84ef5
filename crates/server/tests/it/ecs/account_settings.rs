use serde_json::{Value, json};
use testkit::{ACCOUNT, Caller};

use super::{agent::Agent, ok, refused, register};

const ALLOWED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecs:*","iam:PassRole"],"Resource":"*"}}"#;

async fn put(caller: &Caller, name: &str, value: &str) -> Value {
    let input = json!({"name": name, "value": value});
    ok(caller, "PutAccountSetting", &input).await["setting"].clone()
}

async fn effective(caller: &Caller, name: &str) -> (String, String) {
    let input = json!({"name": name, "effectiveSettings": true});
    let listed = ok(caller, "ListAccountSettings", &input).await;
    let text = |member: &str| listed["settings"][0][member].as_str().unwrap().to_owned();
    (text("value"), text("principalArn"))
}

fn root_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:root")
}

#[tokio::test]
async fn what_nobody_has_set_is_told_in_pages_with_the_defaults() {
    let aws = testkit::start().await;
    let root = aws.root();
    assert_eq!(
        ok(&root, "ListAccountSettings", &json!({})).await,
        json!({"settings": []})
    );
    let first = ok(
        &root,
        "ListAccountSettings",
        &json!({"effectiveSettings": true}),
    )
    .await;
    let input = json!({"effectiveSettings": true, "nextToken": first["nextToken"]});
    let second = ok(&root, "ListAccountSettings", &input).await;
    assert_eq!(second["nextToken"], Value::Null);
    let of = |page: &Value| page["settings"].as_array().unwrap().clone();
    let told: Vec<String> = [of(&first), of(&second)]
        .concat()
        .iter()
        .map(|one| {
            assert_eq!(one["principalArn"], json!(root_arn()));
            format!(
                "{} {} {}",
                one["name"].as_str().unwrap(),
                one["value"].as_str().unwrap(),
                one["type"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "awsvpcTrunking disabled user",
            "containerInsights disabled user",
            "containerInstanceLongArnFormat enabled user",
            "defaultLogDriverMode non-blocking user",
            "dualStackIPv6 enabled user",
            "fargateEventWindows disabled user",
            "fargateFIPSMode disabled user",
            "fargateTaskRetirementWaitPeriod 7 user",
            "guardDutyActivate off aws_managed",
            "serviceLongArnFormat enabled user",
            "tagResourceAuthorization on user",
            "taskLongArnFormat enabled user",
        ]
    );
    let (code, message) = refused(&root, "ListAccountSettings", &json!({"maxResults": 11})).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "InvalidParameterException",
            "maxResults should be between 1 and 10."
        )
    );
    let (code, _) = refused(&root, "ListAccountSettings", &json!({"value": "enabled"})).await;
    assert_eq!(code, "InvalidParameterException");
}

#[tokio::test]
async fn a_principal_s_own_setting_goes_before_the_account_s() {
    let aws = testkit::start().await;
    let root = aws.root();
    let user = aws.user("ann", ALLOWED).await;
    let ann = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let name = "containerInsights";

    let made = ok(
        &user,
        "PutAccountSettingDefault",
        &json!({"name": name, "value": "enabled"}),
    )
    .await;
    assert_eq!(
        made["setting"],
        json!({"name": name, "value": "enabled", "principalArn": root_arn(), "type": "user"})
    );
    assert_eq!(effective(&user, name).await, ("enabled".into(), root_arn()));
    assert_eq!(
        put(&user, name, "enhanced").await["principalArn"],
        json!(ann)
    );
    assert_eq!(
        effective(&user, name).await,
        ("enhanced".into(), ann.clone())
    );
    assert_eq!(effective(&root, name).await, ("enabled".into(), root_arn()));

    // The root user sees and changes those of others; nobody else does.
    let input = json!({"principalArn": ann});
    let seen = ok(&root, "ListAccountSettings", &input).await;
    assert_eq!(seen["settings"][0]["value"], "enhanced");
    let other = aws.role("ops", ALLOWED).await;
    let (code, _) = refused(&other, "ListAccountSettings", &input).await;
    assert_eq!(code, "AccessDeniedException");
    let elsewhere = json!({"name": name, "value": "enabled", "principalArn": "arn:aws:iam::999999999999:user/x"});
    let (code, message) = refused(&root, "PutAccountSetting", &elsewhere).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("InvalidParameterException", "Invalid principalArn.")
    );

    let gone = ok(&user, "DeleteAccountSetting", &json!({"name": name})).await;
    assert_eq!(
        gone["setting"],
        json!({"name": name, "value": "enabled", "principalArn": ann, "type": "user"})
    );
    assert_eq!(effective(&user, name).await, ("enabled".into(), root_arn()));
    // A session has the settings of its role.
    let role = put(&other, name, "disabled").await["principalArn"].clone();
    assert_eq!(role, json!(format!("arn:aws:iam::{ACCOUNT}:role/ops")));
    let filtered = json!({"name": name, "value": "enabled", "effectiveSettings": true});
    let none = ok(&other, "ListAccountSettings", &filtered).await;
    assert_eq!(none["settings"], json!([]));
}

#[tokio::test]
async fn what_would_not_hold_is_refused_by_name() {
    let aws = testkit::start().await;
    let user = aws.user("ann", ALLOWED).await;
    for (name, value, text) in [
        (
            "taskLongArnFormat",
            "disabled",
            "The account setting taskLongArnFormat cannot be 'disabled': ARNs always have the long format.",
        ),
        (
            "guardDutyActivate",
            "on",
            "The account setting guardDutyActivate is managed by AWS and cannot be changed.",
        ),
        (
            "fargateTaskRetirementWaitPeriod",
            "14",
            "The account setting fargateTaskRetirementWaitPeriod can only be set for the whole account.",
        ),
        ("defaultLogDriverMode", "enabled", "Invalid setting 'value'"),
    ] {
        let input = json!({"name": name, "value": value});
        let (code, message) = refused(&user, "PutAccountSetting", &input).await;
        assert_eq!(code, "InvalidParameterException", "{name}");
        assert_eq!(message, text);
    }
    put(&aws.root(), "fargateTaskRetirementWaitPeriod", "14").await;
    assert_eq!(
        effective(&user, "fargateTaskRetirementWaitPeriod").await,
        ("14".into(), root_arn())
    );
}

#[tokio::test]
async fn the_default_mode_of_log_drivers_is_that_of_who_runs_the_task() {
    let aws = testkit::start().await;
    let (root, user) = (aws.root(), aws.user("ann", ALLOWED).await);
    let log = json!({"logConfiguration": {"logDriver": "json-file"}});
    register(&aws, "app", &log, &json!({})).await;
    let agent = Agent::register(&aws, "default").await;
    let mut session = agent.connect(&aws).await;
    session.expect("TaskManifestMessage").await;
    put(&user, "defaultLogDriverMode", "blocking").await;
    for (caller, mode) in [(&root, "non-blocking"), (&user, "blocking")] {
        ok(caller, "RunTask", &json!({"taskDefinition": "app"})).await;
        let (message, told) = session.payload().await;
        let host = told["containers"][0]["dockerConfig"]["hostConfig"].as_str();
        let host: Value = serde_json::from_str(host.unwrap()).unwrap();
        assert_eq!(host["LogConfig"]["Config"]["mode"], mode);
        session.acknowledge(&message).await;
    }
}
