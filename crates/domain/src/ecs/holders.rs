//! Who holds which version of what, and whether a later one has taken its place.

use ecs::value_from;
use store::{
    Session,
    ecs::{HeldSecretRow, Holding},
    parameters::ParameterKey,
    secrets::SecretVersion,
};
use types::{AccountId, Arn, Fault, Region, Timestamp};

use super::place_of;
use crate::World;

/// The label of the version that is read where none is named.
const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// A living task that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub task_arn: String,
    pub cluster_arn: String,
    /// The service whose task it is.
    pub service: Option<String>,
    pub container: String,
    /// The name that it was injected under.
    pub name: String,
    /// The secret or parameter.
    pub arn: String,
    pub version: String,
    /// What a task that started now would get, where that is another version.
    pub outdated_by: Option<Newer>,
}

/// The version that took a held one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    pub version: String,
    /// Since when the held one is outdated.
    pub since: Timestamp,
    /// When the secret was changed last.
    pub last_change: Timestamp,
}

/// The running tasks that hold an outdated version, the oldest first.
pub async fn stale(world: &World) -> Result<Vec<Holder>, Fault> {
    let mut db = world.store.read().await?;
    let holdings = db.holdings().await?;
    let all = holders(&mut db, holdings).await?;
    Ok(all
        .into_iter()
        .filter(|holder| holder.outdated_by.is_some())
        .collect())
}

/// The running tasks that hold this secret or parameter.
pub async fn holders_of(world: &World, arn: &str) -> Result<Vec<Holder>, Fault> {
    let mut db = world.store.read().await?;
    let holdings = db.holdings_of(arn).await?;
    holders(&mut db, holdings).await
}

async fn holders(db: &mut Session, holdings: Vec<Holding>) -> Result<Vec<Holder>, Fault> {
    let mut all = Vec::new();
    for holding in holdings {
        let place = place_of(&holding.home);
        let held = holding.held;
        all.push(Holder {
            task_arn: place.task(&holding.cluster, &holding.task).to_string(),
            cluster_arn: place.cluster(&holding.cluster).to_string(),
            service: holding.group.strip_prefix("service:").map(str::to_owned),
            outdated_by: newer(db, &held).await?,
            container: held.container,
            name: held.name,
            arn: held.arn,
            version: held.version,
        });
    }
    Ok(all)
}

/// The version that a task would get now, where it is not the one that is held. Nothing of what is not there any more.
pub(super) async fn newer(db: &mut Session, held: &HeldSecretRow) -> Result<Option<Newer>, Fault> {
    if is_secret(held) {
        newer_secret(db, held).await
    } else {
        newer_parameter(db, held).await
    }
}

/// Whether it is a secret of Secrets Manager, read there or through Parameter Store.
pub(super) fn is_secret(held: &HeldSecretRow) -> bool {
    held.arn
        .parse::<Arn>()
        .is_ok_and(|arn| arn.service == "secretsmanager")
}

/// The label whose version a task would get now; `None` where it named the version itself.
fn wanted_label<'a>(held: &'a HeldSecretRow, versions: &[SecretVersion]) -> Option<&'a str> {
    match value_from::selector_of_reference(&held.value_from) {
        Some(None) => Some(CURRENT),
        Some(Some(selector)) => {
            let mut labels = versions.iter().flat_map(|version| &version.labels);
            let is_version = versions.iter().any(|version| version.id == selector);
            (labels.any(|label| label == selector) || !is_version).then_some(selector)
        }
        None => {
            let wanted = value_from::selected_version(&held.value_from);
            wanted.id.is_none().then(|| wanted.stage.unwrap_or(CURRENT))
        }
    }
}

async fn newer_secret(db: &mut Session, held: &HeldSecretRow) -> Result<Option<Newer>, Fault> {
    let secret = db.secret_by_arn(&held.arn).await?;
    let Some(secret) = secret.filter(|secret| secret.deletion.is_none()) else {
        return Ok(None);
    };
    let versions = db.secret_versions(&held.arn).await?;
    let Some(label) = wanted_label(held, &versions) else {
        return Ok(None);
    };
    let has_label = |version: &&SecretVersion| version.labels.iter().any(|one| one == label);
    let Some(current) = versions.iter().find(has_label) else {
        return Ok(None);
    };
    if current.id == held.version {
        return Ok(None);
    }
    let made = versions.iter().find(|version| version.id == held.version);
    let made = made.map(|version| version.created);
    // The version that followed on the held one took its place, whatever came after; one from before may have come back.
    let followed = versions
        .iter()
        .filter(|version| version.has_value && !version.labels.iter().any(|one| one == PENDING))
        .map(|version| version.created)
        .filter(|created| made.is_some_and(|made| *created > made))
        .min();
    Ok(Some(Newer {
        version: current.id.clone(),
        since: followed.unwrap_or(secret.changed),
        last_change: secret.changed,
    }))
}

async fn newer_parameter(db: &mut Session, held: &HeldSecretRow) -> Result<Option<Newer>, Fault> {
    let Some((account, region, path)) = parameter(&held.arn) else {
        return Ok(None);
    };
    let key = ParameterKey {
        account: &account,
        region: &region,
        path: &path,
    };
    let held_version: i64 = held.version.parse().unwrap_or(0);
    let latest = db.parameter(key).await?;
    let Some(latest) = latest.filter(|latest| latest.version > held_version && held_version > 0)
    else {
        return Ok(None);
    };
    let next = db.parameter_version(key, held_version + 1).await?;
    Ok(Some(Newer {
        version: latest.version.to_string(),
        since: next.map_or(latest.modified, |next| next.modified),
        last_change: latest.modified,
    }))
}

/// Where the parameter of an ARN is kept.
pub(crate) fn parameter(arn: &str) -> Option<(AccountId, Region, String)> {
    let arn: Arn = arn.parse().ok()?;
    let name = arn.resource.strip_prefix("parameter/")?;
    let account = arn.account.parse().ok()?;
    let region = arn.region.parse().ok()?;
    Some((account, region, format!("/{name}")))
}
