//! Reading Query parameters into a tree: `Tags.member.1.Key=a` is a member of an element of a list.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::{DecodeError, MAX_DEPTH, Node};

/// Reads a form body or a query string.
pub fn parse(body: &[u8]) -> Result<Node, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| broken("the body is not UTF-8"))?;
    let mut root = Branch::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        root.insert(&unescape(name)?, unescape(value)?)?;
    }
    Ok(root.into_node())
}

fn broken(what: &str) -> DecodeError {
    DecodeError::Serialization(what.to_owned())
}

fn unescape(text: &str) -> Result<Zeroizing<String>, DecodeError> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let bytes = Zeroizing::new(percent_decode_str(&spaced).collect::<Vec<u8>>());
    std::str::from_utf8(&bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| broken("a parameter is not UTF-8"))
}

/// The parameters below one name. A map by name keeps building it cheap however many there are.
#[derive(Default)]
struct Branch {
    value: Option<Zeroizing<String>>,
    below: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, name: &str, value: Zeroizing<String>) -> Result<(), DecodeError> {
        let mut branch = self;
        for (depth, step) in name.split('.').enumerate() {
            if depth > MAX_DEPTH {
                return Err(broken("a parameter is nested too deeply"));
            }
            branch = branch.below.entry(step.to_owned()).or_default();
        }
        branch.value = Some(value);
        Ok(())
    }

    /// `A=` beside `A.member.1=x` says nothing more than the latter.
    fn into_node(self) -> Node {
        match self.value {
            Some(value) if self.below.is_empty() => Node::Text(value),
            _ => Node::Map(
                self.below
                    .into_iter()
                    .map(|(name, branch)| (name, branch.into_node()))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        codec::{Decoder, Wire},
        iam::{create_role, create_user},
    };

    #[test]
    fn lists_are_numbered_members_in_the_order_of_their_numbers() {
        let body = b"Action=CreateUser&UserName=a%2Bb&Path=%2Fx%2f&Tags.member.10.Key=x&Tags.member.10.Value=&Tags.member.2.Key=k&Tags.member.2.Value=v";
        let input: create_user::Input =
            Decoder::request(parse(body).unwrap(), Wire::Query).unwrap();
        let tags = input.tags.unwrap();
        assert_eq!((tags[0].key.as_str(), tags[0].value.as_str()), ("k", "v"));
        assert_eq!((tags[1].key.as_str(), tags[1].value.as_str()), ("x", ""));
    }

    #[test]
    fn an_empty_list_is_there_and_an_absent_one_is_not() {
        let tags = |body: &str| {
            let input: create_user::Input =
                Decoder::request(parse(body.as_bytes()).unwrap(), Wire::Query).unwrap();
            input.tags
        };
        assert_eq!(tags("UserName=a&Tags="), Some(Vec::new()));
        assert_eq!(tags("UserName=a"), None);
    }

    #[test]
    fn numbers_are_read_from_text() {
        let duration = |body: &str| {
            Decoder::request::<create_role::Input>(parse(body.as_bytes()).unwrap(), Wire::Query)
                .map(|input| input.max_session_duration)
        };
        let body = "RoleName=a&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=";
        assert_eq!(duration(&format!("{body}3600")), Ok(Some(3600)));
        assert!(matches!(
            duration(&format!("{body}1h")),
            Err(DecodeError::Serialization(_))
        ));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(node) = parse(&body) {
                let _ = Decoder::request::<create_user::Input>(node, Wire::Query);
            }
        }

        #[test]
        fn arbitrary_parameters_never_panic(
            body in "(UserName|Tags|Tags\\.member(\\.[0-9a]{1,12}(\\.(Key|Value|x))?)?)=[a-z%+]{0,4}(&(Tags\\.[a-z0-9.]{0,9})=x){0,4}",
        ) {
            if let Ok(node) = parse(body.as_bytes()) {
                let _ = Decoder::request::<create_user::Input>(node, Wire::Query);
            }
        }
    }
}
