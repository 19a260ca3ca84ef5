//! Structures, enumerations and the constraints on members.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Context, bail};

use crate::codegen::{
    model::{Model, Shape},
    names::{camel, screaming, snake},
    patterns,
    plan::Planned,
    reach::{Reach, holds_itself},
};

pub struct Shapes<'a> {
    pub model: &'a Model,
    pub planned: &'a Planned,
    pub reach: &'a Reach,
}

impl Shapes<'_> {
    /// Every shape that is reached, structures first.
    pub fn emit(&self, text: &mut String) -> anyhow::Result<()> {
        for (name, sides) in &self.reach.shapes {
            let shape = self.model.shape(name)?;
            if shape.kind == "structure" && !shape.document {
                text.push('\n');
                self.structure(text, &camel(name), name, shape, sides.input, "")?;
            }
        }
        for name in self.reach.shapes.keys() {
            let shape = self.model.shape(name)?;
            if is_enum(shape) {
                self.enumeration(text, name, shape)?;
            }
        }
        text.push('\n');
        for name in self.reach.shapes.keys() {
            if self.constrains(name)? {
                let rules = self.rules(name)?;
                writeln!(
                    text,
                    "static {}: Shape = Shape::ANY{rules};",
                    screaming(name)
                )?;
            }
        }
        Ok(())
    }

    /// One structure. `required` says whether the model's required members are plain fields; in answers none is.
    pub fn structure(
        &self,
        text: &mut String,
        rust_name: &str,
        name: &str,
        shape: &Shape,
        required: bool,
        path: &str,
    ) -> anyhow::Result<()> {
        let default = if required && !self.has_default(shape)? {
            ""
        } else {
            "Default, "
        };
        writeln!(
            text,
            "structure! {{\n    #[derive(Clone, Debug, {default}PartialEq)]\n    pub struct {rust_name} {{"
        )?;
        for (member, reference) in &shape.members {
            let mut rust_type = self.rust_type(&reference.shape, path)?;
            if holds_itself(self.model, name, &reference.shape) {
                rust_type = format!("Box<{rust_type}>");
            }
            if !(required && shape.required.contains(member)) {
                rust_type = format!("Option<{rust_type}>");
            }
            let rules = if self.constrains(&reference.shape)? {
                format!(", {path}{}", screaming(&reference.shape))
            } else {
                String::new()
            };
            writeln!(
                text,
                "        pub {}: {rust_type} = {member:?}{rules};",
                snake(member)
            )?;
        }
        text.push_str("    }\n}\n");
        Ok(())
    }

    fn enumeration(&self, text: &mut String, name: &str, shape: &Shape) -> anyhow::Result<()> {
        let values = self.planned.enums.get(name).unwrap_or(&shape.values);
        let mut taken = BTreeSet::new();
        writeln!(text, "\nenumeration! {{\n    pub enum {} {{", camel(name))?;
        for value in values {
            let mut variant = camel(value);
            while !taken.insert(variant.clone()) {
                variant.push('_');
            }
            writeln!(text, "        {variant} = {value:?},")?;
        }
        text.push_str("    }\n}\n");
        Ok(())
    }

    /// Whether every required member of an input structure has a default value.
    fn has_default(&self, shape: &Shape) -> anyhow::Result<bool> {
        for (member, reference) in &shape.members {
            let target = self.model.shape(&reference.shape)?;
            let has_none =
                is_enum(target) || (target.kind == "structure" && !self.has_default(target)?);
            if shape.required.contains(member) && has_none {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn rust_type(&self, name: &str, path: &str) -> anyhow::Result<String> {
        let shape = self.model.shape(name)?;
        let element = |reference: &Option<_>| match reference {
            Some(super::super::model::Reference { shape, .. }) => self.rust_type(shape, path),
            None => bail!("{name} has no element type"),
        };
        Ok(match shape.kind.as_str() {
            "string" | "blob" if self.is_secret(name, shape) => "types::SecretValue".to_owned(),
            "string" if is_enum(shape) => format!("{path}{}", camel(name)),
            "string" => "String".to_owned(),
            "blob" => "crate::codec::Blob".to_owned(),
            "integer" => "i32".to_owned(),
            "long" => "i64".to_owned(),
            "float" | "double" => "f64".to_owned(),
            "boolean" => "bool".to_owned(),
            "timestamp" => "types::Timestamp".to_owned(),
            "list" => format!("Vec<{}>", element(&shape.member)?),
            "map" => format!(
                "std::collections::BTreeMap<String, {}>",
                element(&shape.value)?
            ),
            "structure" if shape.document => "crate::codec::Document".to_owned(),
            "structure" => format!("{path}{}", camel(name)),
            other => bail!("{name} is a {other}, which the codecs do not know"),
        })
    }

    fn is_secret(&self, name: &str, shape: &Shape) -> bool {
        let listed = |names: &[String]| names.iter().any(|listed| listed == name);
        (shape.sensitive || listed(&self.planned.secret)) && !listed(&self.planned.plain)
    }

    /// Whether the model says more about a shape than its type.
    fn constrains(&self, name: &str) -> anyhow::Result<bool> {
        Ok(!self.rules(name)?.is_empty())
    }

    /// The calls that build what the model says about a shape.
    fn rules(&self, name: &str) -> anyhow::Result<String> {
        let shape = self.model.shape(name)?;
        if shape.kind == "structure" || is_enum(shape) {
            return Ok(String::new());
        }
        let mut rules = String::new();
        // Only what comes in is checked.
        let is_checked = self.reach.shapes.get(name).is_some_and(|sides| sides.input);
        let (least, most) =
            if matches!(shape.kind.as_str(), "integer" | "long" | "float" | "double") {
                ("at_least", "at_most")
            } else {
                ("min_length", "max_length")
            };
        if let Some(min) = shape
            .min
            .as_ref()
            .filter(|n| is_checked && (least == "at_least" || n.as_u64() != Some(0)))
        {
            write!(rules, ".{least}({})", grouped(min))?;
        }
        if let Some(max) = shape.max.as_ref().filter(|_| is_checked) {
            write!(rules, ".{most}({})", grouped(max))?;
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|_| is_checked) {
            let rewritten = self.planned.patterns.get(name).unwrap_or(pattern);
            write!(
                rules,
                ".pattern(pattern!({}, {}))",
                raw(pattern),
                raw(&patterns::translate(rewritten).with_context(|| name.to_owned())?)
            )?;
        }
        if shape.sensitive && is_checked {
            rules.push_str(".sensitive()");
        }
        if shape.kind == "blob" && shape.sensitive {
            rules.push_str(".base64()");
        }
        for (part, reference) in [
            ("member", &shape.member),
            ("key", &shape.key),
            ("value", &shape.value),
        ] {
            if let Some(reference) = reference
                && self.constrains(&reference.shape)?
            {
                write!(rules, ".{part}(&{})", screaming(&reference.shape))?;
            }
        }
        Ok(rules)
    }
}

fn is_enum(shape: &Shape) -> bool {
    shape.kind == "string" && !shape.values.is_empty()
}

fn raw(text: &str) -> String {
    let hash = if text.contains('"') { "#" } else { "" };
    format!("r{hash}\"{text}\"{hash}")
}

/// A whole number as Rust likes to read it: `131_072`.
fn grouped(number: &serde_json::Number) -> String {
    let digits = number.to_string();
    let digits = digits.strip_suffix(".0").unwrap_or(&digits);
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len() > 4 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}
