//! Roles that services of AWS take on for their customers: ECS for its tasks, EC2 for container instances.

use policy::{Context, Principal, Request, Sources};
use store::Session;
use types::Fault;

use super::{role_arn::RoleArn, trust};
use crate::{
    World,
    identity::session::{self, Holder, SessionCredentials, SessionRecord},
};

/// What a service asks for.
#[derive(Debug, Clone, Copy)]
pub struct ServiceSession<'a> {
    /// Such as `ecs-tasks.amazonaws.com`.
    pub service: &'a str,
    pub role_arn: &'a str,
    pub session_name: &'a str,
    /// In seconds.
    pub duration: i64,
    /// The resource the service acts for, and its account: `aws:SourceArn` and `aws:SourceAccount`.
    pub source_arn: Option<&'a str>,
    pub source_account: Option<&'a str>,
    /// The ARN of the task that the session is for.
    pub task: Option<&'a str>,
    /// A session policy that narrows the session further.
    pub policy: Option<&'a str>,
}

/// Why a service does not get its session.
#[derive(Debug, thiserror::Error)]
pub enum AssumeError {
    /// The role does not exist, or its trust policy does not let the service.
    #[error("the role cannot be assumed by the service")]
    Refused,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Takes on a role as a service, if the role's trust policy lets it.
pub async fn assume_as_service(
    world: &World,
    db: &mut Session,
    wanted: ServiceSession<'_>,
) -> Result<SessionCredentials, AssumeError> {
    let arn = RoleArn::parse(wanted.role_arn).ok_or(AssumeError::Refused)?;
    let role = arn.find(db).await?.ok_or(AssumeError::Refused)?;
    let trust = trust::compile(&role)?;
    let now = world.clock.now();

    let mut context = Context::new()
        .with("aws:CurrentTime", now.to_iso8601())
        .with("aws:EpochTime", now.as_secs().to_string())
        .with("aws:SecureTransport", "true")
        .with("aws:PrincipalIsAWSService", "true")
        .with("aws:PrincipalServiceName", wanted.service)
        .with("aws:ResourceAccount", arn.account.as_str())
        .with("sts:RoleSessionName", wanted.session_name);
    for tag in &role.tags {
        context.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.as_str());
    }
    if let Some(source) = wanted.source_arn {
        context.set("aws:SourceArn", source);
    }
    if let Some(account) = wanted.source_account {
        context.set("aws:SourceAccount", account);
    }
    let request = Request {
        principal: &Principal::Service(wanted.service.to_owned()),
        action: "sts:AssumeRole",
        resource: wanted.role_arn,
        resource_account: &arn.account,
        context: &context,
    };
    let sources = Sources {
        resource: Some(&trust),
        ..Sources::default()
    };
    if !policy::evaluate(&request, &sources).is_allowed() {
        return Err(AssumeError::Refused);
    }
    let holder = Holder::Role {
        id: role.id.clone(),
        session_name: wanted.session_name.to_owned(),
    };
    let record = SessionRecord {
        policy: wanted.policy.map(str::to_owned),
        task: wanted.task.map(str::to_owned),
        ..SessionRecord::new(holder, now, wanted.duration)
    };
    let principal = session::role_principal(&role, &arn.partition, wanted.session_name);
    Ok(session::issue(world, &arn.account, principal, &record)?)
}
