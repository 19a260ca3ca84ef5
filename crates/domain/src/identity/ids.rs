//! New identifiers and keys, in the forms AWS gives them.

use types::{Entropy, SecretValue};

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The unique id of a role: `AROA…`.
pub(crate) fn role(entropy: &dyn Entropy) -> String {
    unique("AROA", 21, entropy)
}

/// The unique id of a user: `AIDA…`.
pub(crate) fn user(entropy: &dyn Entropy) -> String {
    unique("AIDA", 21, entropy)
}

/// The unique id of a managed policy: `ANPA…`.
pub(crate) fn policy(entropy: &dyn Entropy) -> String {
    unique("ANPA", 21, entropy)
}

/// The id of a long-term access key: `AKIA…`.
pub(crate) fn access_key(entropy: &dyn Entropy) -> String {
    unique("AKIA", 20, entropy)
}

/// The id of a session's access key: `ASIA…`.
pub(crate) fn session_key(entropy: &dyn Entropy) -> String {
    unique("ASIA", 20, entropy)
}

/// The secret half of an access key.
pub(crate) fn secret_key(entropy: &dyn Entropy) -> SecretValue {
    SecretValue::from(entropy.text(SECRET_ALPHABET, 40))
}

/// The random number that stands for the present state of an account's IAM.
pub(crate) fn generation(entropy: &dyn Entropy) -> i64 {
    i64::from_le_bytes(entropy.bytes())
}

fn unique(prefix: &str, length: usize, entropy: &dyn Entropy) -> String {
    let rest = entropy.text(ID_ALPHABET, length - prefix.len());
    format!("{prefix}{rest}")
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    #[test]
    fn ids_have_awss_prefixes_and_lengths() {
        let entropy = SeededEntropy::new(1);
        assert!(role(&entropy).starts_with("AROA") && role(&entropy).len() == 21);
        assert!(access_key(&entropy).starts_with("AKIA") && access_key(&entropy).len() == 20);
        assert_eq!(secret_key(&entropy).len(), 40);
        assert_ne!(user(&entropy), user(&entropy));
    }
}
