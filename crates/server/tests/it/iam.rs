//! IAM over the wire.

use testkit::{ACCOUNT, Caller, TestAws};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const READ: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:GetParameters","Resource":"*"}]}"#;
const EXECUTION_POLICY: &str =
    "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

/// Status, code and message of a refusal.
async fn refusal(
    caller: &Caller,
    action: &str,
    parameters: &[(&str, &str)],
) -> (u16, String, String) {
    let answer = caller
        .raw()
        .query("iam", "2010-05-08", action, parameters)
        .await;
    assert_ne!(answer.status, 200, "{action}: {}", answer.body);
    let text = answer.element("Message").replace("&quot;", "\"");
    (answer.status, answer.element("Code"), text)
}

async fn with_role() -> (TestAws, Caller) {
    let aws = testkit::start().await;
    let root = aws.root();
    let parameters = [
        ("RoleName", "Reader"),
        ("Path", "/team/"),
        ("AssumeRolePolicyDocument", TRUST),
    ];
    root.iam("CreateRole", &parameters).await;
    (aws, root)
}

#[tokio::test]
async fn a_role_is_made_shown_and_listed_each_with_its_own_members() {
    let aws = testkit::start().await;
    let root = aws.root();
    let parameters = [
        ("RoleName", "Reader"),
        ("Path", "/team/"),
        ("AssumeRolePolicyDocument", TRUST),
        ("Description", "reads"),
        ("Tags.member.1.Key", "stage"),
        ("Tags.member.1.Value", "dev"),
    ];
    let made = root.iam("CreateRole", &parameters).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/team/Reader");
    assert_eq!(made.element("Arn"), arn);
    assert!(made.element("RoleId").starts_with("AROA"));
    assert!(
        made.element("AssumeRolePolicyDocument")
            .starts_with("%7B%22Version%22%3A%222012-10-17%22")
    );
    assert!(!made.body.contains("MaxSessionDuration") && !made.body.contains("RoleLastUsed"));

    // Names that differ in case only are the same.
    let shown = root.iam("GetRole", &[("RoleName", "reader")]).await;
    assert_eq!(shown.element("RoleName"), "Reader");
    assert_eq!(shown.element("MaxSessionDuration"), "3600");
    assert_eq!(shown.element("Description"), "reads");
    assert!(shown.body.contains("RoleLastUsed") && shown.body.contains("<Key>stage</Key>"));

    let listed = root.iam("ListRoles", &[("PathPrefix", "/team/")]).await;
    assert_eq!(listed.element("Arn"), arn);
    assert_eq!(listed.element("IsTruncated"), "false");
    assert!(!listed.body.contains("RoleLastUsed") && !listed.body.contains("stage"));
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let (_aws, root) = with_role().await;
    for name in ["b", "a"] {
        let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", TRUST)];
        root.iam("CreateRole", &parameters).await;
    }
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut parameters = vec![("MaxItems", "1")];
        if let Some(marker) = &marker {
            parameters.push(("Marker", marker.as_str()));
        }
        let page = root.iam("ListRoles", &parameters).await;
        names.push(page.element("RoleName"));
        if page.element("IsTruncated") == "false" {
            break;
        }
        marker = Some(page.element("Marker"));
    }
    assert_eq!(names, ["a", "b", "Reader", "sealift-instance"]);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_there_already_have_awss_words() {
    let (_aws, root) = with_role().await;
    let missing = |kind: &str| format!("The {kind} with name x cannot be found.");
    assert_eq!(
        refusal(&root, "GetRole", &[("RoleName", "x")]).await,
        (404, "NoSuchEntity".to_owned(), missing("role"))
    );
    assert_eq!(
        refusal(&root, "DeleteUser", &[("UserName", "x")]).await,
        (404, "NoSuchEntity".to_owned(), missing("user"))
    );
    let again = [("RoleName", "READER"), ("AssumeRolePolicyDocument", TRUST)];
    assert_eq!(
        refusal(&root, "CreateRole", &again).await,
        (
            409,
            "EntityAlreadyExists".to_owned(),
            "Role with name READER already exists.".to_owned()
        )
    );
    let inline = [("RoleName", "Reader"), ("PolicyName", "p")];
    assert_eq!(
        refusal(&root, "GetRolePolicy", &inline).await.2,
        "The role policy with name p cannot be found."
    );
    let bare = [
        ("RoleName", "Reader"),
        ("PolicyArn", "AmazonECSTaskExecutionRolePolicy"),
    ];
    assert_eq!(
        refusal(&root, "AttachRolePolicy", &bare).await,
        (
            400,
            "ValidationError".to_owned(),
            "Invalid ARN:  Could not be parsed!".to_owned()
        )
    );
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/none");
    let absent = [("RoleName", "Reader"), ("PolicyArn", arn.as_str())];
    assert_eq!(
        refusal(&root, "AttachRolePolicy", &absent).await.2,
        format!("Policy {arn} does not exist or is not attachable.")
    );
    assert_eq!(
        refusal(&root, "GetPolicy", &[("PolicyArn", &arn)]).await.2,
        format!("Policy {arn} was not found.")
    );
}

