//! What can be tagged after it was made: clusters, services, tasks and task definitions, by ARN.

use api::ecs::{Error, Tag};
use store::ecs::{ClusterRow, ServiceKey, ServiceRow, TaskDefinitionRow, TaskRow};
use types::{Arn, Fault};

use super::{cluster, definition, here, services, tags, task};
use crate::Cx;

/// The most tags that a resource has.
const MOST: usize = 50;

/// Something with tags.
pub(super) enum Tagged {
    Cluster(Box<ClusterRow>),
    Service(Box<ServiceRow>),
    Task(Box<TaskRow>),
    Definition(Box<TaskDefinitionRow>),
}

/// Finds what the ARN names; who may know is asked before.
pub(super) async fn find(cx: &mut Cx, arn: &str) -> Result<Option<Tagged>, Error> {
    let parsed: Arn = arn
        .parse()
        .map_err(|_| Error::InvalidParameter(format!("Invalid resource ARN: {arn}")))?;
    let (home, place) = here(cx);
    let mut parts = parsed.resource.split('/');
    let (kind, cluster) = (parts.next(), parts.next().unwrap_or_default().to_owned());
    let elsewhere = parsed.service != "ecs"
        || parsed.region != home.region.as_str()
        || parsed.account != home.account.as_str();
    if elsewhere {
        return Ok(None);
    }
    Ok(match kind {
        Some("cluster") => {
            let row = cluster::find(cx, Some(arn)).await?.any();
            row.map(|row| Tagged::Cluster(Box::new(row)))
        }
        Some("service") => {
            let Ok(name) = place.service_name(&cluster, arn) else {
                return Ok(None);
            };
            let key = ServiceKey {
                home,
                cluster,
                name,
            };
            let row = cx.db.service(&key).await?;
            let row = row.filter(|row| row.status != cluster::INACTIVE);
            row.map(|row| Tagged::Service(Box::new(row)))
        }
        Some("task") => {
            let Ok(id) = place.task_id(&cluster, arn) else {
                return Ok(None);
            };
            let row = cx.db.task(&home, &cluster, &id).await?;
            row.map(|row| Tagged::Task(Box::new(row)))
        }
        Some("task-definition") => {
            let row = definition::find(cx, arn).await?;
            row.map(|row| Tagged::Definition(Box::new(row)))
        }
        _ => {
            return Err(Error::InvalidParameter(format!(
                "Tags of {arn} are not supported yet by sealift."
            )));
        }
    })
}

impl Tagged {
    pub(super) fn tags(&self) -> Result<Vec<Tag>, Fault> {
        match self {
            Self::Cluster(row) => {
                let tags = cluster::details(row)?.tags;
                tags::from_json(&serde_json::to_string(&tags).map_err(Fault::new)?)
            }
            Self::Service(row) => tags::from_json(&services::read(row)?.0.tags),
            Self::Task(row) => tags::from_json(&task::details(row)?.tags),
            Self::Definition(row) => tags::from_json(&row.tags),
        }
    }

    /// Gives it these tags in place of those it has.
    pub(super) async fn set_tags(self, cx: &mut Cx, all: &[Tag]) -> Result<(), Error> {
        if all.len() > MOST {
            return Err(Error::InvalidParameter(format!(
                "The number of tags exceeds the limit of {MOST}."
            )));
        }
        let json = tags::to_json(all)?;
        match self {
            Self::Cluster(mut row) => {
                let mut details = cluster::details(&row)?;
                details.tags = serde_json::from_str(&json).map_err(Fault::new)?;
                row.details = serde_json::to_string(&details).map_err(Fault::new)?;
                cluster::save(cx, &row).await?;
            }
            Self::Service(mut row) => {
                let (mut details, _) = services::read(&row)?;
                details.tags = json;
                row.details = details.to_json()?;
                cx.db.save_service(&row).await?;
            }
            Self::Task(row) => {
                let mut details = task::details(&row)?;
                details.tags = json;
                let details = details.to_json()?;
                cx.db.set_task_details(&row.task, &details).await?;
            }
            Self::Definition(row) => {
                let home = here(cx).0;
                cx.db
                    .set_task_definition_tags(&home, &row.family, row.revision, &json)
                    .await?;
            }
        }
        Ok(())
    }
}
