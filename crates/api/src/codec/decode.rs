//! Building shapes from a tree, and saying in AWS's words what is wrong with it.

mod scalars;

use std::{collections::BTreeMap, str::FromStr};

use super::{Node, Shape, UnknownValue, Wire, enum_constraint};

/// A value that can be read from a tree.
pub trait Decode: Sized {
    /// Whether a list of these reports a bad element at the list, as AWS does for texts and numbers.
    const IS_VALUE: bool = false;

    /// The value, or nothing where the decoder has noted why there is none.
    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self>;

    /// What stands for a member that is not there. Only an `Option` allows that.
    fn absent(shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        decoder.violate_null(shape);
        None
    }

    /// Every constraint on such a value, in AWS's words.
    fn constraints(shape: &Shape) -> Vec<String> {
        shape.constraints()
    }
}

/// Why a body does not give the shape. Neither text holds a sensitive value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A value has another type than the model says, or the body is not of its format at all.
    #[error("{0}")]
    Serialization(String),
    /// Constraints of the model are violated; all of them are listed.
    #[error("{0}")]
    Validation(String),
}

/// Where we are in the tree, and what has been found wrong so far.
pub struct Decoder {
    wire: Wire,
    /// Constraints are not checked again on what was stored once.
    checks: bool,
    path: String,
    violations: Vec<String>,
    broken: Option<String>,
}

impl Decoder {
    /// Reads a request.
    pub fn request<T: Decode>(node: Node, wire: Wire) -> Result<T, DecodeError> {
        Self::run(node, wire, true)
    }

    /// Reads what was once checked and then stored.
    pub fn stored<T: Decode>(node: Node) -> Result<T, DecodeError> {
        Self::run(node, Wire::Json, false)
    }

    fn run<T: Decode>(node: Node, wire: Wire, checks: bool) -> Result<T, DecodeError> {
        let mut decoder = Self {
            wire,
            checks,
            path: String::new(),
            violations: Vec::new(),
            broken: None,
        };
        let value = T::decode(node, &Shape::ANY, &mut decoder);
        if let Some(message) = decoder.broken {
            return Err(DecodeError::Serialization(message));
        }
        match value {
            Some(value) if decoder.violations.is_empty() => Ok(value),
            _ => Err(DecodeError::Validation(summary(&decoder.violations))),
        }
    }

    /// The members of a structure.
    pub fn members(&mut self, node: Node) -> Option<Vec<(String, Node)>> {
        match node {
            Node::Map(members) => Some(members),
            Node::Text(text) if self.wire == Wire::Query && text.is_empty() => Some(Vec::new()),
            Node::List(_) => self.break_off("Start of list found where not expected"),
            _ => self.break_off("Expected structure or null"),
        }
    }

    /// One member of a structure.
    pub fn member<T: Decode>(
        &mut self,
        members: &mut Vec<(String, Node)>,
        name: &str,
        shape: &Shape,
    ) -> Option<T> {
        self.below(&lower_first(name), |decoder| {
            match Node::take(members, name) {
                None | Some(Node::Null) => T::absent(shape, decoder),
                Some(node) => T::decode(node, shape, decoder),
            }
        })
    }

    /// A value of an enumeration.
    pub fn enumeration<T: FromStr<Err = UnknownValue>>(
        &mut self,
        node: Node,
        shape: &Shape,
        values: &[&str],
    ) -> Option<T> {
        let text = self.text(node)?;
        let value = text.parse();
        if value.is_err() {
            self.violate(Some(&text), shape, enum_constraint(values));
        }
        value.ok()
    }

    /// Notes a value of the wrong type. Nothing more is reported after the first.
    fn break_off<T>(&mut self, message: &str) -> Option<T> {
        self.broken.get_or_insert_with(|| message.to_owned());
        None
    }

