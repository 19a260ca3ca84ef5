//! KMS: keys, their policies, and what is encrypted under them.
//!
//! A key's policy is the first authority over it. Key material leaves the store sealed by the root key and is unsealed
//! only here; [`forward`] is how Secrets Manager and Parameter Store use keys for their callers.

mod alias;
mod authorize;
mod cache;
mod ciphertext;
mod data_key;
mod deletion;
mod grant_terms;
mod grant_token;
mod grants;
mod managed;
mod material;
mod new_key;
mod rotation;
mod tags;

pub mod forward;
mod key;
mod key_policy;
mod key_ref;
mod locate;
mod page;
mod principals;

mod cancel_key_deletion;
mod create_alias;
mod create_grant;
mod create_key;
mod decrypt;
mod delete_alias;
mod describe_key;
mod disable_key;
mod disable_key_rotation;
mod enable_key;
mod enable_key_rotation;
mod encrypt;
mod generate_data_key;
mod generate_data_key_without_plaintext;
mod generate_random;
mod get_key_policy;
mod get_key_rotation_status;
mod list_aliases;
mod list_grants;
mod list_key_policies;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod list_retirable_grants;
mod put_key_policy;
mod re_encrypt;
mod retire_grant;
mod revoke_grant;
mod rotate_key_on_demand;
mod schedule_key_deletion;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_key_description;

pub use cache::Cache;
pub use deletion::delete_due_keys;
pub use key::Key;
pub(crate) use material::purpose as material_purpose;
pub use rotation::rotate_due_keys;

use api::kms::Error;

/// Ends a request that only wanted to know whether it would succeed.
fn dry_run(dry_run: Option<bool>) -> Result<(), Error> {
    if dry_run != Some(true) {
        return Ok(());
    }
    let text = "The request would have succeeded, but the DryRun option is set.";
    Err(Error::DryRunOperation(text.to_owned()))
}

/// Refuses to answer an enclave: what it would get is not encrypted for it here.
fn no_recipients() -> Error {
    unsupported("Recipient")
}

/// Refuses by name what sealift does not do.
fn unsupported(what: &str) -> Error {
    Error::UnsupportedOperation(format!("{what} is not supported yet by sealift"))
}
