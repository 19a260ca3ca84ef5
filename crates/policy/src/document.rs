//! A policy document: what its author wrote, checked and compiled.

use std::collections::HashSet;

use crate::{
    action::ActionPattern,
    condition::{self, Condition},
    context::Context,
    error::{Findings, Path, PolicyError, Problem},
    json::Json,
    named::{self, Named, Principals},
    resource::{self, ResourcePattern},
};

/// What a policy is attached to, which decides the elements it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of a user or role, a permissions boundary, or a session policy: names no principal.
    Identity,
    /// Of a resource: names principals.
    Resource,
    /// Who may assume a role: names principals, and no resource.
    Trust,
}

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// `2008-10-17`, and every document that names no version. Policy variables are literal text.
    #[default]
    V2008,
    /// `2012-10-17`
    V2012,
}

impl Version {
    pub(crate) fn has_variables(self) -> bool {
        self == Self::V2012
    }
}

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// A policy document, ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    version: Version,
    pub(crate) statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    pub principals: Principals,
    actions: Scope<ActionPattern>,
    /// Absent in trust policies, whose resource is the role.
    resources: Option<Scope<ResourcePattern>>,
    conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq)]
enum Scope<T> {
    These(Vec<T>),
    AllBut(Vec<T>),
}

impl<T> Scope<T> {
    fn covers(&self, matches: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::These(patterns) => patterns.iter().any(matches),
            Self::AllBut(patterns) => !patterns.iter().any(matches),
        }
    }
}

impl Policy {
    /// Reads a policy document of the given kind.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Self::read(text, kind, false)
    }

    /// Reads a policy document that is to be kept: stricter than it needs to be to have a meaning, as AWS is.
    pub fn accept(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Self::read(text, kind, true)
    }

    /// The version that a document of good shape names, whatever else is wrong with it.
    pub fn version_of(text: &str) -> Version {
        let document = Json::parse(text);
        let version = document.as_ref().and_then(|document| match document {
            Json::Object(members) => members.iter().find(|(name, _)| name == "Version"),
            _ => None,
        });
        match version.and_then(|(_, value)| value.as_text()) {
            Some("2012-10-17") => Version::V2012,
            _ => Version::V2008,
        }
    }

    fn read(text: &str, kind: PolicyKind, is_new: bool) -> Result<Self, PolicyError> {
        let root = Path::Root;
        let document = Json::parse(text).ok_or_else(|| root.problem(Problem::InvalidJson))?;
        let Json::Object(members) = &document else {
            return Err(root.problem(Problem::Syntax));
        };
        let mut version = Version::default();
        let mut statements = None;
        for (name, value) in members {
            let path = Path::Member(&root, name);
            match (name.as_str(), value.as_text()) {
                ("Version", Some("2012-10-17")) => version = Version::V2012,
                ("Version", Some("2008-10-17")) => version = Version::V2008,
                ("Id", Some(_)) => {}
                ("Statement", _) => statements = Some(value),
                _ => return Err(path.problem(Problem::Syntax)),
            }
        }
        let statements = statements.map_or(&[][..], Json::items);
        if statements.is_empty() {
            return Err(root.problem(Problem::Syntax));
        }
        let path = Path::Member(&root, "Statement");
        let reader = Reader {
            kind,
            version,
            is_new,
        };
        let mut findings = Findings::default();
        findings.keep(sids_are_unique(statements, &path));
        let read = statements
            .iter()
            .enumerate()
            .filter_map(|(index, one)| {
                findings.keep(reader.statement(one, &Path::Index(&path, index)))
            })
            .collect();
        findings.end(Self {
            version,
            statements: read,
        })
    }

    /// The version of the policy language the document is written in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The ARNs and unique ids of users, roles and sessions that the policy names as principals.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        self.statements
            .iter()
            .flat_map(|statement| match &statement.principals {
                Principals::Unnamed => &[][..],
                Principals::These(named) | Principals::AllBut(named) => named,
            })
            .filter_map(|named| match named {
                Named::Arn(text) | Named::Id(text) => Some(text.as_str()),
                _ => None,
            })
    }
}

