//! Services whose tasks are replaced when a secret that they hold has changed: those that ask for it by a tag.
//!
//! What counts is the content, not the version: a rotation that leaves the value as it was replaces nothing. Contents are
//! compared as the task's execution role, which may read them anyway; no digest of them is kept. One deployment at a time,
//! none before the secret has been quiet for a while, and none for a version that was deployed for already, so that a storm
//! of rotations is no storm of deployments and one that fails is not tried over and over.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use ecs::service::{Deployment, Rollout, Service, ServiceStatus};
use store::ecs::{HeldSecretRow, ServiceKey, ServiceRow};
use types::{Fault, Timestamp};

use super::{Details, kept, new_deployment_id};
use crate::{
    World,
    ecs::{contents, definition, holders},
};

/// The tag, and its one value that means anything.
const TAG: &str = "sealift:on-secret-change";
const REDEPLOY: &str = "redeploy";

/// So long a secret must have been left alone.
const QUIET_SECS: i64 = 10;
/// One that never is left alone is not waited for longer.
const PATIENCE_SECS: i64 = 2 * 60;

/// What is waited for, and what was compared before. It can be lost at any time.
#[derive(Debug, Default)]
pub struct Waiting {
    /// When the first change was seen that no deployment followed on yet.
    since: HashMap<(ServiceKey, String), Timestamp>,
    /// Versions of a secret or parameter that have the same content.
    same: HashSet<(String, String, String)>,
}

/// A secret that has other content than a task of the service holds.
struct Changed {
    held: HeldSecretRow,
    version: String,
}

/// Begins a deployment for every service that asks for one.
pub async fn redeploy_changed(world: &Arc<World>, waiting: &mut Waiting) -> Result<(), Fault> {
    let rows = world.store.read().await?.services_mentioning(TAG).await?;
    for row in rows {
        let (details, service) = kept::read(&row)?;
        if !wants_redeployment(&details)? || !is_at_rest(&service) {
            continue;
        }
        let changed = changed(world, &row, (&details, &service), waiting).await?;
        if !changed.is_empty() {
            redeploy(world, &row.key, &changed).await?;
            waiting.since.retain(|(key, _), _| *key != row.key);
        }
    }
    Ok(())
}

fn wants_redeployment(details: &Details) -> Result<bool, Fault> {
    let tags: Vec<types::Tag> = serde_json::from_str(&details.tags).map_err(Fault::new)?;
    Ok(tags
        .iter()
        .any(|tag| tag.key == TAG && tag.value == REDEPLOY))
}

/// One deployment at a time.
fn is_at_rest(service: &Service) -> bool {
    service.status == ServiceStatus::Active
        && service.deployments.len() == 1
        && service
            .primary()
            .is_some_and(|primary| primary.rollout != Rollout::InProgress)
}

/// What the service's tasks hold that has other content by now, as far as it is time to act on it.
async fn changed(
    world: &Arc<World>,
    row: &ServiceRow,
    (details, service): (&Details, &Service),
    waiting: &mut Waiting,
) -> Result<Vec<Changed>, Fault> {
    let mut db = world.store.read().await?;
    let now = world.clock.now();
    let mut changed = BTreeMap::new();
    let mut ripe = false;
    for holding in db
        .holdings_of_group(&row.key.home, &row.key.cluster, &row.key.group())
        .await?
    {
        let held = holding.held;
        let Some(newer) = holders::newer(&mut db, &held).await? else {
            continue;
        };
        let versions = (
            held.arn.clone(),
            held.version.clone(),
            newer.version.clone(),
        );
        let answered = details.answered.get(&held.arn) == Some(&newer.version);
        if answered || waiting.same.contains(&versions) || changed.contains_key(&held.arn) {
            continue;
        }
        let Some(primary) = service.primary() else {
            continue;
        };
        if contents_are_same(world, row, primary, &held, &newer.version).await? {
            waiting.same.insert(versions);
            continue;
        }
        let key = (row.key.clone(), held.arn.clone());
        let since = *waiting.since.entry(key).or_insert(now);
        ripe |=
            newer.last_change.plus_secs(QUIET_SECS) <= now || since.plus_secs(PATIENCE_SECS) <= now;
        let version = newer.version;
        changed.insert(held.arn.clone(), Changed { held, version });
    }
    Ok(if ripe {
        changed.into_values().collect()
    } else {
        Vec::new()
    })
}

/// Whether the held version and the other have the same content. What its execution role may not read counts as changed:
/// the deployment will say why it fails, and leave the old tasks.
async fn contents_are_same(
    world: &Arc<World>,
    row: &ServiceRow,
    primary: &Deployment,
    held: &HeldSecretRow,
    version: &str,
) -> Result<bool, Fault> {
    let mut db = world.store.read().await?;
    let stored = db
        .task_definition(&row.key.home, &primary.family, primary.revision)
        .await?;
    let Some(stored) = stored else {
        return Ok(false);
    };
    let role = definition::read(&stored)?.execution_role_arn;
    drop(db);
    contents::are_same(world, &row.key.home, role.as_deref(), held, version).await
}

async fn redeploy(world: &World, key: &ServiceKey, changed: &[Changed]) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    let Some(mut row) = db.service(key).await? else {
        return Ok(());
    };
    let (mut details, mut service) = kept::read(&row)?;
    if !wants_redeployment(&details)? || !is_at_rest(&service) {
        return Ok(());
    }
    let Some(primary) = service.primary().cloned() else {
        return Ok(());
    };
    let now = world.clock.now();
    let id = new_deployment_id(world.entropy.as_ref());
    let arns: Vec<&str> = changed.iter().map(|one| one.held.arn.as_str()).collect();
    service.say(
        &format!(
            "(deployment {id}) replaces tasks because what they hold has changed: {}.",
            arns.join(", ")
        ),
        now,
    );
    let settings = details.settings();
    let (family, revision) = (primary.family.as_str(), primary.revision);
    service.deploy(Deployment::new(id, family, revision, settings, now));
    for one in changed {
        let (arn, version) = (one.held.arn.clone(), one.version.clone());
        details.answered.insert(arn, version);
    }
    let entropy = world.entropy.as_ref();
    kept::save(&mut db, &mut row, &details, &mut service, entropy).await?;
    db.commit().await?;
    world.tasks_have_changed();
    Ok(())
}
