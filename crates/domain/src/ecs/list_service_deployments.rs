//! `ecs:ListServiceDeployments`

use api::{
    Modeled,
    ecs::{
        Error, ServiceDeploymentStatus,
        list_service_deployments::{Input, ListServiceDeployments, Output},
    },
};
use store::ecs::{ServiceDeploymentFilter, ServiceRow};
use types::Timestamp;

use super::{
    page,
    services::{self, Attempt},
};
use crate::{Access, Cx, Operation};

/// AWS: twenty, where the caller does not say.
const USUAL: i32 = 20;

impl Operation for ListServiceDeployments {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = services::find(cx, input.cluster.as_deref(), &input.service).await?;
        cx.authorize(
            Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.cluster.arn),
        )?;
        let row = found.existing(cx).await?;
        let size = page::size(Some(input.max_results.unwrap_or(USUAL)))?;
        let behind = behind(input.next_token.as_deref())?;
        let mut attempts = listed(cx, &row, &input, behind.as_ref(), size + 1).await?;
        let more = attempts.len() > size;
        attempts.truncate(size);
        let last = attempts.last().filter(|_| more).map(|one| &one.record);
        Ok(Output {
            next_token: last
                .map(|one| page::token(&format!("{} {}", one.created_at.as_millis(), one.id))),
            service_deployments: Some(attempts.iter().map(Attempt::brief).collect()),
        })
    }
}

/// What the page goes on behind.
fn behind(token: Option<&str>) -> Result<Option<(Timestamp, String)>, Error> {
    let text = page::after(token)?;
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.split_once(' ').and_then(|(millis, id)| {
        let moment = Timestamp::from_millis(millis.parse().ok()?);
        Some((moment, id.to_owned()))
    });
    match parsed {
        Some(behind) => Ok(Some(behind)),
        None => Err(Error::InvalidParameter("Invalid token.".to_owned())),
    }
}

/// The newest first: the last attempt, which stands with the service, and then what is history.
async fn listed(
    cx: &mut Cx,
    row: &ServiceRow,
    input: &Input,
    behind: Option<&(Timestamp, String)>,
    limit: usize,
) -> Result<Vec<Attempt>, Error> {
    let statuses = input.status.iter().flatten().copied();
    let statuses: Vec<&str> = statuses.map(ServiceDeploymentStatus::as_str).collect();
    let created = input.created_at.clone().unwrap_or_default();
    let fits = |attempt: &Attempt| {
        let attempt = &attempt.record;
        (statuses.is_empty() || statuses.contains(&attempt.status.as_str()))
            && created.after.is_none_or(|at| attempt.created_at > at)
            && created.before.is_none_or(|at| attempt.created_at < at)
    };
    let mut attempts = Vec::new();
    if behind.is_none() {
        let last = Attempt::last(&mut cx.db, row).await?;
        attempts.extend(last.filter(fits));
    }
    let filter = ServiceDeploymentFilter {
        statuses: &statuses,
        created_after: created.after,
        created_before: created.before,
        behind: behind.map(|(moment, id)| (*moment, id.as_str())),
        limit: i64::try_from(limit - attempts.len()).unwrap_or(i64::MAX),
    };
    for past in cx.db.service_deployments(&row.key, filter).await? {
        attempts.push(Attempt::past(&row.key, &past)?);
    }
    Ok(attempts)
}
