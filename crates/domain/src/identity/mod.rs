//! Who calls, and which policies bear on them.
//!
//! An access key leads to a [`Caller`]; what the caller may do is compiled once and kept until an IAM write replaces
//! it. Sessions are not stored at all: their token, sealed under a key derived from the root key, is the whole
//! record.

mod access_keys;
mod account;
mod authenticate;
pub mod aws_managed;
mod cache;
mod caller;
mod everyone;
pub(crate) mod ids;
mod pass_role;
mod permissions;
pub(crate) mod principals;
pub mod session;
mod session_caller;
mod uses;

pub use access_keys::{AccessKey, KeyHolder, NoSuchHolder, end_access_keys, new_access_key};
pub use account::{INSTANCE_ROLE, NewAccount, RootKey, create_account, ensure_account};
pub(crate) use account::{access_key_purpose, seal_key};
pub use authenticate::authenticate;
pub(crate) use authenticate::caller_of_session;
pub(crate) use authenticate::recall;
pub use cache::Cache;
pub use caller::{Caller, CallerSession, Permissions};
pub(crate) use everyone::everyone;
pub use pass_role::authorize_pass_role;
pub use session::SessionCredentials;
pub(crate) use session_caller::imagined as imagined_caller;
pub(crate) use uses::last_use;
pub use uses::{Uses, write_uses};

use types::Fault;

use crate::Cx;

/// Notes that who may do what in the caller's account has changed: whatever was compiled before counts no more, in this
/// process and in others.
pub(crate) async fn note_change(cx: &mut Cx) -> Result<(), Fault> {
    let account = cx.account().clone();
    let generation = ids::generation(cx.entropy());
    cx.db.set_account_generation(&account, generation).await
}
