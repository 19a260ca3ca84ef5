//! The encryption context of KMS.

use std::collections::BTreeMap;

/// Names and values that a ciphertext is bound to: exact, case-sensitive, in no order. They are authenticated, not
/// encrypted, and all of them must be given again to decrypt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// The names and values, sorted by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The one form in bytes that this context and no other has: every name and value in order, each after its length.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in &self.0 {
            for part in [key, value] {
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        bytes
    }
}

impl From<BTreeMap<String, String>> for EncryptionContext {
    fn from(pairs: BTreeMap<String, String>) -> Self {
        Self(pairs)
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for EncryptionContext {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect::<BTreeMap<_, _>>()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    #[test]
    fn order_does_not_matter() {
        assert_eq!(
            EncryptionContext::from([("a", "1"), ("b", "2")]).canonical(),
            EncryptionContext::from([("b", "2"), ("a", "1")]).canonical()
        );
    }

    #[test]
    fn text_cannot_move_between_a_name_and_its_value() {
        assert_ne!(
            EncryptionContext::from([("ab", "c")]).canonical(),
            EncryptionContext::from([("a", "bc")]).canonical()
        );
    }

    proptest! {
        #[test]
        fn different_contexts_have_different_forms(
            a in btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3),
            b in btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3),
        ) {
            let same = a == b;
            let (a, b) = (EncryptionContext::from(a), EncryptionContext::from(b));
            prop_assert_eq!(a.canonical() == b.canonical(), same);
        }
    }
}
