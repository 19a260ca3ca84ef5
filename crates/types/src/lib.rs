//! Names and values everyone shares: [`Arn`], [`AccountId`], [`Region`], [`SecretValue`], [`Tag`], [`Clock`], [`Entropy`].
//!
//! Nothing here does input or output beyond reading the clock and the operating system's random source, and both
//! of those stand behind a trait so that tests can pin them.

mod account;
mod arn;
mod clock;
mod fault;
mod region;
mod secret;
mod secret_text;
mod tag;

pub use account::{AccountId, ParseAccountIdError};
pub use arn::{Arn, ParseArnError};
pub use clock::{Clock, Entropy, FixedClock, OsEntropy, SeededEntropy, SystemClock, Timestamp};
pub use fault::Fault;
pub use region::{ParseRegionError, Region};
pub use secret::SecretValue;
pub use secret_text::SecretText;
pub use tag::Tag;
