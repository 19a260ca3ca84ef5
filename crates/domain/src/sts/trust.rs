//! The trust policy of a role, as decisions take it.

use policy::{Attached, Policy, PolicyKind, ResourceMode, ResourcePolicy};
use store::iam::RoleRow;
use types::Fault;

/// A stored trust policy that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the trust policy of role `{role}` cannot be read")]
struct Unreadable {
    role: String,
    #[source]
    source: policy::PolicyError,
}

/// Compiles the trust policy of a role.
pub(super) fn compile(role: &RoleRow) -> Result<ResourcePolicy, Fault> {
    let policy = Policy::parse(&role.trust_policy, PolicyKind::Trust).map_err(|source| {
        Fault::new(Unreadable {
            role: role.name.clone(),
            source,
        })
    })?;
    let name = format!("of role {}", role.name);
    Ok(Attached::new(name, policy).of_resource(ResourceMode::TrustPolicy))
}
