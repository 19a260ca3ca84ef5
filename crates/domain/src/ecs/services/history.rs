//! Attempts to deploy a service and the revisions that they deployed, found and described: the last attempt stands with the
//! service, those before it in a table of their own.

use api::ecs::{
    ContainerImage, DeploymentEphemeralStorage, LaunchType, ServiceDeployment,
    ServiceDeploymentAlarms, ServiceDeploymentBrief, ServiceDeploymentCircuitBreaker,
    ServiceDeploymentRollbackMonitorsStatus as Monitor, ServiceDeploymentStatus, ServiceRevision,
    ServiceRevisionSummary,
};
use ecs::{
    launch::{PLATFORM_FAMILY, PLATFORM_VERSION},
    names::Place,
    service::{self as state, Counts, Figures, Revision, Task},
    task_definition::name_of,
};
use store::{
    Session,
    ecs::{ServiceDeploymentRow, ServiceKey, ServiceRow},
};
use types::Fault;

use super::{describe::number, kept, seen, shown};
use crate::ecs::{definition, place_of, task};

/// An attempt to deploy a service.
pub(in crate::ecs) struct Attempt {
    key: ServiceKey,
    pub record: state::ServiceDeployment,
    figures: Figures,
}

impl Attempt {
    /// The last attempt, as it stands.
    pub(in crate::ecs) async fn last(
        db: &mut Session,
        row: &ServiceRow,
    ) -> Result<Option<Self>, Fault> {
        let (_, service) = kept::read(row)?;
        let Some(attempt) = &service.attempt else {
            return Ok(None);
        };
        let tasks = seen::living_tasks(db, &row.key).await?;
        let instances = seen::instances(db, &row.key).await?;
        Ok(Some(Self {
            key: row.key.clone(),
            figures: service.figures(attempt, &tasks, &instances),
            record: attempt.clone(),
        }))
    }

    /// One that is history.
    pub(in crate::ecs) fn past(
        key: &ServiceKey,
        row: &ServiceDeploymentRow,
    ) -> Result<Self, Fault> {
        let record: state::ServiceDeployment =
            serde_json::from_str(&row.record).map_err(Fault::new)?;
        Ok(Self {
            key: key.clone(),
            figures: record.figures.clone().unwrap_or_default(),
            record,
        })
    }

    /// The one of this id.
    pub(in crate::ecs) async fn find(
        db: &mut Session,
        row: &ServiceRow,
        id: &str,
    ) -> Result<Option<Self>, Fault> {
        let last = Self::last(db, row).await?;
        if let Some(last) = last.filter(|last| last.record.id == id) {
            return Ok(Some(last));
        }
        let past = db.service_deployment(&row.key, id).await?;
        past.map(|past| Self::past(&row.key, &past)).transpose()
    }

    pub(in crate::ecs) fn brief(&self) -> ServiceDeploymentBrief {
        let (place, attempt) = (place_of(&self.key.home), &self.record);
        ServiceDeploymentBrief {
            service_deployment_arn: Some(self.arn(&place)),
            service_arn: Some(place.service(&self.key.cluster, &self.key.name).to_string()),
            cluster_arn: Some(place.cluster(&self.key.cluster).to_string()),
            started_at: attempt.started_at,
            created_at: Some(attempt.created_at),
            finished_at: attempt.finished_at,
            target_service_revision_arn: Some(revision_arn(&self.key, &attempt.target.id)),
            status: self.status(),
            status_reason: attempt.reason.clone(),
        }
    }

    pub(in crate::ecs) fn describe(&self) -> Result<ServiceDeployment, Fault> {
        let (place, attempt) = (place_of(&self.key.home), &self.record);
        let sources = attempt.sources.iter().enumerate().map(|(n, id)| {
            let counts = self.figures.sources.get(n).copied().unwrap_or_default();
            self.summary(id, counts)
        });
        let rollback = attempt.rollback.as_ref().map(|way| api::ecs::Rollback {
            reason: Some(way.reason.clone()),
            started_at: Some(way.started_at),
            service_revision_arn: way.to.as_deref().map(|id| revision_arn(&self.key, id)),
        });
        Ok(ServiceDeployment {
            service_deployment_arn: Some(self.arn(&place)),
            service_arn: Some(place.service(&self.key.cluster, &self.key.name).to_string()),
            cluster_arn: Some(place.cluster(&self.key.cluster).to_string()),
            created_at: Some(attempt.created_at),
            started_at: attempt.started_at,
            finished_at: attempt.finished_at,
            stopped_at: attempt.stopped_at,
            updated_at: Some(attempt.updated_at),
            source_service_revisions: Some(sources.collect()),
            target_service_revision: Some(self.summary(&attempt.target.id, self.figures.target)),
            status: self.status(),
            status_reason: attempt.reason.clone(),
            deployment_configuration: Some(shown(&kept::input(&attempt.target.settings)?)),
            rollback,
            deployment_circuit_breaker: Some(self.breaker()),
            alarms: Some(ServiceDeploymentAlarms {
                status: Some(Monitor::Disabled),
                alarm_names: Some(Vec::new()),
                triggered_alarm_names: Some(Vec::new()),
            }),
            ..ServiceDeployment::default()
        })
    }

    fn arn(&self, place: &Place) -> String {
        place
            .service_deployment(&self.key.cluster, &self.key.name, &self.record.id)
            .to_string()
    }

    fn status(&self) -> Option<ServiceDeploymentStatus> {
        self.record.status.as_str().parse().ok()
    }

