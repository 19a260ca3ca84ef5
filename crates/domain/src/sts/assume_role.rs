//! `sts:AssumeRole`

use api::{
    CommonError, Modeled as _,
    sts::{
        AssumedRoleUser, Credentials, Error, PolicyDescriptorType,
        assume_role::{AssumeRole, Input, Output},
    },
};
use policy::{Policy, PolicyKind, ResourcePolicy};
use store::iam::RoleRow;
use types::Tag;

use super::{
    role_arn::RoleArn,
    session_tags::{self, SessionTags},
    trust,
};
use crate::{
    Access, Cx, Decided, Operation,
    identity::{
        SessionCredentials, aws_managed,
        session::{self, SessionRecord},
    },
};

/// How long a session lasts when nobody says.
const DEFAULT_DURATION: i64 = 3600;
/// How long a session can last that a session asked for.
const CHAINED_LIMIT: i64 = 3600;
/// What session policies and tags can take together.
const PACKED_LIMIT: usize = 4096;
/// How many managed policies can limit a session.
const MANAGED_LIMIT: usize = 10;

impl Operation for AssumeRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let Some(arn) = RoleArn::parse(&input.role_arn) else {
            return Err(invalid(format!("{} is invalid", input.role_arn)));
        };
        let requested = request_tags(&input);
        let transitive = input.transitive_tag_keys.clone().unwrap_or_default();
        let tags = session_tags::combine(requested.clone(), transitive, cx.caller.session.as_ref())
            .map_err(|problem| CommonError::InvalidParameterValue(problem.to_string()))?;
        let policy_arns = session_policies(cx, &input).await?;
        let packed = packed_size(&input, &policy_arns, &tags)?;

        let role = arn.find(&mut cx.db).await?;
        let role = authorize(cx, role, &arn, &input, &requested)?;
        let duration = duration(cx, &role, input.duration_seconds)?;
        let source_identity = source_identity(cx, &input)?;

        let record = SessionRecord {
            role_id: role.id.clone(),
            session_name: input.role_session_name,
            issued: cx.now(),
            expires: cx.now().plus_secs(duration),
            policy: input.policy,
            policy_arns,
            tags: tags.tags,
            transitive_tag_keys: tags.transitive,
            source_identity: source_identity.clone(),
            task: None,
        };
        let made = session::issue(&cx.world, &role, &arn.partition, &record)?;
        Ok(Output {
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: Some(made.principal.user_id()),
                arn: Some(made.principal.arn()),
            }),
            credentials: Some(credentials(made)),
            packed_policy_size: packed,
            source_identity,
        })
    }
}

/// Asks the role's trust policy about everything the caller wants.
fn authorize(
    cx: &mut Cx,
    role: Option<RoleRow>,
    arn: &RoleArn,
    input: &Input,
    tags: &[Tag],
) -> Result<RoleRow, Error> {
    let Some(role) = role else {
        cx.decided.push(Decided {
            action: AssumeRole::ACTION.to_owned(),
            resource: input.role_arn.clone(),
            allowed: false,
            statement: "there is no such role".to_owned(),
        });
        return Err(denied(cx, AssumeRole::ACTION, &input.role_arn));
    };
    let trust = trust::compile(&role)?;
    let mut actions = vec![AssumeRole::ACTION];
    if !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if input.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        let access = access(action, &role, arn, input, tags, trust.clone());
        match cx.authorize(access) {
            Err(CommonError::AccessDenied(_)) => return Err(denied(cx, action, &input.role_arn)),
            decided => decided?,
        }
    }
    Ok(role)
}

fn access(
    action: &str,
    role: &RoleRow,
    arn: &RoleArn,
    input: &Input,
    tags: &[Tag],
    trust: ResourcePolicy,
) -> Access {
    let access = Access::new(action, input.role_arn.as_str())
        .resource_account(&arn.account)
        .resource_policy(Some(trust))
        .with("sts:RoleSessionName", input.role_session_name.as_str())
        .with_some("sts:ExternalId", input.external_id.as_deref())
        .with_some("sts:SourceIdentity", input.source_identity.as_deref())
        .with_resource_tags(pairs(&role.tags))
        .with_request_tags(pairs(tags));
    match &input.transitive_tag_keys {
        Some(keys) => access.with_list("sts:TransitiveTagKeys", keys.iter().cloned()),
        None => access,
    }
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
    if cx.caller.session.is_some() && wanted > CHAINED_LIMIT {
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

fn request_tags(input: &Input) -> Vec<Tag> {
    let tags = input.tags.iter().flatten().map(|tag| Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    });
    tags.collect()
}

fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// Checks the session policies and gives the ARNs of those that are managed.
async fn session_policies(cx: &mut Cx, input: &Input) -> Result<Vec<String>, Error> {
    if let Some(document) = &input.policy {
        Policy::parse(document, PolicyKind::Identity)
            .map_err(|error| Error::MalformedPolicyDocument(error.to_string()))?;
    }
    let mut arns = Vec::new();
    for PolicyDescriptorType { arn } in input.policy_arns.iter().flatten() {
        let arn = arn.clone().unwrap_or_default();
        let exists =
            aws_managed::find(&arn).is_some() || cx.db.managed_policy(&arn).await?.is_some();
        if !exists {
            return Err(invalid(format!("PolicyArn {arn} does not exist.")));
        }
        arns.push(arn);
    }
    if arns.len() > MANAGED_LIMIT {
        return Err(Error::PackedPolicyTooLarge(format!(
            "Cannot exceed quota for PolicyArns: {MANAGED_LIMIT}"
        )));
    }
    Ok(arns)
}

/// How much of the room for session policies and tags is taken, in percent; absent where there are none.
fn packed_size(input: &Input, arns: &[String], tags: &SessionTags) -> Result<Option<i32>, Error> {
    let policies = input.policy.iter().chain(arns).map(String::len);
    let tags = tags.tags.iter().map(|tag| tag.key.len() + tag.value.len());
    let size: usize = policies.chain(tags).sum();
    if size == 0 {
        return Ok(None);
    }
    let percent = (size * 100).div_ceil(PACKED_LIMIT);
    if percent > 100 {
        return Err(Error::PackedPolicyTooLarge(format!(
            "Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )));
    }
    Ok(i32::try_from(percent).ok())
}

fn credentials(made: SessionCredentials) -> Credentials {
    Credentials {
        access_key_id: Some(made.access_key_id),
        secret_access_key: Some(made.secret_access_key),
        session_token: Some(made.session_token),
        expiration: Some(made.expiration),
    }
}

fn invalid(text: String) -> Error {
    CommonError::Validation(text).into()
}
