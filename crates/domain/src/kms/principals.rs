//! The principals of a key policy, bound to who they are now.
//!
//! AWS: a user or role that a policy names is kept by its unique id. One that is made later under the same name does
//! not inherit what was meant for another.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::collections::HashMap;

use api::kms::Error;
use policy::Policy;
use serde_json::Value;
use types::{AccountId, Arn, Fault};

use crate::Cx;

/// The text of a policy with unique ids in the place of the users and roles it names. All of them must exist.
pub(super) async fn bind(cx: &mut Cx, text: &str, policy: &Policy) -> Result<String, Error> {
    let mut ids = HashMap::new();
    for named in policy.principals() {
        let id = unique_id(cx, named).await?.ok_or_else(|| {
            let problem = "Policy contains a statement with one or more invalid principals.";
            Error::MalformedPolicyDocument(problem.to_owned())
        })?;
        ids.insert(named.to_owned(), id);
    }
    if ids.iter().all(|(named, id)| named == id) {
        return Ok(text.to_owned());
    }
    let mut document: Value = serde_json::from_str(text).map_err(Fault::new)?;
    named_by(&mut document).for_each(|named| replace(named, &ids));
    Ok(document.to_string())
}

/// How a grant keeps a principal: a user or role by its unique id, anyone else by ARN.
pub(super) async fn kept_name(cx: &mut Cx, named: &str) -> Result<String, Error> {
    // AWS: a grant takes nothing but ARNs.
    let arn: Arn = named.parse().map_err(|_| invalid_arn())?;
    let account = arn.account.parse().map_err(|_| invalid_arn())?;
    let service = arn.service.as_str();
    if service == "iam" && arn.resource == "root" {
        return Ok(account_root(&account));
    }
    let kind = arn.resource.split('/').next().unwrap_or_default();
    match (service, kind) {
        ("iam", "user" | "role") | ("sts", "assumed-role") => {
            unique_id(cx, named).await?.ok_or_else(invalid_arn)
        }
        ("sts", "federated-user") => Ok(named.to_owned()),
        _ => Err(invalid_arn()),
    }
}

/// The ARN of an account's root user, which stands for the account.
pub(super) fn account_root(account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// Refuses a principal of another account.
pub(super) fn is_of(named: &str, account: &AccountId) -> Result<(), Error> {
    let arn = named.parse::<Arn>().map_err(|_| invalid_arn())?;
    if arn.account == account.as_str() {
        return Ok(());
    }
    Err(invalid_arn())
}

fn invalid_arn() -> Error {
    Error::InvalidArn("ARN does not refer to a valid principal".to_owned())
}

/// The ARN of whom a policy or grant keeps by a unique id. One that is gone stays what was kept, as on AWS.
pub(super) async fn arn_of(cx: &mut Cx, kept: &str) -> Result<String, Fault> {
    let partition = cx.partition();
    let arn = |account: &AccountId, kind: &str, path: &str, name: &str| {
        format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
    };
    if kept.starts_with("AIDA") {
        let user = cx.db.user_by_id(kept).await?;
        let found = user.map(|user| arn(&user.account, "user", &user.path, &user.name));
        return Ok(found.unwrap_or_else(|| kept.to_owned()));
    }
    if kept.starts_with("AROA") {
        let role = cx.db.role_by_id(kept).await?;
        let found = role.map(|(role, _)| arn(&role.account, "role", &role.path, &role.name));
        return Ok(found.unwrap_or_else(|| kept.to_owned()));
    }
    Ok(kept.to_owned())
}

/// The text of a kept policy with the ARNs of users and roles in the place of their unique ids.
pub(super) async fn unbind(cx: &mut Cx, text: &str) -> Result<String, Fault> {
    if !text.contains("AIDA") && !text.contains("AROA") {
        return Ok(text.to_owned());
    }
    let mut document: Value = serde_json::from_str(text).map_err(Fault::new)?;
    let mut arns = HashMap::new();
    for named in named_by(&mut document) {
        if let Some(id) = named.as_str() {
            arns.insert(id.to_owned(), arn_of(cx, id).await?);
        }
    }
    named_by(&mut document).for_each(|named| replace(named, &arns));
    Ok(document.to_string())
}

/// Every principal that the statements of a document name.
fn named_by(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let statements = document.get_mut("Statement").into_iter().flat_map(items);
    let members = statements.filter_map(Value::as_object_mut);
    let elements = members.flat_map(|statement| {
        let elements = statement.iter_mut();
        elements.filter(|(name, _)| matches!(name.as_str(), "Principal" | "NotPrincipal"))
    });
    elements
        .filter_map(|(_, principal)| principal.get_mut("AWS"))
        .flat_map(items)
}

/// The unique id of a user or role; of a role session the session itself, which has none. `None` where there is nobody
/// of that name.
async fn unique_id(cx: &mut Cx, named: &str) -> Result<Option<String>, Fault> {
    let Ok(arn) = named.parse::<Arn>() else {
        let known = if named.starts_with("AIDA") {
            cx.db.user_by_id(named).await?.is_some()
        } else {
            cx.db.role_by_id(named).await?.is_some()
        };
        return Ok(known.then(|| named.to_owned()));
    };
    let account = arn.account.parse().map_err(Fault::new)?;
    let Some((kind, rest)) = arn.resource.split_once('/') else {
        return Ok(None);
    };
    if kind == "federated-user" {
        return Ok(Some(named.to_owned()));
    }
    if kind == "assumed-role" {
        let role = rest.split('/').next().unwrap_or_default();
        let role = cx.db.role_by_name(&account, role).await?;
        return Ok(role.map(|_| named.to_owned()));
    }
    // The path is part of the ARN, but not of the name.
    let name = rest.rsplit('/').next().unwrap_or_default();
    let found = match kind {
        "user" => cx
            .db
            .user_by_name(&account, name)
            .await?
            .map(|user| (user.path + &user.name, user.id)),
        _ => cx
            .db
            .role_by_name(&account, name)
            .await?
            .map(|role| (role.entity.path + &role.entity.name, role.entity.id)),
    };
    Ok(found
        .filter(|(full, _)| full.strip_prefix('/') == Some(rest))
        .map(|(_, id)| id))
}

/// A list's items, or the one thing that stands for a list of one.
fn items(value: &mut Value) -> std::slice::IterMut<'_, Value> {
    match value {
        Value::Array(items) => items.iter_mut(),
        one => std::slice::from_mut(one).iter_mut(),
    }
}

fn replace(named: &mut Value, ids: &HashMap<String, String>) {
    if let Some(id) = named.as_str().and_then(|text| ids.get(text)) {
        *named = Value::String(id.clone());
    }
}