#[tokio::test]
async fn malformed_policies_are_refused() {
    let (_aws, root) = with_role().await;
    let put = |document: &'static str| {
        let root = root.clone();
        async move {
            let parameters = [
                ("RoleName", "Reader"),
                ("PolicyName", "p"),
                ("PolicyDocument", document),
            ];
            refusal(&root, "PutRolePolicy", &parameters).await
        }
    };
    let (status, code, message) = put("{").await;
    assert_eq!((status, code.as_str()), (400, "MalformedPolicyDocument"));
    assert_eq!(message, "This policy contains invalid Json");
    assert_eq!(
        put(TRUST).await.2,
        "Policy document should not specify a principal."
    );
    let stranger = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"}},"Action":"sts:AssumeRole"}}}}"#
    );
    let parameters = [
        ("RoleName", "Reader"),
        ("PolicyDocument", stranger.as_str()),
    ];
    assert_eq!(
        refusal(&root, "UpdateAssumeRolePolicy", &parameters)
            .await
            .2,
        format!(r#"Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:user/nobody""#)
    );
}

#[tokio::test]
async fn a_role_goes_only_after_its_policies() {
    let (_aws, root) = with_role().await;
    let role = ("RoleName", "Reader");
    let inline = [role, ("PolicyName", "read"), ("PolicyDocument", READ)];
    root.iam("PutRolePolicy", &inline).await;
    let managed = [role, ("PolicyArn", EXECUTION_POLICY)];
    root.iam("AttachRolePolicy", &managed).await;

    let attached = root.iam("ListAttachedRolePolicies", &[role]).await;
    assert_eq!(
        attached.element("PolicyName"),
        "AmazonECSTaskExecutionRolePolicy"
    );
    let used = root
        .iam("GetPolicy", &[("PolicyArn", EXECUTION_POLICY)])
        .await;
    assert_eq!(used.element("AttachmentCount"), "1");
    let shown = root.iam("GetRolePolicy", &inline[..2]).await;
    assert!(
        shown
            .element("PolicyDocument")
            .contains("ssm%3AGetParameters")
    );

    let (status, code, message) = refusal(&root, "DeleteRole", &[role]).await;
    assert_eq!((status, code.as_str()), (409, "DeleteConflict"));
    assert_eq!(
        message,
        "Cannot delete entity, must detach all policies first."
    );
    root.iam("DetachRolePolicy", &managed).await;
    assert_eq!(
        refusal(&root, "DeleteRole", &[role]).await.2,
        "Cannot delete entity, must delete policies first."
    );
    root.iam("DeleteRolePolicy", &inline[..2]).await;
    root.iam("DeleteRole", &[role]).await;
    assert_eq!(refusal(&root, "GetRole", &[role]).await.0, 404);
}