impl Statement {
    /// Whether the statement speaks about this action on this resource under these circumstances. Whom it speaks to is
    /// asked of its principals.
    pub(crate) fn covers(&self, action: &str, resource: &str, context: &Context) -> bool {
        self.actions.covers(|pattern| pattern.matches(action))
            && self.resources.as_ref().is_none_or(|resources| {
                resources.covers(|pattern| pattern.matches(resource, context))
            })
            && self.conditions.iter().all(|one| one.holds(context))
    }
}

impl Statement {
    /// Every condition key that the statement asks for, as it is written.
    pub(crate) fn context_keys(&self) -> impl Iterator<Item = &str> {
        let resources = match &self.resources {
            Some(Scope::These(resources) | Scope::AllBut(resources)) => resources.as_slice(),
            None => &[],
        };
        let variables = resources.iter().flat_map(ResourcePattern::variables);
        variables.chain(self.conditions.iter().flat_map(Condition::keys))
    }
}

/// The members of a statement, as they stand in the document.
#[derive(Default)]
struct Parts<'a> {
    sid: Option<&'a Json>,
    effect: Option<&'a Json>,
    principal: Option<&'a Json>,
    not_principal: Option<&'a Json>,
    action: Option<&'a Json>,
    not_action: Option<&'a Json>,
    resource: Option<&'a Json>,
    not_resource: Option<&'a Json>,
    condition: Option<&'a Json>,
}

impl<'a> Parts<'a> {
    fn of(value: &'a Json, path: &Path<'_>) -> Result<Self, PolicyError> {
        let Json::Object(members) = value else {
            return Err(path.problem(Problem::Syntax));
        };
        let mut parts = Self::default();
        for (name, value) in members {
            let part = match name.as_str() {
                "Sid" => &mut parts.sid,
                "Effect" => &mut parts.effect,
                "Principal" => &mut parts.principal,
                "NotPrincipal" => &mut parts.not_principal,
                "Action" => &mut parts.action,
                "NotAction" => &mut parts.not_action,
                "Resource" => &mut parts.resource,
                "NotResource" => &mut parts.not_resource,
                "Condition" => &mut parts.condition,
                _ => return Err(Path::Member(path, name).problem(Problem::Syntax)),
            };
            *part = Some(value);
        }
        Ok(parts)
    }
}

/// How a document is read.
#[derive(Clone, Copy)]
struct Reader {
    kind: PolicyKind,
    version: Version,
    /// Whether it is to be kept. What is kept already goes on having its meaning.
    is_new: bool,
}

impl Reader {
    fn statement(self, value: &Json, path: &Path<'_>) -> Result<Statement, PolicyError> {
        let parts = Parts::of(value, path)?;
        let mut findings = Findings::default();
        let effect = findings.keep(effect(parts.effect, path));
        let sid = findings.keep(sid(parts.sid, self.kind, path));
        let principals = findings.keep(principals(&parts, self.kind, path));
        let actions = findings.keep(actions(&parts, self.kind, path));
        let resources = findings.keep(self.resources(&parts, path));
        let conditions = findings.keep(match parts.condition {
            Some(value) => condition::parse(value, self.version, &Path::Member(path, "Condition")),
            None => Ok(Vec::new()),
        });
        findings.end(Statement {
            sid: sid.flatten(),
            effect: effect.unwrap_or(Effect::Deny),
            principals: principals.unwrap_or(Principals::Unnamed),
            actions: actions.unwrap_or(Scope::These(Vec::new())),
            resources: resources.flatten(),
            conditions: conditions.unwrap_or_default(),
        })
    }

    fn resources(
        self,
        parts: &Parts<'_>,
        path: &Path<'_>,
    ) -> Result<Option<Scope<ResourcePattern>>, PolicyError> {
        let compile = |value, name| {
            let parse = |text: &str| {
                if self.is_new {
                    resource::check_new(text)?;
                }
                ResourcePattern::parse(text, self.version.has_variables())
            };
            texts(
                value,
                Problem::NoResources,
                &Path::Member(path, name),
                parse,
            )
        };
        match (self.kind, parts.resource, parts.not_resource) {
            (PolicyKind::Trust, None, None) => Ok(None),
            (PolicyKind::Trust, ..) => {
                Err(Path::Member(path, "Resource").problem(Problem::ResourceInTrustPolicy))
            }
            (_, Some(value), None) => Ok(Some(Scope::These(compile(value, "Resource")?))),
            (_, None, Some(value)) => Ok(Some(Scope::AllBut(compile(value, "NotResource")?))),
            (_, None, None) => Err(path.problem(Problem::NoResources)),
            (_, Some(_), Some(_)) => Err(path.problem(Problem::Syntax)),
        }
    }
}

