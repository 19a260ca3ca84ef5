//! What `SimulateCustomPolicy` and `SimulatePrincipalPolicy` have in common: from a question to its results.

use api::iam::{
    ContextEntry, Error, EvaluationResult, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType, PolicySourceType, Position, ResourceSpecificResult, Statement,
};
use policy::{
    Attached, Context, Decision, Kind, Matched, PolicyKind, Principal, Request, ResourceMode,
    ResourcePolicy, Simulation, Source, Sources, statement_positions,
};
use types::{AccountId, Arn};

use super::{
    page::{Page, Paged},
    simulated::{self, Simulated},
};
use crate::Cx;

/// What is asked, in the words of the request.
pub(super) struct Question {
    pub actions: Vec<String>,
    pub resources: Option<Vec<String>>,
    pub resource_policy: Option<String>,
    pub resource_owner: Option<String>,
    /// The ARN of the user who is to be imagined as the caller.
    pub caller: Option<String>,
    pub context: Option<Vec<ContextEntry>>,
    pub max_items: Option<i32>,
    pub marker: Option<String>,
}

/// The policies it is asked of.
pub(super) struct Policies {
    pub identity: Vec<Simulated>,
    pub boundary: Option<Simulated>,
}

/// One result per action and resource.
pub(super) fn answer(
    cx: &Cx,
    question: &Question,
    policies: &Policies,
) -> Result<Paged<EvaluationResult>, Error> {
    let page = Page::new(question.marker.as_deref(), question.max_items)?;
    let setting = Setting::of(cx, question, policies)?;
    let mut results = Vec::new();
    for action in &question.actions {
        check_action(action)?;
        match &question.resources {
            None => results.push(setting.result(action, "*", false)),
            Some(resources) => {
                let each = resources
                    .iter()
                    .map(|one| setting.result(action, one, true));
                results.extend(each);
            }
        }
    }
    let numbered: Vec<_> = results
        .into_iter()
        .zip(1_u32..)
        .map(|(result, n)| (format!("{n:08}"), result))
        .collect();
    let paged = page.cut_all(numbered, |(key, _)| key.clone());
    Ok(paged.map(|(_, result)| result))
}

fn check_action(action: &str) -> Result<(), Error> {
    // AWS: simulates one action at a time; a wildcard is no action.
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    let named = action.split_once(':').is_some_and(|(service, name)| {
        !service.is_empty() && !name.is_empty() && !name.contains([':', '*', '?'])
    });
    if named {
        return Ok(());
    }
    Err(Error::InvalidInput(format!("Invalid Action: {action}")))
}

/// Everything that stays the same from one result to the next.
struct Setting<'a> {
    policies: &'a Policies,
    identity: Vec<Attached>,
    resource: Option<(ResourcePolicy, String)>,
    principal: Principal,
    /// Whose the resources are whose ARN does not say.
    owner: AccountId,
    context: Context,
}

impl<'a> Setting<'a> {
    fn of(cx: &Cx, question: &Question, policies: &'a Policies) -> Result<Self, Error> {
        let principal = match &question.caller {
            Some(arn) => user(arn)?,
            None if question.resource_policy.is_some() => {
                let text = "CallerArn must be specified when ResourcePolicy is specified.";
                return Err(Error::InvalidInput(text.to_owned()));
            }
            None => nobody_in_particular(cx),
        };
        let account = principal.account().unwrap_or(cx.account()).clone();
        let owner = match &question.resource_owner {
            Some(named) => account_of(named)?,
            None => account,
        };
        let resource = match &question.resource_policy {
            Some(text) => {
                let policy = simulated::parse(text, PolicyKind::Resource)?;
                let attached = Attached::new("ResourcePolicy", policy);
                Some((attached.of_resource(ResourceMode::Ordinary), text.clone()))
            }
            None => None,
        };
        let attached = policies.identity.iter().map(|one| one.attached.clone());
        Ok(Self {
            policies,
            identity: attached.collect(),
            resource,
            principal,
            owner,
            context: context(question.context.as_deref().unwrap_or_default()),
        })
    }

    fn result(&self, action: &str, resource: &str, named: bool) -> EvaluationResult {
        let found = self.simulate(action, resource);
        let decision = decision(&found.decision);
        let matched: Vec<_> = found.matched.iter().map(|one| self.shown(one)).collect();
        let missing = found.missing_keys;
        let boundary = found
            .boundary_allows
            .map(|allows| PermissionsBoundaryDecisionDetail {
                allowed_by_permissions_boundary: Some(allows),
            });
        // AWS: results for resources that were named are told once more under each.
        let specific = named.then(|| {
            vec![ResourceSpecificResult {
                eval_resource_name: Some(resource.to_owned()),
                eval_resource_decision: Some(decision),
                matched_statements: Some(matched.clone()),
                missing_context_values: Some(missing.clone()),
                permissions_boundary_decision_detail: boundary.clone(),
                eval_decision_details: None,
            }]
        });
        EvaluationResult {
            eval_action_name: Some(action.to_owned()),
            eval_resource_name: Some(resource.to_owned()),
            eval_decision: Some(decision),
            matched_statements: Some(matched),
            missing_context_values: Some(missing),
            organizations_decision_detail: None,
            permissions_boundary_decision_detail: boundary,
            eval_decision_details: None,
            resource_specific_results: specific,
        }
    }

