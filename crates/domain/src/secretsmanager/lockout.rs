//! The changes that would take a secret out of their author's hands: refused, as on AWS.

use api::{CommonError, secretsmanager::Error};
use store::secrets::Secret;

use super::locate;
use crate::{Access, Cx};

pub(super) const TEXT: &str =
    "Your requested changes will not allow you to manage this secret in the future.";

/// Refuses a change after which the caller could not change the secret in this way again. `conditions` adds the keys of
/// the request.
pub(super) async fn refuse(
    cx: &mut Cx,
    after: &Secret,
    action: &str,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<(), Error> {
    if keeps(cx, after, action, conditions).await? {
        Ok(())
    } else {
        Err(CommonError::AccessDenied(TEXT.to_owned()).into())
    }
}

/// Whether the caller may do this with the secret as it is to be.
pub(super) async fn keeps(
    cx: &mut Cx,
    after: &Secret,
    action: &str,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<bool, Error> {
    let function = locate::function_of(cx, after).await?;
    let access = locate::access_to(after, function.as_deref(), action)?;
    match cx.authorize(conditions(access)) {
        Ok(()) => Ok(true),
        Err(CommonError::AccessDenied(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