#[tokio::test]
async fn managed_policies_show_their_description_and_tags_where_aws_shows_them() {
    let aws = testkit::start().await;
    let root = aws.root();
    let parameters = [
        ("PolicyName", "read"),
        ("PolicyDocument", READ),
        ("Description", "reads"),
    ];
    let made = root.iam("CreatePolicy", &parameters).await;
    let arn = made.element("Arn");
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/read"));
    assert_eq!(made.element("DefaultVersionId"), "v1");
    assert!(!made.body.contains("reads"));
    let shown = root.iam("GetPolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(shown.element("Description"), "reads");
    assert!(shown.body.contains("Tags"));
    let version = [("PolicyArn", arn.as_str()), ("VersionId", "v1")];
    let version = root.iam("GetPolicyVersion", &version).await;
    assert_eq!(version.element("IsDefaultVersion"), "true");
    let listed = root.iam("ListPolicies", &[("Scope", "Local")]).await;
    assert_eq!(listed.element("Arn"), arn);
    assert!(!listed.body.contains("reads"));
    let (_, code, message) = refusal(&root, "CreatePolicy", &parameters).await;
    assert_eq!(code, "EntityAlreadyExists");
    assert_eq!(
        message,
        "A policy called read already exists. Duplicate names are not allowed."
    );

    root.iam("CreateUser", &[("UserName", "ann")]).await;
    let attach = [("UserName", "ann"), ("PolicyArn", arn.as_str())];
    root.iam("AttachUserPolicy", &attach).await;
    assert_eq!(
        refusal(&root, "DeletePolicy", &[("PolicyArn", &arn)])
            .await
            .1,
        "DeleteConflict"
    );
    root.iam("DetachUserPolicy", &attach).await;
    root.iam("DeletePolicy", &[("PolicyArn", &arn)]).await;
}

#[tokio::test]
async fn a_user_has_at_most_two_keys_and_an_inactive_one_opens_nothing() {
    let aws = testkit::start().await;
    let root = aws.root();
    let ann = aws.user("ann", READ).await;
    // The user's own policy lets it read parameters, not list its keys.
    assert_eq!(refusal(&ann, "ListAccessKeys", &[]).await.0, 403);
    let own = root.iam("ListAccessKeys", &[("UserName", "ann")]).await;
    let key = own.element("AccessKeyId");
    assert!(!own.body.contains("SecretAccessKey"));

    root.iam("CreateAccessKey", &[("UserName", "ann")]).await;
    assert_eq!(
        refusal(&root, "CreateAccessKey", &[("UserName", "ann")]).await,
        (
            409,
            "LimitExceeded".to_owned(),
            "Cannot exceed quota for AccessKeysPerUser: 2".to_owned()
        )
    );
    let inactive = [
        ("UserName", "ann"),
        ("AccessKeyId", key.as_str()),
        ("Status", "Inactive"),
    ];
    root.iam("UpdateAccessKey", &inactive).await;
    let (status, code, message) = refusal(&ann, "GetUser", &[]).await;
    assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
    assert_eq!(
        message,
        "The security token included in the request is invalid."
    );
    assert_eq!(
        refusal(&root, "DeleteUser", &[("UserName", "ann")]).await.2,
        "Cannot delete entity, must remove referenced objects first."
    );
}

#[tokio::test]
async fn a_denial_names_the_user_and_the_missing_policy_and_ends_with_the_policy() {
    let aws = testkit::start().await;
    let root = aws.root();
    let ann = aws.user("ann", READ).await;
    let (status, code, message) = refusal(&ann, "GetRole", &[("RoleName", "x")]).await;
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert_eq!(
        message,
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: iam:GetRole on resource: role x \
             because no identity-based policy allows the iam:GetRole action"
        )
    );
    // What is put takes effect with the next request, and so does what is taken away.
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:Get*","Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;
    let put = [
        ("UserName", "ann"),
        ("PolicyName", "self"),
        ("PolicyDocument", all),
    ];
    root.iam("PutUserPolicy", &put).await;
    let shown = ann.iam("GetUser", &[]).await;
    assert_eq!(shown.element("UserName"), "ann");
    root.iam("DeleteUserPolicy", &put[..2]).await;
    assert_eq!(refusal(&ann, "GetUser", &[]).await.1, "AccessDenied");
}
