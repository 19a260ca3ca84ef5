//! The rules of IAM, one file each: policies, requests, and what AWS's pages say about them.
//!
//! A case file has `about`, `link`, the policies (`identity`, `boundary`, `session`, `resource` with its `mode`), a
//! `caller`, and `requests` with the decision each must get.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use policy::{
    Attached, Context, Decision, Policy, PolicyKind, Principal, Request, ResourceMode, Sources,
    evaluate,
};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    link: String,
    #[serde(default)]
    caller: Option<Value>,
    #[serde(default)]
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Vec<Value>>,
    resource: Option<Value>,
    mode: Option<String>,
    grant: Option<String>,
    requests: Vec<Asked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    action: String,
    resource: String,
    account: Option<String>,
    caller: Option<Value>,
    #[serde(default)]
    context: Map<String, Value>,
    /// `allowed`, or the end of AWS's denial text.
    decision: String,
    /// The `Sid` of the statement that decides, where it matters.
    by: Option<String>,
}

fn attached(name: &str, document: &Value, kind: PolicyKind) -> Attached {
    let policy = Policy::parse(&document.to_string(), kind);
    Attached::new(
        name,
        policy.unwrap_or_else(|e| panic!("{name}: {e} at {}", e.path())),
    )
}

fn all(documents: &[Value], name: &str) -> Vec<Attached> {
    let attach = |document| attached(name, document, PolicyKind::Identity);
    documents.iter().map(attach).collect()
}

fn principal(value: &Value) -> Principal {
    let text = |member: &str, default: &str| {
        value
            .get(member)
            .map_or(default, |v| v.as_str().unwrap())
            .to_owned()
    };
    let account = text("account", "111122223333").parse().unwrap();
    let partition = "aws".to_owned();
    match text("type", "user").as_str() {
        "root" => Principal::Root { partition, account },
        "user" => Principal::User {
            partition,
            account,
            path: text("path", "/"),
            name: text("name", "ann"),
            id: text("id", "AIDAAAAAAAAAAAAAAAAAA"),
        },
        "role" => Principal::RoleSession {
            partition,
            account,
            role_path: text("path", "/"),
            role_name: text("name", "reader"),
            role_id: text("id", "AROAAAAAAAAAAAAAAAAAA"),
            session_name: text("session", "s1"),
        },
        "service" => Principal::Service(text("name", "ecs-tasks.amazonaws.com")),
        other => panic!("no caller is a {other}"),
    }
}

fn context(values: &Map<String, Value>) -> Context {
    let mut context = Context::new();
    for (key, value) in values {
        match value {
            Value::Array(items) => {
                let texts = items.iter().map(|item| item.as_str().unwrap().to_owned());
                context.set_list(key, texts);
            }
            single => context.set(key, single.as_str().unwrap()),
        }
    }
    context
}

fn check(case: &Case, file: &str) {
    assert!(
        case.link.starts_with("https://docs.aws.amazon.com/"),
        "{file}"
    );
    let identity = all(&case.identity, "identity");
    let session = case.session.as_deref().map(|list| all(list, "session"));
    let boundary = case
        .boundary
        .as_ref()
        .map(|document| attached("boundary", document, PolicyKind::Identity));
    let (mode, kind) = match case.mode.as_deref() {
        None => (ResourceMode::Ordinary, PolicyKind::Resource),
        Some("key") => (ResourceMode::KeyPolicy, PolicyKind::Resource),
        Some("trust") => (ResourceMode::TrustPolicy, PolicyKind::Trust),
        Some(other) => panic!("{file}: no mode is {other}"),
    };
    let resource = case
        .resource
        .as_ref()
        .map(|document| attached("resource", document, kind).of_resource(mode));
    let sources = Sources {
        identity: &identity,
        boundary: boundary.as_ref(),
        session: session.as_deref(),
        resource: resource.as_ref(),
        grant: case.grant.as_deref(),
    };
    for asked in &case.requests {
        let caller = asked.caller.as_ref().or(case.caller.as_ref());
        let caller = principal(caller.unwrap_or(&Value::Null));
        let account = asked.account.as_deref().unwrap_or("111122223333");
        let request = Request {
            principal: &caller,
            action: &asked.action,
            resource: &asked.resource,
            resource_account: &account.parse().unwrap(),
            context: &context(&asked.context),
        };
        let decision = evaluate(&request, &sources);
        let (said, matched) = match &decision {
            Decision::Allowed { by } => ("allowed".to_owned(), by.to_string()),
            Decision::Denied(denial) => (denial.clause(&asked.action), decision.to_string()),
        };
        let place = format!(
            "{file} ({}): {} on {} as {}",
            case.about,
            asked.action,
            asked.resource,
            caller.arn()
        );
        assert_eq!(said, asked.decision, "{place}");
        if let Some(sid) = &asked.by {
            assert!(
                matched.ends_with(&format!("({sid})")),
                "{place}: decided by {matched}"
            );
        }
    }
}

#[test]
fn every_case_is_decided_as_awss_pages_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        check(&case, &file);
        count += 1;
    }
    assert!(count >= 50, "only {count} case files were found");
}
