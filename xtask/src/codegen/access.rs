//! The lines of `access` in `operations.toml`: what an operation asks for before it acts.

use std::collections::BTreeSet;

use anyhow::{Context, bail};

use super::plan::{Plan, Planned};

/// What one operation asks for, spelled out.
#[derive(Debug, Default, PartialEq)]
pub struct Access {
    pub actions: Vec<String>,
    /// Kind and ARN.
    pub resources: Vec<(String, String)>,
    /// With their service; a `*` at the end stands for any rest.
    pub keys: BTreeSet<String>,
}

impl Access {
    /// Of an operation of a service, the name under which policies know it; `signing_name` is that name.
    pub fn of(
        plan: &Plan,
        service: &str,
        signing_name: &str,
        operation: &str,
    ) -> anyhow::Result<Self> {
        let planned = plan.services.get(service).context("no such service")?;
        let line = Line::of(planned, operation)?;
        let mut access = Self::default();
        if line.instead.is_empty() && line.kinds != ["nothing"] {
            access.actions.push(format!("{signing_name}:{operation}"));
        }
        for action in line.instead.iter().chain(&line.also) {
            if !action.contains(':') {
                bail!("{operation}: write `{action}` with its service");
            }
            access.actions.push((*action).to_owned());
        }
        line.add_resources(planned, &mut access.resources)?;
        access.keys = line.all_keys(planned, signing_name);
        for action in &line.also {
            let (service, name) = action.split_once(':').unwrap_or_default();
            if let Some(other) = plan.services.get(service)
                && other.access.contains_key(name)
            {
                access
                    .keys
                    .extend(Line::of(other, name)?.all_keys(other, service));
            }
        }
        Ok(access)
    }
}

/// Complains about lines for operations that are not there.
pub fn check(service: &str, planned: &Planned) -> anyhow::Result<()> {
    let known = |name: &&String| !planned.operations.contains_key(*name);
    match planned.access.keys().find(known) {
        Some(name) => bail!("{service}.access names {name}, which {service}.operations does not"),
        None => Ok(()),
    }
}

/// One line, as written.
#[derive(Default)]
struct Line<'a> {
    kinds: Vec<&'a str>,
    keys: Vec<&'a str>,
    also: Vec<&'a str>,
    instead: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn of(planned: &'a Planned, operation: &str) -> anyhow::Result<Self> {
        let text = planned
            .access
            .get(operation)
            .with_context(|| format!("{operation} has no line in the table `access`"))?;
        let line = Self::parse(text);
        if line.kinds.is_empty() {
            bail!("{operation} is authorised on no resource; write `*` or `nothing`");
        }
        Ok(line)
    }

    fn parse(text: &'a str) -> Self {
        let mut line = Self::default();
        let mut part = &mut line.kinds;
        for word in text.split_whitespace() {
            match word {
                "if" => part = &mut line.keys,
                "also" => part = &mut line.also,
                "as" => part = &mut line.instead,
                word => part.push(word),
            }
        }
        line
    }

    fn add_resources(
        &self,
        planned: &Planned,
        into: &mut Vec<(String, String)>,
    ) -> anyhow::Result<()> {
        for kind in &self.kinds {
            let arn = match (planned.resources.get(*kind), *kind) {
                (_, "nothing") => continue,
                (_, "*") => "*",
                (Some(resource), _) => resource.split(' ').next().unwrap_or_default(),
                (None, kind) => bail!("`{kind}` is no kind of resource of the table `resources`"),
            };
            into.push(((*kind).to_owned(), arn.to_owned()));
        }
        Ok(())
    }

    /// Its own condition keys and those of its kinds of resource, with their service.
    fn all_keys(&self, planned: &Planned, service: &str) -> BTreeSet<String> {
        let of_kinds = self
            .kinds
            .iter()
            .filter_map(|kind| planned.resources.get(*kind));
        let of_kinds = of_kinds.flat_map(|resource| Line::parse(resource).keys);
        let named = |key: &str| {
            // `EncryptionContext:*` has a colon of its own; a service's name is in lower case and no key of ECS has one.
            let foreign = key
                .split_once(':')
                .is_some_and(|(service, _)| service.chars().all(|c| c.is_ascii_lowercase()));
            if foreign {
                key.to_owned()
            } else {
                format!("{service}:{key}")
            }
        };
        self.keys
            .iter()
            .copied()
            .chain(of_kinds)
            .map(named)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        toml::from_str(text).unwrap()
    }

    const TABLE: &str = r#"
        [kms.operations]
        Decrypt = "read"
        ReEncrypt = "read"
        [kms.resources]
        key = "arn:kms:key if KeySpec"
        [kms.access]
        Decrypt = "key if EncryptionContext:*"
        ReEncrypt = "key as kms:ReEncryptFrom kms:ReEncryptTo"
        [ssm.operations]
        GetParameter = "read"
        ListThings = "read"
        [ssm.resources]
        parameter = "arn:ssm"
        [ssm.access]
        GetParameter = "parameter if Recursive also kms:Decrypt"
    "#;

    #[test]
    fn a_further_action_brings_its_condition_keys() {
        let access = Access::of(&plan(TABLE), "ssm", "ssm", "GetParameter").unwrap();
        assert_eq!(access.actions, ["ssm:GetParameter", "kms:Decrypt"]);
        assert_eq!(
            access.resources,
            [("parameter".to_owned(), "arn:ssm".to_owned())]
        );
        let keys: Vec<_> = access.keys.iter().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["kms:EncryptionContext:*", "kms:KeySpec", "ssm:Recursive"]
        );
    }

    #[test]
    fn actions_may_stand_in_place_of_the_operations_own() {
        let access = Access::of(&plan(TABLE), "kms", "kms", "ReEncrypt").unwrap();
        assert_eq!(access.actions, ["kms:ReEncryptFrom", "kms:ReEncryptTo"]);
    }

    #[test]
    fn an_operation_without_a_line_is_not_generated() {
        assert!(Access::of(&plan(TABLE), "ssm", "ssm", "ListThings").is_err());
    }
}