    fn summary(&self, id: &str, counts: Counts) -> ServiceRevisionSummary {
        ServiceRevisionSummary {
            arn: Some(revision_arn(&self.key, id)),
            requested_task_count: Some(number(counts.requested)),
            running_task_count: Some(number(counts.running)),
            pending_task_count: Some(number(counts.pending)),
            ..ServiceRevisionSummary::default()
        }
    }

    fn breaker(&self) -> ServiceDeploymentCircuitBreaker {
        let status = match self.figures.threshold {
            None => Monitor::Disabled,
            Some(_) if self.record.tripped => Monitor::Triggered,
            Some(_) if self.record.status.has_ended() => Monitor::MonitoringComplete,
            Some(_) => Monitor::Monitoring,
        };
        ServiceDeploymentCircuitBreaker {
            status: Some(status),
            failure_count: Some(number(self.figures.failed)),
            threshold: Some(number(self.figures.threshold.unwrap_or(0))),
        }
    }
}

/// The ARN of the revision that a deployment runs: both bear one number.
pub(in crate::ecs) fn revision_arn(key: &ServiceKey, deployment: &str) -> String {
    let number = deployment.strip_prefix("ecs-svc/").unwrap_or(deployment);
    place_of(&key.home)
        .service_revision(&key.cluster, &key.name, number)
        .to_string()
}

/// A revision of a service.
pub(in crate::ecs) struct RevisionRecord {
    key: ServiceKey,
    revision: Revision,
}

impl RevisionRecord {
    /// The one of this number.
    pub(in crate::ecs) async fn find(
        db: &mut Session,
        row: &ServiceRow,
        number: &str,
    ) -> Result<Option<Self>, Fault> {
        let id = format!("ecs-svc/{number}");
        let (_, service) = kept::read(row)?;
        let revision = match service.revision(&id) {
            Some(known) => known,
            None => match db.service_deployment_of_revision(&row.key, &id).await? {
                Some(past) => Attempt::past(&row.key, &past)?.record.target,
                None => return Ok(None),
            },
        };
        Ok(Some(Self {
            key: row.key.clone(),
            revision,
        }))
    }

    pub(in crate::ecs) async fn describe(
        &self,
        db: &mut Session,
    ) -> Result<ServiceRevision, Fault> {
        let (key, revision) = (&self.key, &self.revision);
        let place = place_of(&key.home);
        let input = kept::input(&revision.settings)?;
        let strategy = input.capacity_provider_strategy.clone().unwrap_or_default();
        let fargate = kept::is_fargate(&input);
        let definition = place.task_definition(&revision.family, revision.revision);
        Ok(ServiceRevision {
            service_revision_arn: Some(revision_arn(key, &revision.id)),
            service_arn: Some(place.service(&key.cluster, &key.name).to_string()),
            cluster_arn: Some(place.cluster(&key.cluster).to_string()),
            task_definition: Some(definition.to_string()),
            launch_type: strategy
                .is_empty()
                .then(|| input.launch_type.unwrap_or(LaunchType::Ec2)),
            capacity_provider_strategy: Some(strategy).filter(|items| !items.is_empty()),
            platform_version: fargate.then(|| PLATFORM_VERSION.to_owned()),
            platform_family: fargate.then(|| PLATFORM_FAMILY.to_owned()),
            load_balancers: Some(Vec::new()),
            service_registries: Some(Vec::new()),
            network_configuration: input.network_configuration.clone(),
            container_images: Some(self.images(db).await?),
            guard_duty_enabled: Some(false),
            fargate_ephemeral_storage: fargate.then(DeploymentEphemeralStorage::default),
            created_at: Some(revision.created_at),
            ..ServiceRevision::default()
        })
    }

    /// The images of the definition, with the digests that a task of the revision has reported.
    async fn images(&self, db: &mut Session) -> Result<Vec<ContainerImage>, Fault> {
        let Revision {
            family, revision, ..
        } = &self.revision;
        let stored = db
            .task_definition(&self.key.home, family, *revision)
            .await?;
        let Some(stored) = stored else {
            return Ok(Vec::new());
        };
        let mut containers = Vec::new();
        for row in db.tasks_of_service(&self.key).await? {
            if row.task.started_by.as_ref() == Some(&self.revision.id) {
                containers.extend(task::progress(&row)?.containers);
            }
        }
        let definition = definition::read(&stored)?;
        let images = definition.container_definitions.iter().map(|container| {
            let mut of_it = containers.iter().filter(|c| c.name == name_of(container));
            ContainerImage {
                container_name: container.name.clone(),
                image_digest: of_it.find_map(|c| c.image_digest.clone()),
                image: container.image.clone(),
            }
        });
        Ok(images.collect())
    }
}

/// What DescribeServices tells of the revisions whose tasks there are.
pub(super) fn current_revisions(
    key: &ServiceKey,
    service: &state::Service,
    tasks: &[Task],
    population: usize,
) -> Vec<api::ecs::ServiceCurrentRevisionSummary> {
    let revisions = service.deployments.iter().map(|one| {
        let counts = service.counts(&one.id, tasks, population);
        api::ecs::ServiceCurrentRevisionSummary {
            arn: Some(revision_arn(key, &one.id)),
            requested_task_count: Some(number(counts.requested)),
            running_task_count: Some(number(counts.running)),
            pending_task_count: Some(number(counts.pending)),
        }
    });
    revisions.collect()
}
