//! KMS: keys, their sealed material, their aliases and grants.

mod aliases;
mod grants;
mod keys;
mod materials;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::sample;

pub use aliases::AliasRow;
pub use grants::GrantRow;
pub use keys::{KeyAddress, KeyRow, Rotation};
pub use materials::{MaterialRow, NewMaterial};
