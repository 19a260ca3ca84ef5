//! The roles of a task: whether the caller may pass them, and whether ECS may assume them.

use api::ecs::Error;
use store::{Session, ecs::Home};
use types::Fault;

use super::place_of;
use crate::{
    Access, Cx, World,
    identity::{SessionCredentials, authorize_pass_role},
    sts::{AssumeError, ServiceSession, assume_as_service},
};

/// The service that tasks' roles trust.
const ECS_TASKS: &str = "ecs-tasks.amazonaws.com";

/// The service that the role of container instances trusts.
const EC2: &str = "ec2.amazonaws.com";

/// How long the credentials of a task are good for, as on AWS. They are renewed well before.
const TASK_SESSION_SECS: i64 = 6 * 60 * 60;

/// How long the credentials of an agent are good for.
const HOST_SESSION_SECS: i64 = 60 * 60;

/// Refuses a caller who may not hand this role to ECS.
pub(super) async fn authorize_passing(cx: &mut Cx, role_arn: Option<&str>) -> Result<(), Error> {
    match role_arn {
        Some(role_arn) => Ok(authorize_pass_role(cx, role_arn, ECS_TASKS).await?),
        None => Ok(()),
    }
}

/// Refuses a caller who may not hand this execution role to ECS. A role that is assumed in AWS is of an account there,
/// and the caller's policies decide about its ARN all the same.
pub(super) async fn authorize_passing_execution_role(
    cx: &mut Cx,
    role_arn: Option<&str>,
) -> Result<(), Error> {
    match role_arn {
        Some(role_arn) if cx.world.settings.reads_from_aws(cx.account()) => {
            let access = Access::new("iam:PassRole", role_arn);
            Ok(cx.authorize(access.with("iam:PassedToService", ECS_TASKS))?)
        }
        _ => authorize_passing(cx, role_arn).await,
    }
}

/// A session of a task's role, named after the task and narrowed by the policy, or why ECS cannot have it.
pub(super) async fn assume(
    world: &World,
    db: &mut Session,
    role_arn: &str,
    home: &Home,
    task_arn: &str,
    task: &str,
    policy: Option<&str>,
) -> Result<Result<SessionCredentials, String>, Fault> {
    let wanted = ServiceSession {
        service: ECS_TASKS,
        role_arn,
        session_name: task,
        duration: TASK_SESSION_SECS,
        source_arn: Some(task_arn),
        source_account: Some(home.account.as_str()),
        task: Some(task_arn),
        policy,
    };
    match assume_as_service(world, db, wanted).await {
        Ok(session) => Ok(Ok(session)),
        Err(AssumeError::Refused) => Ok(Err(cannot_assume(role_arn))),
        Err(AssumeError::Fault(fault)) => Err(fault),
    }
}

/// A session of the instance role for a host, or for what the policy leaves of it.
pub(super) async fn assume_for_host(
    world: &World,
    db: &mut Session,
    role_arn: &str,
    home: &Home,
    host: &str,
    policy: Option<&str>,
) -> Result<Result<SessionCredentials, String>, Fault> {
    let place = place_of(home);
    let wanted = ServiceSession {
        service: EC2,
        role_arn,
        session_name: host,
        duration: HOST_SESSION_SECS,
        source_arn: None,
        source_account: Some(place.account.as_str()),
        task: None,
        policy,
    };
    match assume_as_service(world, db, wanted).await {
        Ok(session) => Ok(Ok(session)),
        Err(AssumeError::Refused) => Ok(Err(format!("the role {role_arn} does not trust {EC2}"))),
        Err(AssumeError::Fault(fault)) => Err(fault),
    }
}

/// The refusal of a role that does not exist, or whose trust policy does not name ECS.
fn cannot_assume(role_arn: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role_arn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )
}
