//! IAM: accounts, users, roles, access keys and policies.
//!
//! Whoever changes anything here also calls [`Session::set_account_generation`](crate::Session::set_account_generation),
//! so that nobody goes on deciding by what was replaced.

mod access_keys;
mod accounts;
mod policies;
mod roles;
mod users;

pub use access_keys::AccessKeyRow;
pub use accounts::AccountRow;
pub use policies::{AttachedDocument, InlinePolicyRow, ManagedPolicyRow, PolicyVersionRow};
pub use roles::RoleRow;
pub use users::UserRow;

use types::AccountId;

/// A page of the users, roles or managed policies of an account, in the order of their names.
#[derive(Debug, Clone, Copy)]
pub struct NamePage<'a> {
    pub account: &'a AccountId,
    /// `/` for all.
    pub path_prefix: &'a str,
    /// The name after which the page begins; empty for the first page.
    pub after: &'a str,
    pub limit: i64,
}

/// What names are compared by: names that differ in case only are the same.
fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