    /// Notes a violated constraint. `shown` is the value, where it can be told.
    fn violate(&mut self, shown: Option<&str>, shape: &Shape, constraint: impl AsRef<str>) {
        let value = match shown {
            Some(shown) if !shape.is_sensitive => format!("Value '{shown}'"),
            _ => "Value".to_owned(),
        };
        self.violations.push(format!(
            "{value} at '{}' failed to satisfy constraint: {}",
            self.path,
            constraint.as_ref()
        ));
    }

    /// Notes the constraints that a check found violated.
    fn violate_all(&mut self, shown: Option<&str>, shape: &Shape, constraints: Vec<String>) {
        if self.checks {
            for constraint in constraints {
                self.violate(shown, shape, constraint);
            }
        }
    }

    fn violate_null(&mut self, shape: &Shape) {
        let value = if shape.is_sensitive {
            "Value"
        } else {
            "Value null"
        };
        self.violations.push(format!(
            "{value} at '{}' failed to satisfy constraint: Member must not be null",
            self.path
        ));
    }

    /// Runs a step one level deeper in the path.
    fn below<T>(&mut self, step: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        let result = run(self);
        self.path.truncate(length);
        result
    }

    /// The elements of a list.
    fn elements(&mut self, node: Node) -> Option<Vec<Node>> {
        match node {
            Node::List(nodes) => Some(nodes),
            Node::Text(text) if self.wire == Wire::Query && text.is_empty() => Some(Vec::new()),
            Node::Map(members) if self.wire == Wire::Query => self.numbered(members, "member"),
            Node::Map(_) => self.break_off("Start of structure or map found where not expected."),
            _ => self.break_off("Expected list or null"),
        }
    }

    /// `Tags.member.1`, `Tags.member.2`, …, or without the word between, in the order of their numbers.
    fn numbered(&mut self, mut members: Vec<(String, Node)>, word: &str) -> Option<Vec<Node>> {
        let members = match Node::take(&mut members, word) {
            Some(Node::Map(inner)) => inner,
            Some(Node::Text(text)) if text.is_empty() => Vec::new(),
            Some(_) => return self.break_off("Expected list or null"),
            None => members,
        };
        let mut numbered = Vec::with_capacity(members.len());
        for (number, node) in members {
            match number.parse::<u32>() {
                Ok(number) => numbered.push((number, node)),
                Err(_) => return self.break_off("Expected list or null"),
            }
        }
        numbered.sort_by_key(|(number, _)| *number);
        Some(numbered.into_iter().map(|(_, node)| node).collect())
    }

    /// The entries of a map.
    fn entries(&mut self, node: Node) -> Option<Vec<(String, Node)>> {
        match node {
            Node::Map(members) if self.wire == Wire::Json => Some(members),
            Node::Map(members) => self
                .numbered(members, "entry")?
                .into_iter()
                .map(|entry| {
                    let mut members = self.members(entry)?;
                    let Some(Node::Text(key)) = Node::take(&mut members, "key") else {
                        return self.break_off("Expected map entry with key and value");
                    };
                    let value = Node::take(&mut members, "value").unwrap_or(Node::Null);
                    Some((key.as_str().to_owned(), value))
                })
                .collect(),
            Node::Text(text) if self.wire == Wire::Query && text.is_empty() => Some(Vec::new()),
            Node::List(_) => self.break_off("Start of list found where not expected"),
            _ => self.break_off("Expected map or null"),
        }
    }

