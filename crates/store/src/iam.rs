//! IAM: accounts, users, groups, roles, instance profiles, access keys and policies.
//!
//! Whoever changes anything here also calls [`Session::set_account_generation`](crate::Session::set_account_generation),
//! so that nobody goes on deciding by what was replaced.

mod access_keys;
mod accounts;
mod aliases;
mod attachments;
mod entities;
mod groups;
mod inline_policies;
mod instance_profiles;
mod last_uses;
mod policies;
mod roles;

pub use access_keys::AccessKeyRow;
pub use accounts::AccountRow;
pub use attachments::{AttachedDocument, Usage};
pub use entities::{EntityKind, EntityRow};
pub use inline_policies::InlinePolicyRow;
pub use instance_profiles::InstanceProfileRow;
pub use last_uses::LastUse;
pub use policies::{ManagedPolicyRow, PolicyVersionRow};
pub use roles::RoleRow;

use types::AccountId;

use crate::{Arg, args};

/// A page of what an account has of one kind, in the order of the names.
#[derive(Debug, Clone, Copy)]
pub struct NamePage<'a> {
    pub account: &'a AccountId,
    /// `/` for all.
    pub path_prefix: &'a str,
    /// The name after which the page begins; empty for the first page.
    pub after: &'a str,
    pub limit: i64,
}

impl NamePage<'_> {
    /// What `$1` to `$4` of a statement about a page are.
    fn args(&self) -> Vec<Arg> {
        args![
            self.account,
            self.path_prefix,
            name_key(self.after),
            self.limit
        ]
    }
}

/// What names are compared by: names that differ in case only are the same.
fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
