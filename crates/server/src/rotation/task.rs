//! Rotators that are task definitions of this server: each step is a task under the rotation role, which says with its
//! exit code how it went.
//!
//! The step stands in the environment of the container, where everyone who may describe the task reads it. The role's
//! credentials do not: the task finds them where every task finds those of its role.

use std::time::Duration;

use domain::{
    ecs::own_tasks::{self, OwnTask, StartRefused, Started},
    secretsmanager::rotation::TaskTarget,
};
use store::ecs::Home;
use types::Timestamp;

use super::{
    invocation::{Invocation, InvokeError},
    message,
};

/// Who the task is started by.
const SERVICE: &str = "secretsmanager.amazonaws.com";

/// How often a task that runs is looked at.
const POLL: Duration = Duration::from_millis(500);

/// How long a task whose time was up may take to stop. The next attempt does not begin beside it.
const STOP_SECS: i64 = 150;

/// Runs the task of one step to its end. A task that was started for this step before, by a server that has ended since,
/// is waited for and not started again.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    target: &TaskTarget,
) -> Result<(), InvokeError> {
    let wanted = wanted(invocation, target);
    let started = own_tasks::start(invocation.world, &wanted).await;
    let started = started.map_err(|refused| match refused {
        StartRefused::Because(why) => InvokeError::TaskRefused(why),
        StartRefused::Fault(fault) => InvokeError::Fault(fault),
    })?;
    wait(invocation, &started).await
}

fn wanted<'a>(invocation: &'a Invocation<'_>, target: &'a TaskTarget) -> OwnTask<'a> {
    let claim = invocation.claim;
    OwnTask {
        service: SERVICE,
        home: Home {
            account: claim.account.clone(),
            region: claim.region.clone(),
        },
        cluster: &target.cluster,
        task_definition: &target.task_definition,
        container: target.container.as_deref(),
        role_arn: &invocation.session.role_arn,
        environment: vec![
            ("SEALIFT_ROTATION_STEP", claim.step.as_str().to_owned()),
            ("SEALIFT_ROTATION_SECRET_ID", claim.secret_arn.clone()),
            ("SEALIFT_ROTATION_TOKEN", claim.version.clone()),
            ("SEALIFT_ROTATION_EVENT", message::event(claim)),
        ],
        token: claim.step_token(),
    }
}

async fn wait(invocation: &Invocation<'_>, started: &Started) -> Result<(), InvokeError> {
    let world = invocation.world;
    let timeout = invocation.rotator.timeout;
    let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
    let mut stop_by: Option<Timestamp> = None;
    loop {
        match own_tasks::outcome(world, started).await? {
            Some(Ok(())) => return Ok(()),
            Some(Err(_)) if stop_by.is_some() => return Err(InvokeError::Timeout(timeout)),
            Some(Err(why)) => {
                let arn = started.arn.clone();
                return Err(InvokeError::Task { arn, why });
            }
            None => {}
        }
        let now = world.clock.now();
        match stop_by {
            None if now >= started.created_at.plus_secs(seconds) => {
                let reason = format!("The step of the rotation did not end within {seconds} s");
                own_tasks::stop(world, SERVICE, started, &reason).await?;
                stop_by = Some(now.plus_secs(STOP_SECS));
            }
            Some(stop_by) if now >= stop_by => return Err(InvokeError::Timeout(timeout)),
            _ => {}
        }
        tokio::time::sleep(POLL).await;
    }
}