    /// Runs one element or value. True where all it did was to violate constraints of its own, which the caller then
    /// reports at the collection.
    fn collapsed<T: Decode>(&mut self, into: &mut Option<T>, node: Node, shape: &Shape) -> bool {
        let before = self.violations.len();
        *into = if matches!(node, Node::Null) {
            T::absent(shape, self)
        } else {
            T::decode(node, shape, self)
        };
        let is_violated = T::IS_VALUE && self.violations.len() > before;
        if is_violated {
            self.violations.truncate(before);
        }
        is_violated
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let element = shape.member.unwrap_or(&Shape::ANY);
        let nodes = decoder.elements(node)?;
        let shown = (!element.is_sensitive)
            .then(|| shown_list(&nodes))
            .flatten();
        decoder.violate_all(shown.as_deref(), shape, shape.check_length(nodes.len()));

        let mut values = Some(Self::with_capacity(nodes.len()));
        let mut is_violated = false;
        for (i, node) in nodes.into_iter().enumerate() {
            let mut value = None;
            is_violated |= decoder.below(&format!("{}.member", i + 1), |decoder| {
                decoder.collapsed::<T>(&mut value, node, element)
            });
            values = values.zip(value).map(|(mut values, value)| {
                values.push(value);
                values
            });
        }
        if is_violated {
            let all = T::constraints(element).join(", ");
            decoder.violate(
                shown.as_deref(),
                shape,
                format!("Member must satisfy constraint: [{all}]"),
            );
        }
        values
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        let of_key = shape.key.unwrap_or(&Shape::ANY);
        let of_value = shape.value.unwrap_or(&Shape::ANY);
        let entries = decoder.entries(node)?;
        let can_show = !of_key.is_sensitive && !of_value.is_sensitive;
        let shown = can_show.then(|| shown_map(&entries)).flatten();
        decoder.violate_all(shown.as_deref(), shape, shape.check_length(entries.len()));

        let mut values = Some(Self::new());
        let (mut bad_key, mut bad_value) = (false, false);
        for (key, node) in entries {
            bad_key |= !of_key.check_text(&key).is_empty();
            let mut value = None;
            bad_value |= decoder.below(&format!("{key}.member"), |decoder| {
                decoder.collapsed::<T>(&mut value, node, of_value)
            });
            values = values.zip(value).map(|(mut values, value)| {
                values.insert(key, value);
                values
            });
        }
        if bad_key {
            let all = of_key.constraints().join(", ");
            decoder.violate(
                shown.as_deref(),
                shape,
                format!("Map keys must satisfy constraint: [{all}]"),
            );
        }
        if bad_value {
            let all = T::constraints(of_value).join(", ");
            decoder.violate(
                shown.as_deref(),
                shape,
                format!("Map value must satisfy constraint: [{all}]"),
            );
        }
        values
    }
}

impl<T: Decode> Decode for Option<T> {
    const IS_VALUE: bool = T::IS_VALUE;

    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        T::decode(node, shape, decoder).map(Some)
    }

    fn absent(_: &Shape, _: &mut Decoder) -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: Node, shape: &Shape, decoder: &mut Decoder) -> Option<Self> {
        T::decode(node, shape, decoder).map(Self::new)
    }
}

fn summary(violations: &[String]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    format!(
        "{} validation error{plural} detected: {}",
        violations.len(),
        violations.join("; ")
    )
}

/// AWS shows a member with a lower-case first letter, whatever its wire name: `dBInstanceIdentifier`.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// A list of plain values as AWS shows it; structures are not shown, since any of their members may be sensitive.
fn shown_list(nodes: &[Node]) -> Option<String> {
    let shown: Option<Vec<_>> = nodes.iter().map(shown_value).collect();
    Some(format!("[{}]", shown?.join(", ")))
}

fn shown_map(entries: &[(String, Node)]) -> Option<String> {
    let shown: Option<Vec<_>> = entries
        .iter()
        .map(|(key, node)| Some(format!("{key}={}", shown_value(node)?)))
        .collect();
    Some(format!("{{{}}}", shown?.join(", ")))
}

fn shown_value(node: &Node) -> Option<String> {
    match node {
        Node::Null => Some("null".to_owned()),
        Node::Boolean(boolean) => Some(boolean.to_string()),
        Node::Integer(integer) => Some(integer.to_string()),
        Node::Float(float) => Some(float.to_string()),
        Node::Text(text) => Some(text.as_str().to_owned()),
        Node::List(_) | Node::Map(_) => None,
    }
}
