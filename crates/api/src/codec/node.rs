//! The tree that a request body is read into.

use zeroize::Zeroizing;

/// A value as it stood in the body, whatever the protocol. Texts are zeroed when dropped, since any may be a secret,
/// and for the same reason there is no `Debug`.
pub enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Zeroizing<String>),
    List(Vec<Node>),
    /// In the order of the body. Where a name occurs twice, the last one counts.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The body of a request without one.
    pub const EMPTY: Self = Self::Map(Vec::new());

    /// The text of a member, where it is one.
    pub fn text_member(&self, name: &str) -> Option<&str> {
        let Self::Map(members) = self else {
            return None;
        };
        match members.iter().rfind(|(key, _)| key == name) {
            Some((_, Self::Text(text))) => Some(text),
            _ => None,
        }
    }

    /// The last member of this name, taken out of the members.
    pub(super) fn take(members: &mut Vec<(String, Self)>, name: &str) -> Option<Self> {
        let at = members.iter().rposition(|(key, _)| key == name)?;
        Some(members.swap_remove(at).1)
    }
}

/// Which protocol a tree came from: in a Query body every value is text, and lists are numbered members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Json,
    Query,
}
