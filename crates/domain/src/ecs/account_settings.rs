//! Whose account settings a call means, and what holds for them.

use api::ecs::{Error, SettingName};
use ecs::account_settings::{self, Owned};
use policy::Principal;
use store::{Session, ecs::Home};
use types::{Arn, Fault};

use super::here;
use crate::Cx;

/// The root user, who stands for the whole account.
pub(super) fn root(home: &Home) -> String {
    let partition = home.region.partition();
    format!("arn:{partition}:iam::{}:root", home.account)
}

/// Whose settings hold for the caller: a session has those of its role, and a federated user those of the account.
pub(super) fn of_caller(cx: &Cx) -> String {
    match &cx.caller.principal {
        Principal::FederatedUser { .. } | Principal::Service(_) => root(&here(cx).0),
        principal => principal.principal_arn(),
    }
}

/// Whose settings the call means: the caller's own, or those that the root user names.
pub(super) fn principal(cx: &Cx, named: Option<&str>) -> Result<String, Error> {
    let own = of_caller(cx);
    let Some(named) = named.filter(|named| !named.is_empty() && *named != own) else {
        return Ok(own);
    };
    if !cx.caller.principal.is_root() {
        // AWS: "you must be the root user, or the principal"; how it says no has not been quoted.
        return Err(Error::AccessDenied(
            "Only the root user can name another principal.".to_owned(),
        ));
    }
    let is_here = named.parse::<Arn>().is_ok_and(|arn| {
        arn.service == "iam"
            && arn.account == cx.account().as_str()
            && (arn.resource.starts_with("user/") || arn.resource.starts_with("role/"))
    });
    if is_here {
        Ok(named.to_owned())
    } else {
        Err(Error::InvalidParameter("Invalid principalArn.".to_owned()))
    }
}

/// [`principal`], of a call that changes them.
pub(super) fn changed_principal(cx: &Cx, named: Option<&str>) -> Result<String, Error> {
    // AWS: federated users have the account's settings and none of their own.
    if matches!(cx.caller.principal, Principal::FederatedUser { .. }) {
        return Err(Error::InvalidParameter(
            "Federated users cannot have account settings of their own.".to_owned(),
        ));
    }
    principal(cx, named)
}

/// What the principal has set.
pub(super) async fn set_by(db: &mut Session, home: &Home, principal: &str) -> Result<Owned, Fault> {
    let set = db.account_settings(home, principal).await?;
    Ok(Owned {
        principal: principal.to_owned(),
        set: set.into_iter().collect(),
    })
}

/// Whether containers wait for their lines to be delivered, where their definition does not say. A task that nobody
/// started has the account's setting.
pub(super) async fn log_driver_mode(
    db: &mut Session,
    home: &Home,
    principal: Option<&str>,
) -> Result<Option<String>, Fault> {
    let root = root(home);
    let account = set_by(db, home, &root).await?;
    let own = set_by(db, home, principal.unwrap_or(&root)).await?;
    let name = SettingName::DefaultLogDriverMode;
    Ok(account_settings::effective_one(name, &own, &account).value)
}