    fn simulate(&self, action: &str, resource: &str) -> Simulation {
        let named = resource.parse::<Arn>().ok();
        let named = named.and_then(|arn| arn.account.parse::<AccountId>().ok());
        // Without a resource policy only the caller's own policies are asked, whoever the resource belongs to.
        let account = match &self.resource {
            Some(_) => named.unwrap_or_else(|| self.owner.clone()),
            None => self.principal.account().unwrap_or(&self.owner).clone(),
        };
        let request = Request {
            principal: &self.principal,
            action,
            resource,
            resource_account: &account,
            context: &self.context,
        };
        let sources = Sources {
            identity: &self.identity,
            boundary: self.policies.boundary.as_ref().map(|one| &one.attached),
            resource: self.resource.as_ref().map(|(policy, _)| policy),
            ..Sources::default()
        };
        policy::simulate(&request, &sources)
    }

    /// A statement by its policy and place.
    fn shown(&self, matched: &Matched) -> Statement {
        let (text, kind) = match (matched.source, &self.resource) {
            (Source::Resource, Some((_, text))) => (text.as_str(), PolicySourceType::Resource),
            _ => self.text_of(matched),
        };
        let place = statement_positions(text).get(matched.statement).copied();
        let position = |at: policy::Position| Position {
            line: i32::try_from(at.line).ok(),
            column: i32::try_from(at.column).ok(),
        };
        Statement {
            source_policy_id: Some(matched.policy.clone()),
            source_policy_type: Some(kind),
            start_position: place.map(|(start, _)| position(start)),
            end_position: place.map(|(_, end)| position(end)),
        }
    }

    fn text_of(&self, matched: &Matched) -> (&str, PolicySourceType) {
        let Policies { identity, boundary } = self.policies;
        let is_it = |one: &&Simulated| *one.attached.id == *matched.policy;
        let found = match matched.source {
            Source::Boundary => boundary.as_ref(),
            _ => identity.iter().find(is_it),
        };
        found.map_or(("", PolicySourceType::None), |one| {
            (one.text.as_str(), one.kind)
        })
    }
}

fn decision(decision: &Decision) -> PolicyEvaluationDecisionType {
    match decision {
        Decision::Allowed { .. } => PolicyEvaluationDecisionType::Allowed,
        Decision::Denied(denial) if denial.kind == Kind::Explicit => {
            PolicyEvaluationDecisionType::ExplicitDeny
        }
        Decision::Denied(_) => PolicyEvaluationDecisionType::ImplicitDeny,
    }
}

fn context(entries: &[ContextEntry]) -> Context {
    let mut context = Context::new();
    for entry in entries {
        let Some(key) = &entry.context_key_name else {
            continue;
        };
        let values = entry.context_key_values.clone().unwrap_or_default();
        let is_list = entry
            .context_key_type
            .is_some_and(|kind| kind.as_str().ends_with("List"));
        match (is_list, values.as_slice()) {
            (false, [one]) => context.set(key, one.as_str()),
            _ => context.set_list(key, values),
        }
    }
    context
}

fn nobody_in_particular(cx: &Cx) -> Principal {
    Principal::User {
        partition: cx.partition().to_owned(),
        account: cx.account().clone(),
        path: "/".to_owned(),
        name: String::new(),
        id: String::new(),
    }
}

/// AWS: only a user can be imagined as the caller.
fn user(arn: &str) -> Result<Principal, Error> {
    let invalid = || Error::InvalidInput(format!("Invalid CallerArn: {arn}"));
    let parsed: Arn = arn.parse().map_err(|_| invalid())?;
    let account = parsed.account.parse().map_err(|_| invalid())?;
    let user = parsed
        .resource
        .strip_prefix("user")
        .filter(|_| parsed.service == "iam");
    let (path, name) = user
        .and_then(|user| user.rsplit_once('/'))
        .ok_or_else(invalid)?;
    Ok(Principal::User {
        partition: parsed.partition,
        account,
        path: format!("{path}/"),
        name: name.to_owned(),
        id: String::new(),
    })
}

/// An account, by its id or the ARN of its root.
fn account_of(named: &str) -> Result<AccountId, Error> {
    let arn = named.parse::<Arn>().map(|arn| arn.account);
    let id = arn.unwrap_or_else(|_| named.to_owned());
    id.parse()
        .map_err(|_| Error::InvalidInput(format!("Invalid ResourceOwner: {named}")))
}

/// What both operations read of a boundary: one at most.
pub(super) fn only_boundary(given: Option<Vec<String>>) -> Result<Option<Simulated>, Error> {
    let given = given.unwrap_or_default();
    if given.len() > 1 {
        let text = "Only one permissions boundary policy can be specified.";
        return Err(Error::InvalidInput(text.to_owned()));
    }
    let read = simulated::given("PermissionsBoundaryPolicyInputList", given)?;
    Ok(read.into_iter().next())
}
