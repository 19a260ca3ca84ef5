//! The users and roles that a policy names as principals, bound to who they are now.
//!
//! AWS: a policy is kept with the unique id in the place of a user's or role's ARN, and is shown with the ARN of whoever
//! has that id. One that is made later under the same name does not inherit what was meant for another, and once the one
//! that was meant is gone the bare id shows.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
//!
//! This holds for the policies of keys and secrets and for trust policies alike: [`bind`] before one is stored,
//! [`unbind`] before one is shown. Decisions take the stored form.

use std::collections::HashMap;

use policy::{Policy, rename_principals};
use types::{AccountId, Arn, Fault};

use crate::Cx;

/// A policy that cannot be kept.
#[derive(Debug)]
pub(crate) enum Unbound {
    /// It names nobody that there is; this is the name.
    Nobody(String),
    Fault(Fault),
}

impl From<Fault> for Unbound {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The text of a policy as it is kept: with unique ids in the place of the users and roles it names, who must exist.
/// Every other character stays.
pub(crate) async fn bind(cx: &mut Cx, text: &str, policy: &Policy) -> Result<String, Unbound> {
    let mut ids = HashMap::new();
    for named in policy.principals() {
        if let Some(id) = unique_id(cx, named).await? {
            ids.insert(named, id);
        } else if !is_elsewhere(cx, named).await? {
            return Err(Unbound::Nobody(named.to_owned()));
        }
    }
    Ok(rename_principals(text, |named| {
        ids.get(named).filter(|id| *id != named).cloned()
    }))
}

/// Whether a name is of an account that is not on this server. Nobody can say whether there is such a user or role; the
/// name stays as it is, so that a policy written for AWS can be tried here.
async fn is_elsewhere(cx: &mut Cx, named: &str) -> Result<bool, Fault> {
    let account = named.parse::<Arn>().ok();
    match account.and_then(|arn| arn.account.parse::<AccountId>().ok()) {
        Some(account) => Ok(cx.db.account(&account).await?.is_none()),
        None => Ok(false),
    }
}

/// The text of a kept policy as it is shown: with the ARNs of users and roles in the place of their unique ids.
pub(crate) async fn unbind(cx: &mut Cx, text: &str) -> Result<String, Fault> {
    if !text.contains("AIDA") && !text.contains("AROA") {
        return Ok(text.to_owned());
    }
    let mut kept = Vec::new();
    let _ = rename_principals(text, |named| {
        kept.push(named.to_owned());
        None
    });
    let mut arns = HashMap::new();
    for id in kept {
        let arn = arn_of(cx, &id).await?;
        arns.insert(id, arn);
    }
    Ok(rename_principals(text, |named| {
        arns.get(named).filter(|arn| *arn != named).cloned()
    }))
}

/// The ARN of whom a policy or grant keeps by a unique id. One that is gone stays what was kept.
pub(crate) async fn arn_of(cx: &mut Cx, kept: &str) -> Result<String, Fault> {
    let partition = cx.partition();
    let arn = |account: &AccountId, kind: &str, path: &str, name: &str| {
        format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
    };
    let found = if kept.starts_with("AIDA") {
        let user = cx.db.user_by_id(kept).await?;
        user.map(|user| arn(&user.account, "user", &user.path, &user.name))
    } else if kept.starts_with("AROA") {
        let role = cx.db.role_by_id(kept).await?;
        role.map(|(role, _)| arn(&role.account, "role", &role.path, &role.name))
    } else {
        None
    };
    Ok(found.unwrap_or_else(|| kept.to_owned()))
}

/// The unique id of a user or role; of a role session or federated user that itself, since they have none. `None` where there is nobody
/// of that name.
pub(crate) async fn unique_id(cx: &mut Cx, named: &str) -> Result<Option<String>, Fault> {
    let Ok(arn) = named.parse::<Arn>() else {
        let known = if named.starts_with("AIDA") {
            cx.db.user_by_id(named).await?.is_some()
        } else {
            cx.db.role_by_id(named).await?.is_some()
        };
        return Ok(known.then(|| named.to_owned()));
    };
    let Ok(account) = arn.account.parse::<AccountId>() else {
        return Ok(None);
    };
    let Some((kind, rest)) = arn.resource.split_once('/') else {
        return Ok(None);
    };
    // The path is part of the ARN, but not of the name; a session's ARN does not show it.
    let name = rest.rsplit('/').next().unwrap_or_default();
    let is_all = |path: &str, name: &str| format!("{path}{name}").strip_prefix('/') == Some(rest);
    Ok(match kind {
        // Whoever is given credentials under a name may have it.
        "federated-user" => Some(named.to_owned()),
        "assumed-role" => {
            let role = rest.split('/').next().unwrap_or_default();
            let found = cx.db.role_by_name(&account, role).await?;
            found
                .filter(|found| found.name == role)
                .map(|_| named.to_owned())
        }
        "user" => {
            let user = cx.db.user_by_name(&account, name).await?;
            user.filter(|user| is_all(&user.path, &user.name))
                .map(|user| user.id)
        }
        _ => {
            let role = cx.db.role_by_name(&account, name).await?;
            role.filter(|role| is_all(&role.path, &role.name))
                .map(|role| role.id.clone())
        }
    })
}
