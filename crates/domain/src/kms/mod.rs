//! KMS: keys, their policies, and what is encrypted under them.
//!
//! A key's policy is the first authority over it. Key material leaves the store sealed by the root key and is unsealed
//! only here; [`forward`] is how Secrets Manager and Parameter Store use keys for their callers.

mod authorize;
mod cache;
mod managed;
mod material;
mod new_key;
mod tags;

pub mod forward;
mod key;
mod key_policy;
mod key_ref;
mod locate;
mod page;
mod principals;

mod create_alias;
mod create_key;
mod decrypt;
mod describe_key;
mod encrypt;
mod generate_data_key;
mod list_aliases;
mod list_keys;

pub use cache::Cache;
pub use key::Key;

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
    let text = "Recipient is not supported yet by sealift";
    Error::UnsupportedOperation(text.to_owned())
}
