//! The principals of a key policy, bound to who they are now.
//!
//! AWS: a user or role that a policy names is kept by its unique id. One that is made later under the same name does
//! not inherit what was meant for another.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::collections::HashMap;

use api::kms::Error;
use policy::Policy;
use serde_json::Value;
use types::{Arn, Fault};

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
    if let Some(statements) = document.get_mut("Statement") {
        for statement in items(statements) {
            for element in ["Principal", "NotPrincipal"] {
                if let Some(named) = statement.get_mut(element).and_then(|p| p.get_mut("AWS")) {
                    items(named).for_each(|one| replace(one, &ids));
                }
            }
        }
    }
    Ok(document.to_string())
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
            .map(|role| (role.path + &role.name, role.id)),
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
