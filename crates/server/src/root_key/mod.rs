//! Where the root key comes from: a file, the environment, or a file that a KMS key on AWS encrypts.
//!
//! Its form is `crypto`'s business; here it is read, refused when others could have read it too, made at the first
//! start, and replaced when the operator has another one made.

mod envelope;
mod file;
mod kms;
mod resume;
mod source;

pub use kms::{KmsKey, KmsKeyError};
pub(crate) use resume::{finish, open, reseal_and_settle};
pub(crate) use source::write_new;
pub use source::{RootKeySource, VARIABLE};

use std::{io, path::PathBuf};

use crypto::ParseRootKeyError;

/// Why there is no root key. The texts say what to do, and nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    #[error(
        "the root key file `{}` is missing, but the database exists already and cannot be read without it; \
         restore the file, or name it with --root-key-file", .0.display()
    )]
    Missing(PathBuf),
    #[error("cannot read the root key file `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the root key file `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the root key file `{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error(
        "others may read or change the root key file `{}` (mode {mode:04o}); run `chmod 600` on it, and make a new \
         key if anyone had the chance", path.display()
    )]
    Permissions { path: PathBuf, mode: u32 },
    #[error(
        "the root key file `{}` belongs to another user (uid {owner}); give it to the user who runs sealift", path.display()
    )]
    Owner { path: PathBuf, owner: u32 },
    #[error("{place}: {source}")]
    Malformed {
        place: String,
        source: ParseRootKeyError,
    },
    #[error(
        "the root key file `{}` is encrypted under a KMS key; name that key with --root-key-kms-key", .0.display()
    )]
    Enveloped(PathBuf),
    #[error("the envelope in the root key file `{}` is damaged; restore the file", .0.display())]
    Envelope(PathBuf),
    #[error(
        "{VARIABLE} and --root-key-kms-key both say where the root key comes from; choose one of them"
    )]
    Ambiguous,
    #[error("the root key comes from {VARIABLE}, which only you can change")]
    Environment,
    #[error(transparent)]
    Kms(#[from] KmsKeyError),
}
