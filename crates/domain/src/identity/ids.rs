//! New identifiers and keys, in the forms AWS gives them.

use store::iam::EntityKind;
use types::{AccountId, Entropy, SecretValue};

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// An account's number has forty bits.
const ACCOUNT_MASK: u128 = (1 << 40) - 1;
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The unique id of a user (`AIDA…`), group (`AGPA…`), role (`AROA…`) or instance profile (`AIPA…`).
pub(crate) fn entity(kind: EntityKind, entropy: &dyn Entropy) -> String {
    let prefix = match kind {
        EntityKind::User => "AIDA",
        EntityKind::Group => "AGPA",
        EntityKind::Role => "AROA",
        EntityKind::InstanceProfile => "AIPA",
    };
    unique(prefix, entropy)
}

/// The unique id of a managed policy: `ANPA…`.
pub(crate) fn policy(entropy: &dyn Entropy) -> String {
    unique("ANPA", entropy)
}

/// The id of a long-term access key: `AKIA…`.
pub(crate) fn access_key(account: &AccountId, entropy: &dyn Entropy) -> String {
    key("AKIA", account, entropy)
}

/// The id of a session's access key: `ASIA…`.
pub(crate) fn session_key(account: &AccountId, entropy: &dyn Entropy) -> String {
    key("ASIA", account, entropy)
}

/// The account that an access key id is of, whether the key exists or not.
///
/// AWS: the letters behind the prefix are base 32, and hold the account's number above seven other bits in the first
/// six bytes. It is how `GetAccessKeyInfo` answers for keys that were deleted long ago.
pub(crate) fn account_of_key(id: &str) -> Option<AccountId> {
    let digits = id
        .strip_prefix("AKIA")
        .or_else(|| id.strip_prefix("ASIA"))?;
    if digits.len() != 16 {
        return None;
    }
    let mut number: u128 = 0;
    for letter in digits.bytes() {
        let digit = ID_ALPHABET.iter().position(|known| *known == letter)?;
        number = (number << 5) | u128::try_from(digit).ok()?;
    }
    // Ten bytes: below the account are its seven bits and four bytes.
    let account = (number >> (7 + 32)) & ACCOUNT_MASK;
    format!("{account:012}").parse().ok()
}

/// The secret half of an access key.
pub(crate) fn secret_key(entropy: &dyn Entropy) -> SecretValue {
    SecretValue::from(entropy.text(SECRET_ALPHABET, 40))
}

/// The random number that stands for the present state of an account's IAM.
pub(crate) fn generation(entropy: &dyn Entropy) -> i64 {
    i64::from_le_bytes(entropy.bytes())
}

fn unique(prefix: &str, entropy: &dyn Entropy) -> String {
    format!("{prefix}{}", entropy.text(ID_ALPHABET, 17))
}

/// An access key id that shows its account, as AWS's do.
fn key(prefix: &str, account: &AccountId, entropy: &dyn Entropy) -> String {
    let account: u128 = account.as_str().parse().expect("an account id is a number");
    let random = u128::from(u64::from_le_bytes(entropy.bytes()));
    let below = random & ((1 << 39) - 1);
    // The highest bit is set, as in every key that AWS has given since 2019.
    let number = (1 << 79) | ((account & ACCOUNT_MASK) << 39) | below;
    let digits = (0..16).rev().map(|place| {
        let digit = usize::try_from((number >> (5 * place)) & 31).unwrap_or_default();
        char::from(ID_ALPHABET.get(digit).copied().unwrap_or_default())
    });
    format!("{prefix}{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    #[test]
    fn ids_have_awss_prefixes_and_lengths() {
        let entropy = SeededEntropy::new(1);
        let role = || entity(EntityKind::Role, &entropy);
        assert!(role().starts_with("AROA") && role().len() == 21);
        assert_eq!(secret_key(&entropy).len(), 40);
        assert_ne!(role(), role());
    }

    #[test]
    fn an_access_key_id_shows_its_account_and_nothing_else() {
        let entropy = SeededEntropy::new(1);
        for account in ["000000000001", "111122223333", "999999999999"] {
            let account: AccountId = account.parse().unwrap();
            let (one, two) = (
                access_key(&account, &entropy),
                session_key(&account, &entropy),
            );
            assert!(one.starts_with("AKIA") && two.starts_with("ASIA"));
            assert!(one.len() == 20 && one.get(4..) != two.get(4..));
            assert_eq!(account_of_key(&one), Some(account.clone()));
            assert_eq!(account_of_key(&two), Some(account));
        }
        // The key of AWS's own examples.
        let known = account_of_key("AKIAIOSFODNN7EXAMPLE").unwrap();
        assert_eq!(known.as_str(), "581039954779");
        assert_eq!(account_of_key("AKIA1"), None);
        assert_eq!(account_of_key("AKIAiosfodnn7example"), None);
    }
}
