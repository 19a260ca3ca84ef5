//! Trust policies on their way in and out.

use api::iam::Error;
use store::iam::RoleRow;
use types::Fault;

use super::document;
use crate::{
    Cx,
    identity::principals::{self, Unbound},
};

/// The size of a trust policy, without whitespace.
pub(super) const QUOTA: usize = 2048;

/// Checks a trust policy, and gives it the form it is kept in: bound to the users and roles it names, who must exist.
pub(super) async fn accept(cx: &mut Cx, text: &str) -> Result<String, Error> {
    let policy = document::check_trust(text)?;
    if document::size(text) > QUOTA {
        let text = format!("Cannot exceed quota for ACLSizePerRole: {QUOTA}");
        return Err(Error::LimitExceeded(text));
    }
    principals::bind(cx, text, &policy)
        .await
        .map_err(|error| match error {
            Unbound::Nobody(named) => Error::MalformedPolicyDocument(format!(
                "Invalid principal in policy: \"AWS\":\"{named}\""
            )),
            Unbound::Fault(fault) => fault.into(),
        })
}

/// Gives a role that is to be shown its trust policy with the ARNs of those it names.
pub(super) async fn show(cx: &mut Cx, role: &mut RoleRow) -> Result<(), Fault> {
    role.trust_policy = principals::unbind(cx, &role.trust_policy).await?;
    Ok(())
}
