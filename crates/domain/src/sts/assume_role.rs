//! `sts:AssumeRole`

use api::{
    CommonError, Modeled as _,
    sts::{
        AssumedRoleUser, Error,
        assume_role::{AssumeRole, Input, Output},
    },
};
use policy::{Principal, ResourcePolicy};
use store::iam::RoleRow;

use super::{
    credentials,
    role_arn::RoleArn,
    session_policies::{self, pairs},
    session_tags::{self, SessionTags},
    trust,
};
use crate::{
    Access, Cx, Decided, Operation,
    identity::session::{self, Holder, SessionRecord},
};

/// How long a session lasts when nobody says.
const DEFAULT_DURATION: i64 = 3600;
/// How long a session can last that a session asked for.
const CHAINED_LIMIT: i64 = 3600;

impl Operation for AssumeRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let Some(arn) = RoleArn::parse(&input.role_arn) else {
            return Err(invalid(format!("{} is invalid", input.role_arn)));
        };
        credentials::refuse_mfa(input.serial_number.as_deref(), input.token_code.as_deref())?;
        let tags = session_policies::read_tags(input.tags.as_deref());
        let transitive = input.transitive_tag_keys.clone().unwrap_or_default();
        let tags = session_tags::combine(tags, transitive, cx.caller.session.as_ref())
            .map_err(|problem| CommonError::InvalidParameterValue(problem.to_string()))?;
        session_policies::check_text(input.policy.as_deref())?;

        let source_identity = source_identity(cx, &input)?;

        let wanted = Wanted {
            input: &input,
            arn: &arn,
            tags: &tags,
            source_identity: source_identity.as_deref(),
        };
        let role = arn.find(&mut cx.db).await?;
        let role = authorize(cx, role, &wanted)?;
        let duration = duration(cx, &role, input.duration_seconds)?;
        let given = input.policy_arns.as_deref();
        let policy_arns = session_policies::find_managed(cx, &arn.account, given).await?;
        let packed = packed_size(&input, &policy_arns, &tags)?;

        let principal = session::role_principal(&role, &arn.partition, &input.role_session_name);
        let holder = Holder::Role {
            id: role.entity.id,
            session_name: input.role_session_name,
        };
        let record = SessionRecord {
            policy: input.policy,
            policy_arns,
            tags: tags.tags,
            transitive_tag_keys: tags.transitive,
            source_identity: source_identity.clone(),
            ..SessionRecord::new(holder, cx.now(), duration)
        };
        let made = session::issue(&cx.world, &arn.account, principal, &record)?;
        Ok(Output {
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: Some(made.principal.user_id()),
                arn: Some(made.principal.arn()),
            }),
            credentials: Some(credentials::show(made)),
            packed_policy_size: packed,
            source_identity,
        })
    }
}

/// What the new session is to be.
struct Wanted<'a> {
    input: &'a Input,
    arn: &'a RoleArn,
    /// With those that follow from the calling session.
    tags: &'a SessionTags,
    source_identity: Option<&'a str>,
}

/// Asks the role's trust policy about everything the caller wants.
fn authorize(cx: &mut Cx, role: Option<RoleRow>, wanted: &Wanted<'_>) -> Result<RoleRow, Error> {
    let input = wanted.input;
    let Some(role) = role else {
        note_refusal(cx, input, "there is no such role");
        return Err(denied(cx, AssumeRole::ACTION, &input.role_arn));
    };
    if matches!(cx.caller.principal, Principal::FederatedUser { .. }) {
        // AWS: a federated user calls no operation of STS but GetCallerIdentity.
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        note_refusal(cx, input, "a federated user assumes no roles");
        return Err(denied(cx, AssumeRole::ACTION, &input.role_arn));
    }
    let trust = trust::compile(&role)?;
    let mut actions = vec![AssumeRole::ACTION];
    // AWS: also for tags and an identity that come along from the calling session.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    if !wanted.tags.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if wanted.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        let access = access(action, &role, wanted, trust.clone());
        match cx.authorize(access) {
            Err(CommonError::AccessDenied(_)) => return Err(denied(cx, action, &input.role_arn)),
            decided => decided?,
        }
    }
    Ok(role)
}

/// What no policy decided is in the audit record too.
fn note_refusal(cx: &mut Cx, input: &Input, why: &str) {
    cx.decided.push(Decided {
        action: AssumeRole::ACTION.to_owned(),
        resource: input.role_arn.clone(),
        allowed: false,
        statement: why.to_owned(),
    });
}

fn access(action: &str, role: &RoleRow, wanted: &Wanted<'_>, trust: ResourcePolicy) -> Access {
    let Wanted { input, tags, .. } = wanted;
    let access = Access::new(action, input.role_arn.as_str())
        .resource_account(&wanted.arn.account)
        .resource_policy(Some(trust))
        .with("sts:RoleSessionName", input.role_session_name.as_str())
        .with_some("sts:ExternalId", input.external_id.as_deref())
        .with_some("sts:SourceIdentity", wanted.source_identity)
        .with_resource_tags(pairs(&role.tags))
        .with_request_tags(pairs(&tags.tags));
    if tags.transitive.is_empty() {
        return access;
    }
    access.with_list("sts:TransitiveTagKeys", tags.transitive.iter().cloned())
}

/// AWS: the refusal gives no reason, and is the same for a role that does not exist.
fn denied(cx: &Cx, action: &str, role_arn: &str) -> Error {
    let caller = cx.caller.principal.arn();
    let text =
        format!("User: {caller} is not authorized to perform: {action} on resource: {role_arn}");
    CommonError::AccessDenied(text).into()
}

fn duration(cx: &Cx, role: &RoleRow, seconds: Option<i32>) -> Result<i64, Error> {
    let wanted = seconds.map_or(DEFAULT_DURATION, i64::from);
    // A user with temporary credentials is no role, so that is no chain.
    let is_chained = matches!(cx.caller.principal, Principal::RoleSession { .. });
    if is_chained && wanted > CHAINED_LIMIT {
        let text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(invalid(text.to_owned()));
    }
    if wanted > role.max_session_duration {
        let text =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(invalid(text.to_owned()));
    }
    Ok(wanted)
}

/// A source identity stays with a person through every role they take on.
fn source_identity(cx: &Cx, input: &Input) -> Result<Option<String>, Error> {
    let known = cx
        .caller
        .session
        .as_ref()
        .and_then(|session| session.source_identity.clone());
    match (known, &input.source_identity) {
        (Some(known), Some(wanted)) if known != *wanted => {
            Err(denied(cx, "sts:SetSourceIdentity", &input.role_arn))
        }
        (Some(known), _) => Ok(Some(known)),
        (None, wanted) => Ok(wanted.clone()),
    }
}

/// How much room the session's policies and tags take; absent where it has none.
fn packed_size(input: &Input, arns: &[String], tags: &SessionTags) -> Result<Option<i32>, Error> {
    if input.policy.is_none() && arns.is_empty() && tags.tags.is_empty() {
        return Ok(None);
    }
    session_policies::packed_size(input.policy.as_deref(), arns, &tags.tags).map(Some)
}

fn invalid(text: String) -> Error {
    CommonError::Validation(text).into()
}
