//! The decision: which policies bear on a request, and what they add up to.
//!
//! AWS: the order is that of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use std::sync::Arc;

use types::AccountId;

use crate::{
    context::Context,
    decision::{Decision, Denial, Grounds, Kind, Matched, Source},
    document::{Effect, Policy},
    named::Naming,
    principal::Principal,
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub principal: &'a Principal,
    /// `service:Name`, as the API spells it.
    pub action: &'a str,
    /// The ARN, or what stands for it where there is none.
    pub resource: &'a str,
    /// Whose the resource is.
    pub resource_account: &'a AccountId,
    pub context: &'a Context,
}

/// A policy and the name under which it is attached.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The policy's name or ARN, for whoever asks which one decided.
    pub id: Arc<str>,
    pub policy: Arc<Policy>,
}

/// How a resource's policy and the identity policies of its account go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceMode {
    /// Within the account an identity policy is enough by itself.
    Ordinary,
    /// A KMS key: identity policies count only where the key policy delegates to the account.
    KeyPolicy,
    /// A role being assumed: as for a key, with the role's trust policy.
    TrustPolicy,
}

/// The policy of the resource in question.
#[derive(Debug, Clone)]
pub struct ResourcePolicy {
    pub attached: Attached,
    pub mode: ResourceMode,
}

impl Attached {
    pub fn new(id: impl Into<Arc<str>>, policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            id: id.into(),
            policy: policy.into(),
        }
    }

    /// The same policy as the one of a resource.
    pub fn of_resource(self, mode: ResourceMode) -> ResourcePolicy {
        ResourcePolicy {
            attached: self,
            mode,
        }
    }
}

/// Every policy that bears on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Of the user, or of the role whose session the caller is.
    pub identity: &'a [Attached],
    pub boundary: Option<&'a Attached>,
    /// The session's own policies, where it was given any. Together they limit it.
    pub session: Option<&'a [Attached]>,
    pub resource: Option<&'a ResourcePolicy>,
    /// The id of a KMS grant that covers the request.
    pub grant: Option<&'a str>,
}

/// Decides a request.
pub fn evaluate(request: &Request<'_>, sources: &Sources<'_>) -> Decision {
    let scan = Scan::of(request, sources);
    if let Some(matched) = scan.denied() {
        return Decision::Denied(Denial {
            kind: Kind::Explicit,
            by: matched.source,
            matched: Some(matched.clone()),
        });
    }
    let outcome = match request.principal.account() {
        Some(account) if account == request.resource_account => scan.within_account(),
        Some(_) => scan.across_accounts(),
        None => scan.for_service(),
    };
    match outcome {
        Ok(by) => Decision::Allowed { by },
        Err(by) => Decision::Denied(Denial {
            kind: Kind::Implicit,
            by,
            matched: None,
        }),
    }
}

/// The first statement of each effect that matches, of one set of policies.
#[derive(Default)]
struct Found {
    deny: Option<Matched>,
    allow: Option<Grounds>,
}

/// What each kind of policy says about the request.
struct Scan {
    identity: Found,
    /// `None` where there is no boundary, and so no limit.
    boundary: Option<Found>,
    session: Option<Found>,
    resource: ResourceFound,
    grant: Option<Grounds>,
}

/// What the resource's policy says, by how directly it names the caller.
struct ResourceFound {
    mode: ResourceMode,
    deny: Option<Matched>,
    direct: Option<Grounds>,
    role: Option<Grounds>,
    account: Option<Grounds>,
}

impl Scan {
    fn of(request: &Request<'_>, sources: &Sources<'_>) -> Self {
        let mut identity = search(sources.identity, Source::Identity, request);
        if request.principal.is_root() {
            identity.allow = Some(Grounds::AccountRoot);
        }
        Self {
            identity,
            boundary: sources
                .boundary
                .map(|one| search(std::slice::from_ref(one), Source::Boundary, request)),
            session: sources
                .session
                .map(|policies| search(policies, Source::Session, request)),
            resource: ResourceFound::of(sources.resource, request),
            grant: sources.grant.map(|id| Grounds::Grant(id.to_owned())),
        }
    }

    /// The explicit deny to report, where several would do.
    fn denied(&self) -> Option<&Matched> {
        self.resource
            .deny
            .as_ref()
            .or_else(|| self.boundary.as_ref()?.deny.as_ref())
            .or_else(|| self.session.as_ref()?.deny.as_ref())
            .or(self.identity.deny.as_ref())
    }

