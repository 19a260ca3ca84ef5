//! The condition keys of one request.

use std::collections::BTreeMap;

/// Condition keys and their values. Keys are case-insensitive, the tag name in `aws:RequestTag/<name>` included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Values>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Context {
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a single-valued key its value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0
            .insert(key.to_ascii_lowercase(), Values::One(value.into()));
    }

    /// Gives a multivalued key its values; there may be none.
    pub fn set_list(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let values = values.into_iter().collect();
        self.0
            .insert(key.to_ascii_lowercase(), Values::Many(values));
    }

    /// The same context with a single-valued key added.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// Adds every key of `other`, which wins where both have one.
    pub fn extend(&mut self, other: Context) {
        self.0.extend(other.0);
    }

    /// Takes a key out again, as services do when they call others for somebody.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(&key.to_ascii_lowercase());
    }

    /// The keys the request has, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All values of a key; `None` where the request does not have it. The key must be in lower case.
    pub(crate) fn values(&self, lower_key: &str) -> Option<&[String]> {
        match self.0.get(lower_key)? {
            Values::One(value) => Some(std::slice::from_ref(value)),
            Values::Many(values) => Some(values),
        }
    }

    /// The value of a single-valued key: the only ones that policy variables may name. The key must be in lower case.
    pub(crate) fn single(&self, lower_key: &str) -> Option<&str> {
        match self.0.get(lower_key)? {
            Values::One(value) => Some(value),
            Values::Many(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_whatever_their_case() {
        let context = Context::new().with("aws:PrincipalTag/Team", "red");
        assert_eq!(context.single("aws:principaltag/team"), Some("red"));
    }

    #[test]
    fn a_multivalued_key_has_no_single_value_even_with_one_entry() {
        let mut context = Context::new();
        context.set_list("aws:TagKeys", ["a".to_owned()]);
        assert_eq!(context.single("aws:tagkeys"), None);
        assert_eq!(
            context.values("aws:tagkeys"),
            Some(["a".to_owned()].as_slice())
        );
    }
}