fn effect(value: Option<&Json>, path: &Path<'_>) -> Result<Effect, PolicyError> {
    let path = Path::Member(path, "Effect");
    match value.and_then(Json::as_text) {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        // AWS: the case of its letters is looked at only later.
        Some(text) if ["allow", "deny"].contains(&text.to_ascii_lowercase().as_str()) => {
            Err(path.problem(Problem::Legacy))
        }
        _ => Err(path.problem(Problem::Syntax)),
    }
}

fn sid(
    value: Option<&Json>,
    kind: PolicyKind,
    path: &Path<'_>,
) -> Result<Option<String>, PolicyError> {
    let path = Path::Member(path, "Sid");
    let Some(value) = value else { return Ok(None) };
    let text = value
        .as_text()
        .ok_or_else(|| path.problem(Problem::Syntax))?;
    // AWS: resource policies may have spaces in a Sid, as KMS's default key policy does.
    if kind != PolicyKind::Resource && !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(path.problem(Problem::SidCharacters));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn sids_are_unique(statements: &[Json], path: &Path<'_>) -> Result<(), PolicyError> {
    let mut seen = HashSet::new();
    for (index, statement) in statements.iter().enumerate() {
        let Json::Object(members) = statement else {
            continue;
        };
        let sid = members.iter().find(|(name, _)| name == "Sid");
        let sid = sid.and_then(|(_, value)| value.as_text());
        if sid.is_some_and(|sid| !sid.is_empty() && !seen.insert(sid)) {
            return Err(Path::Index(path, index).problem(Problem::DuplicateSid));
        }
    }
    Ok(())
}

fn principals(
    parts: &Parts<'_>,
    kind: PolicyKind,
    path: &Path<'_>,
) -> Result<Principals, PolicyError> {
    let problem = |problem| Path::Member(path, "Principal").problem(problem);
    let named = |value, name| named::parse(value, &Path::Member(path, name));
    match (kind, parts.principal, parts.not_principal) {
        (PolicyKind::Identity, None, None) => Ok(Principals::Unnamed),
        (PolicyKind::Identity, ..) => Err(problem(Problem::PrincipalInIdentityPolicy)),
        (_, Some(value), None) => Ok(Principals::These(named(value, "Principal")?)),
        (_, None, Some(value)) => Ok(Principals::AllBut(named(value, "NotPrincipal")?)),
        (_, Some(_), Some(_)) => Err(problem(Problem::Syntax)),
        (_, None, None) => Err(problem(Problem::NoPrincipal)),
    }
}

fn actions(
    parts: &Parts<'_>,
    kind: PolicyKind,
    path: &Path<'_>,
) -> Result<Scope<ActionPattern>, PolicyError> {
    let compile = |value, name| {
        let path = Path::Member(path, name);
        let patterns = texts(value, Problem::NoActions, &path, ActionPattern::parse)?;
        let sts = |one: &ActionPattern| {
            one.vendor()
                .is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts"))
        };
        if kind == PolicyKind::Trust && !patterns.iter().all(sts) {
            return Err(path.problem(Problem::ForeignActionInTrustPolicy));
        }
        Ok(patterns)
    };
    match (parts.action, parts.not_action) {
        (Some(value), None) => Ok(Scope::These(compile(value, "Action")?)),
        (None, Some(value)) => Ok(Scope::AllBut(compile(value, "NotAction")?)),
        (None, None) => Err(path.problem(Problem::NoActions)),
        (Some(_), Some(_)) => Err(path.problem(Problem::Syntax)),
    }
}

/// Reads one text or a list of texts, which must not be empty.
fn texts<T>(
    value: &Json,
    none: Problem,
    path: &Path<'_>,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, PolicyError> {
    if value.items().is_empty() {
        return Err(path.problem(none));
    }
    let mut findings = Findings::default();
    let items = value.items().iter().filter_map(|item| {
        let text = item.as_text().ok_or(Problem::Syntax);
        let parsed = text.and_then(&parse);
        findings.keep(parsed.map_err(|problem| path.problem(problem)))
    });
    let items = items.collect();
    findings.end(items)
}

#[cfg(test)]
mod tests;
