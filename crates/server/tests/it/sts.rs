//! STS over the wire.

use testkit::{ACCOUNT, Answer, Caller, TestAws};

const ASSUME: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"*"}}"#;
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:*","Resource":"*"}}"#;

async fn sts(caller: &Caller, action: &str, parameters: &[(&str, &str)]) -> Answer {
    caller
        .raw()
        .query("sts", "2011-06-15", action, parameters)
        .await
}

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A role with this trust policy statement, beside `"Effect":"Allow"`.
async fn role(aws: &TestAws, name: &str, trust: &str) {
    let trust = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{trust}}}}}"#);
    let parameters = [
        ("RoleName", name),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    aws.root().iam("CreateRole", &parameters).await;
}

async fn assume(caller: &Caller, name: &str, more: &[(&str, &str)]) -> Answer {
    let arn = role_arn(name);
    let named = [("RoleArn", arn.as_str()), ("RoleSessionName", "s1")];
    sts(caller, "AssumeRole", &[&named, more].concat()).await
}

fn account_trust() -> String {
    format!(r#""Principal":{{"AWS":"{ACCOUNT}"}},"Action":["sts:AssumeRole","sts:TagSession"]"#)
}

fn denied(user: &str, name: &str) -> String {
    format!(
        "User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: sts:AssumeRole on resource: {}",
        role_arn(name)
    )
}

#[tokio::test]
async fn everyone_learns_who_they_are_even_when_denied() {
    let aws = testkit::start().await;
    let root = sts(&aws.root(), "GetCallerIdentity", &[]).await.success();
    assert_eq!(root.element("Arn"), format!("arn:aws:iam::{ACCOUNT}:root"));
    assert_eq!(root.element("UserId"), ACCOUNT);
    let ann = aws.user("ann", NOTHING).await;
    let ann = sts(&ann, "GetCallerIdentity", &[]).await.success();
    assert_eq!(
        ann.element("Arn"),
        format!("arn:aws:iam::{ACCOUNT}:user/ann")
    );
    assert!(ann.element("UserId").starts_with("AIDA"));
    let session = aws.role("reader", ASSUME).await;
    let session = sts(&session, "GetCallerIdentity", &[]).await.success();
    assert_eq!(
        session.element("Arn"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/test")
    );
    assert!(session.element("UserId").ends_with(":test"));
}

#[tokio::test]
async fn a_trust_policy_that_names_the_account_needs_an_identity_policy_as_well() {
    let aws = testkit::start().await;
    role(&aws, "app", &account_trust()).await;
    let may = aws.user("may", ASSUME).await;
    let made = assume(&may, "app", &[]).await.success();
    assert!(made.element("AccessKeyId").starts_with("ASIA"));
    assert_eq!(
        made.element("Arn"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/s1")
    );
    assert!(!made.body.contains("PackedPolicySize"));

    let may_not = aws.user("may-not", NOTHING).await;
    let refused = assume(&may_not, "app", &[]).await;
    assert_eq!(
        (refused.status, refused.element("Code")),
        (403, "AccessDenied".to_owned())
    );
    assert_eq!(refused.element("Message"), denied("may-not", "app"));
    // A role that does not exist is refused alike.
    let missing = assume(&may, "none", &[]).await;
    assert_eq!(missing.element("Message"), denied("may", "none"));
}

#[tokio::test]
async fn a_trust_policy_that_names_a_service_lets_no_person_in() {
    let aws = testkit::start().await;
    let ecs = r#""Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole""#;
    role(&aws, "tasks", ecs).await;
    let may = aws.user("may", ASSUME).await;
    assert_eq!(assume(&may, "tasks", &[]).await.status, 403);
    assert_eq!(assume(&aws.root(), "tasks", &[]).await.status, 403);
}

#[tokio::test]
async fn an_external_id_is_asked_for_where_the_trust_policy_does() {
    let aws = testkit::start().await;
    let trust = format!(
        r#"{},"Condition":{{"StringEquals":{{"sts:ExternalId":"42"}}}}"#,
        account_trust()
    );
    role(&aws, "partner", &trust).await;
    let may = aws.user("may", ASSUME).await;
    assert_eq!(assume(&may, "partner", &[]).await.status, 403);
    assume(&may, "partner", &[("ExternalId", "42")])
        .await
        .success();
}

#[tokio::test]
async fn bad_parameters_have_awss_words() {
    let aws = testkit::start().await;
    role(&aws, "app", &account_trust()).await;
    let may = aws.user("may", ASSUME).await;
    let text = |answer: Answer| {
        assert_eq!(answer.status, 400);
        answer.element("Message").replace("&apos;", "'")
    };
    let name = ("RoleSessionName", "s1");
    let bad = [("RoleArn", "arn:aws:iam::1:role/reader"), name];
    let answer = sts(&may, "AssumeRole", &bad).await;
    assert_eq!(text(answer), "arn:aws:iam::1:role/reader is invalid");
    let arn = role_arn("app");
    let bad = [("RoleArn", arn.as_str()), ("RoleSessionName", "Session1:2")];
    assert_eq!(
        text(sts(&may, "AssumeRole", &bad).await),
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\w+=,.@-]*"
    );
    let long = assume(&may, "app", &[("DurationSeconds", "3601")]).await;
    assert_eq!(
        text(long),
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
    let transitive = assume(&may, "app", &[("TransitiveTagKeys.member.1", "a")]).await;
    assert_eq!(
        text(transitive),
        "The specified transitive tag key must be included in the requested tags."
    );
}

#[tokio::test]
async fn a_session_ends_with_its_role() {
    let aws = testkit::start().await;
    let reader = aws.role("reader", ASSUME).await;
    assert_eq!(sts(&reader, "GetCallerIdentity", &[]).await.status, 200);
    let root = aws.root();
    let role = ("RoleName", "reader");
    root.iam("DeleteRolePolicy", &[role, ("PolicyName", "test")])
        .await;
    root.iam("DeleteRole", &[role]).await;
    let refused = sts(&reader, "GetCallerIdentity", &[]).await;
    assert_eq!(
        (refused.status, refused.element("Code")),
        (403, "InvalidClientTokenId".to_owned())
    );
    // A role made later under the same name is another one.
    self::role(&aws, "reader", &account_trust()).await;
    assert_eq!(sts(&reader, "GetCallerIdentity", &[]).await.status, 403);
}
