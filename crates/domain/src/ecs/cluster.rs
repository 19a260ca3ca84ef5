//! Clusters: found by name, made at first use where they are the default one, and described.

use api::ecs::{Cluster, Error};
use ecs::names::{DEFAULT_CLUSTER, Place};
use serde::{Deserialize, Serialize};
use store::{Session, ecs::ClusterRow};
use types::Fault;

use super::{capacity_providers::Providers, here, place_of, task};
use crate::Cx;

pub(super) const ACTIVE: &str = "ACTIVE";
pub(super) const INACTIVE: &str = "INACTIVE";

/// What `CreateCluster` was given beside the name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub tags: Vec<types::Tag>,
    /// Names and values.
    pub settings: Vec<(String, String)>,
    pub providers: Providers,
}

/// A cluster that was looked for: what to authorise, and what there is, if anything.
pub(super) struct Found {
    pub name: String,
    pub arn: String,
    row: Option<ClusterRow>,
}

/// Looks for the cluster of a name or ARN; for the default one where none is named.
pub(super) async fn find(cx: &mut Cx, named: Option<&str>) -> Result<Found, Error> {
    let (home, place) = here(cx);
    let text = named.filter(|n| !n.is_empty()).unwrap_or(DEFAULT_CLUSTER);
    let name = place
        .cluster_name(text)
        .map_err(|_| Error::InvalidParameter(format!("Invalid identifier: {text}")))?;
    let row = cx.db.cluster(&home, &name).await?;
    // The default cluster exists by itself, and its row as soon as something needs one.
    let row = row.or_else(|| (name == DEFAULT_CLUSTER).then(|| default_cluster(cx)));
    let arn = place.cluster(&name).to_string();
    Ok(Found { name, arn, row })
}

impl Found {
    /// The cluster, where it is active.
    pub(super) fn active(self) -> Result<ClusterRow, Error> {
        match self.row {
            None => Err(Error::ClusterNotFound("Cluster not found.".to_owned())),
            Some(row) if row.status != ACTIVE => Err(Error::Client(
                "The referenced cluster was inactive.".to_owned(),
            )),
            Some(row) => Ok(row),
        }
    }

    /// The cluster, active or not.
    pub(super) fn any(self) -> Option<ClusterRow> {
        self.row
    }

    /// The active cluster, with a row: the default one is given its row here.
    pub(super) async fn kept(self, cx: &mut Cx) -> Result<ClusterRow, Error> {
        let row = self.active()?;
        if row.name == DEFAULT_CLUSTER && cx.db.cluster(&row.home, &row.name).await?.is_none() {
            save(cx, &row).await?;
        }
        Ok(row)
    }
}

fn default_cluster(cx: &Cx) -> ClusterRow {
    ClusterRow {
        home: here(cx).0,
        name: DEFAULT_CLUSTER.to_owned(),
        status: ACTIVE.to_owned(),
        details: "{}".to_owned(),
        created_at: cx.now(),
    }
}

/// Saves a cluster, and tells the local agent that the list of clusters is another.
pub(super) async fn save(cx: &mut Cx, row: &ClusterRow) -> Result<(), Fault> {
    cx.db.save_cluster(row).await?;
    cx.after_commit(|world| world.clusters_changed.notify_one());
    Ok(())
}

/// The cluster as its describing operations answer it.
pub(super) async fn describe(db: &mut Session, row: &ClusterRow) -> Result<Cluster, Fault> {
    let place: Place = place_of(&row.home);
    let instances = db.container_instances(&row.home, &row.name).await?.len();
    let tasks = db.living_tasks(&row.home, &row.name).await?;
    let services = db.count_active_services(&row.home, &row.name).await?;
    let (running, pending) = task::counts(&tasks)?;
    let count = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
    let providers = details(row)?.providers;
    Ok(Cluster {
        cluster_arn: Some(place.cluster(&row.name).to_string()),
        cluster_name: Some(row.name.clone()),
        status: Some(row.status.clone()),
        registered_container_instances_count: count(instances),
        running_tasks_count: Some(running),
        pending_tasks_count: Some(pending),
        active_services_count: i32::try_from(services).ok(),
        statistics: Some(Vec::new()),
        tags: Some(Vec::new()),
        settings: Some(Vec::new()),
        default_capacity_provider_strategy: Some(providers.default_strategy()),
        capacity_providers: Some(providers.names),
        ..Cluster::default()
    })
}

/// What was said when it was created.
pub(super) fn details(row: &ClusterRow) -> Result<Details, Fault> {
    serde_json::from_str(&row.details).map_err(Fault::new)
}