    fn within_account(self) -> Result<Grounds, Source> {
        let resource = self.resource;
        // AWS: a grant to the user or session itself is not limited by boundary or session policy.
        if let Some(grounds) = resource.direct {
            return Ok(grounds);
        }
        within(self.boundary.as_ref(), Source::Boundary)?;
        within(self.session.as_ref(), Source::Session)?;
        if let Some(grounds) = resource.role.or(self.grant) {
            return Ok(grounds);
        }
        let delegated = resource.mode == ResourceMode::Ordinary || resource.account.is_some();
        if !delegated {
            return Err(resource.mode.source());
        }
        self.identity.allow.ok_or(Source::Identity)
    }

    /// Both sides must agree: the resource's policy (or a grant), and the caller's own account.
    fn across_accounts(self) -> Result<Grounds, Source> {
        within(self.boundary.as_ref(), Source::Boundary)?;
        within(self.session.as_ref(), Source::Session)?;
        let resource = self.resource;
        let grounds = resource
            .direct
            .or(resource.role)
            .or(resource.account)
            .or(self.grant)
            .ok_or(resource.mode.source())?;
        match self.identity.allow {
            Some(_) => Ok(grounds),
            None => Err(Source::Identity),
        }
    }

    /// A service has no identity policies: it may do what the resource's policy lets it.
    fn for_service(self) -> Result<Grounds, Source> {
        self.resource.direct.ok_or(self.resource.mode.source())
    }
}

/// A limit that is there must allow.
fn within(limit: Option<&Found>, source: Source) -> Result<(), Source> {
    match limit {
        Some(Found { allow: None, .. }) => Err(source),
        _ => Ok(()),
    }
}

impl ResourceMode {
    pub(crate) fn source(self) -> Source {
        match self {
            Self::Ordinary | Self::KeyPolicy => Source::Resource,
            Self::TrustPolicy => Source::Trust,
        }
    }
}

impl ResourceFound {
    fn of(policy: Option<&ResourcePolicy>, request: &Request<'_>) -> Self {
        let mut found = Self {
            mode: policy.map_or(ResourceMode::Ordinary, |policy| policy.mode),
            deny: None,
            direct: None,
            role: None,
            account: None,
        };
        let Some(policy) = policy else { return found };
        let source = found.mode.source();
        for (index, naming, effect) in matching(&policy.attached, request) {
            let matched = || matched(&policy.attached, index, source);
            match (effect, naming) {
                (Effect::Deny, _) => found.deny = found.deny.or_else(|| Some(matched())),
                (Effect::Allow, Naming::Direct) => keep(&mut found.direct, matched),
                (Effect::Allow, Naming::Role) => keep(&mut found.role, matched),
                (Effect::Allow, Naming::Account) => keep(&mut found.account, matched),
            }
        }
        found
    }
}

fn keep(place: &mut Option<Grounds>, matched: impl FnOnce() -> Matched) {
    if place.is_none() {
        *place = Some(Grounds::Statement(matched()));
    }
}

fn search(policies: &[Attached], source: Source, request: &Request<'_>) -> Found {
    let mut found = Found::default();
    for attached in policies {
        for (index, _, effect) in matching(attached, request) {
            match effect {
                Effect::Deny if found.deny.is_none() => {
                    found.deny = Some(matched(attached, index, source));
                }
                Effect::Allow => keep(&mut found.allow, || matched(attached, index, source)),
                Effect::Deny => {}
            }
        }
    }
    found
}

/// The statements of a policy that speak about the request and to the caller.
pub(crate) fn matching<'a>(
    attached: &'a Attached,
    request: &'a Request<'_>,
) -> impl Iterator<Item = (usize, Naming, Effect)> + 'a {
    let statements = attached.policy.statements.iter().enumerate();
    statements.filter_map(|(index, statement)| {
        let naming = statement.principals.naming(request.principal)?;
        statement
            .covers(request.action, request.resource, request.context)
            .then_some((index, naming, statement.effect))
    })
}

pub(crate) fn matched(attached: &Attached, index: usize, source: Source) -> Matched {
    let statement = attached.policy.statements.get(index);
    Matched {
        source,
        policy: attached.id.to_string(),
        statement: index,
        sid: statement.and_then(|statement| statement.sid.clone()),
    }
}
