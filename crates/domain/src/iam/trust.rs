//! Trust policies that are about to be stored.

use api::iam::Error;
use types::{AccountId, Arn, Fault};

use super::document;
use crate::Cx;

/// The size of a trust policy, without whitespace.
pub(super) const QUOTA: usize = 2048;

/// Checks a trust policy, and that the users and roles it names exist.
pub(super) async fn check(cx: &mut Cx, text: &str) -> Result<(), Error> {
    let policy = document::check_trust(text)?;
    if document::size(text) > QUOTA {
        let text = format!("Cannot exceed quota for ACLSizePerRole: {QUOTA}");
        return Err(Error::LimitExceeded(text));
    }
    for principal in policy.principals() {
        if !exists(cx, principal).await? {
            let text = format!("Invalid principal in policy: \"AWS\":\"{principal}\"");
            return Err(Error::MalformedPolicyDocument(text));
        }
    }
    Ok(())
}

/// Whether a user or role that a policy names is there. Of accounts that are not on this server nobody can say; what is
/// named there is let be, so that a policy written for AWS can be tried here.
async fn exists(cx: &mut Cx, principal: &str) -> Result<bool, Fault> {
    let Ok(arn) = principal.parse::<Arn>() else {
        return exists_by_id(cx, principal).await;
    };
    let Ok(account) = arn.account.parse::<AccountId>() else {
        return Ok(false);
    };
    if cx.db.account(&account).await?.is_none() {
        return Ok(true);
    }
    let Some((kind, rest)) = arn.resource.split_once('/') else {
        return Ok(false);
    };
    let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
    let has_path = |known: &str| known.trim_matches('/') == path;
    Ok(match kind {
        "user" => {
            let user = cx.db.user_by_name(&account, name).await?;
            user.is_some_and(|user| user.name == name && has_path(&user.path))
        }
        "role" => {
            let role = cx.db.role_by_name(&account, name).await?;
            role.is_some_and(|role| role.name == name && has_path(&role.path))
        }
        // Whoever is given credentials under a name may have it.
        "federated-user" => true,
        // `assumed-role/<role>/<session>` shows no path; any session name will do.
        _ => {
            let role = cx.db.role_by_name(&account, path).await?;
            role.is_some_and(|role| role.name == path)
        }
    })
}

async fn exists_by_id(cx: &mut Cx, id: &str) -> Result<bool, Fault> {
    let role = cx.db.role_by_id(id).await?;
    Ok(role.is_some() || cx.db.user_by_id(id).await?.is_some())
}
