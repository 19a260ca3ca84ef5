//! Replicas: secrets of other regions that follow a primary.
//!
//! A replica is a secret of its own: the same name and suffix, another region, values sealed under a key of that region.
//! Every change of the primary ends in [`save_changed`], which brings its replicas along within the same transaction, so
//! none is ever seen half-way. A replica that cannot follow (its key is disabled, say) does not fail the change: as on
//! AWS, its status says what is wrong, and the next change tries again.

use api::{
    ServiceError as _,
    secretsmanager::{Error, ReplicaRegionType, ReplicationStatusType, StatusType},
};
use store::secrets::{Replica, Secret};
use types::{Arn, Fault, Region};

use super::{errors, mirror};
use crate::{Access, Cx};

const SUCCEEDED: &str = "Replication succeeded";

/// What a replica under the default key says of its key.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

/// Saves a secret that has changed now, and brings its replicas along.
pub(super) async fn save_changed(cx: &mut Cx, secret: &mut Secret) -> Result<(), Error> {
    secret.changed = cx.now();
    cx.db.update_secret(secret).await?;
    sync(cx, secret).await
}

/// Makes the replicas of a secret what the secret is.
pub(super) async fn sync(cx: &mut Cx, primary: &Secret) -> Result<(), Error> {
    if primary.primary_region.is_none() {
        return Ok(());
    }
    for mut replica in cx.db.secret_replicas(&primary.arn).await? {
        let arn = arn_in(&primary.arn, &replica.region)?;
        // There is none where the name was taken when it was to be made.
        let Some(copy) = cx.db.secret_by_arn(&arn).await? else {
            continue;
        };
        let outcome = mirror::mirror(cx, primary, copy).await;
        note(&mut replica, outcome)?;
        cx.db.save_secret_replica(&primary.arn, &replica).await?;
    }
    Ok(())
}

/// Adds replicas to a secret.
pub(super) async fn add(
    cx: &mut Cx,
    primary: &mut Secret,
    wanted: Vec<ReplicaRegionType>,
    force: bool,
) -> Result<(), Error> {
    let known = cx.db.secret_replicas(&primary.arn).await?;
    let mut regions = Vec::new();
    for one in wanted {
        let region = replica_region(cx, primary, one.region.as_deref())?;
        let in_sync = |known: &Replica| known.region == region && known.status == in_sync();
        if known.iter().any(in_sync) || regions.iter().any(|(other, _)| *other == region) {
            return Err(Error::InvalidParameter(format!(
                "The secret is already replicated to region {region}."
            )));
        }
        regions.push((region, one.kms_key_id.filter(|id| !id.is_empty())));
    }
    if regions.is_empty() {
        return Ok(());
    }
    primary.primary_region = Some(primary.region.clone());
    cx.db.update_secret(primary).await?;
    for (region, kms_key_id) in regions {
        let mut replica = Replica {
            region,
            kms_key_id,
            status: String::new(),
            message: String::new(),
        };
        let outcome = make(cx, primary, &replica, force).await;
        note(&mut replica, outcome)?;
        cx.db.save_secret_replica(&primary.arn, &replica).await?;
    }
    Ok(())
}

/// Takes replicas away, with what they hold.
pub(super) async fn remove(
    cx: &mut Cx,
    primary: &mut Secret,
    regions: &[String],
) -> Result<(), Error> {
    let known = cx.db.secret_replicas(&primary.arn).await?;
    for name in regions {
        let Some(replica) = known.iter().find(|known| known.region.as_str() == name) else {
            return Err(invalid_region());
        };
        let arn = arn_in(&primary.arn, &replica.region)?;
        cx.db.delete_secret(&arn).await?;
        cx.db
            .forget_secret_replica(&primary.arn, &replica.region)
            .await?;
    }
    end_if_alone(cx, primary).await
}

/// Makes a replica a secret that follows nobody.
pub(super) async fn promote(cx: &mut Cx, replica: &mut Secret) -> Result<(), Error> {
    let Some(region) = replica.primary_region.take() else {
        return Ok(());
    };
    replica.changed = cx.now();
    cx.db.update_secret(replica).await?;
    let primary = arn_in(&replica.arn, &region)?;
    cx.db
        .forget_secret_replica(&primary, &replica.region)
        .await?;
    match cx.db.secret_by_arn(&primary).await? {
        Some(mut primary) => end_if_alone(cx, &mut primary).await,
        None => Ok(()),
    }
}

/// `ReplicationStatus`: what a primary has where; absent for every other secret.
pub(super) async fn statuses(
    cx: &mut Cx,
    secret: &Secret,
) -> Result<Option<Vec<ReplicationStatusType>>, Error> {
    if secret.primary_region.is_none() || secret.is_replica() {
        return Ok(None);
    }
    let mut statuses = Vec::new();
    for replica in cx.db.secret_replicas(&secret.arn).await? {
        let arn = arn_in(&secret.arn, &replica.region)?;
        let copy = cx.db.secret_by_arn(&arn).await?;
        let waiting = cx.world.accesses.waiting_for(&arn);
        statuses.push(ReplicationStatusType {
            region: Some(replica.region.to_string()),
            kms_key_id: Some(replica.kms_key_id.unwrap_or_else(|| DEFAULT_KEY.to_owned())),
            status: Some(replica.status.parse().map_err(Fault::new)?),
            status_message: Some(replica.message),
            last_accessed_date: waiting.max(copy.and_then(|copy| copy.accessed)),
        });
    }
    Ok(Some(statuses))
}

/// The condition keys of a request that asks for replicas.
pub(super) fn conditions(
    access: Access,
    wanted: &[ReplicaRegionType],
    force: Option<bool>,
) -> Access {
    let regions = wanted.iter().filter_map(|one| one.region.clone());
    let forced = force.map(|force| force.to_string());
    access
        .with_list("secretsmanager:AddReplicaRegions", regions)
        .with_some("secretsmanager:ForceOverwriteReplicaSecret", forced)
}

/// The ARN that a secret has in another region.
pub(super) fn arn_in(arn: &str, region: &Region) -> Result<String, Fault> {
    let arn: Arn = arn.parse().map_err(Fault::new)?;
    let moved = Arn::new(
        &arn.partition,
        &arn.service,
        region.as_str(),
        &arn.account,
        arn.resource,
    );
    Ok(moved.to_string())
}

fn replica_region(cx: &Cx, primary: &Secret, name: Option<&str>) -> Result<Region, Error> {
    let region: Region = name
        .and_then(|name| name.parse().ok())
        .ok_or_else(invalid_region)?;
    // One server holds every region, also invented ones; but a replica in a mistyped region would be found by nobody.
    if !region.is_of_aws() && region != cx.world.settings.region {
        return Err(invalid_region());
    }
    if region == primary.region || region.partition() != primary.region.partition() {
        return Err(invalid_region());
    }
    Ok(region)
}

fn invalid_region() -> Error {
    Error::InvalidParameter("Invalid replica region.".to_owned())
}

/// Makes the secret of a replica. Where that fails, there is none.
async fn make(cx: &mut Cx, primary: &Secret, replica: &Replica, force: bool) -> Result<(), Error> {
    let Replica {
        region, kms_key_id, ..
    } = replica;
    let taken = cx
        .db
        .secret_by_name(&primary.account, region, &primary.name)
        .await?;
    if let Some(other) = taken {
        // What takes part in another replication is not overwritten even by force.
        if !force || other.primary_region.is_some() {
            return Err(Error::ResourceExists(format!(
                "Replication failed: Secret name {} already exists in region {region}.",
                primary.name
            )));
        }
        cx.db.delete_secret(&other.arn).await?;
    }
    let copy = Secret {
        arn: arn_in(&primary.arn, region)?,
        region: region.clone(),
        kms_key_id: kms_key_id.clone(),
        created: cx.now(),
        changed: cx.now(),
        accessed: None,
        ..primary.clone()
    };
    if !cx.db.insert_secret(&copy).await? {
        return Err(errors::not_found());
    }
    let arn = copy.arn.clone();
    let outcome = match mirror::check_key_there(cx, &copy).await {
        Ok(()) => mirror::mirror(cx, primary, copy).await,
        refused => refused,
    };
    if outcome.is_err() {
        cx.db.delete_secret(&arn).await?;
    }
    outcome
}

/// A secret without replicas is not replicated.
async fn end_if_alone(cx: &mut Cx, primary: &mut Secret) -> Result<(), Error> {
    if cx.db.secret_replicas(&primary.arn).await?.is_empty() {
        primary.primary_region = None;
        cx.db.update_secret(primary).await?;
    }
    Ok(())
}

fn in_sync() -> &'static str {
    StatusType::InSync.as_str()
}

/// Keeps how it went with a replica; only a failure of ours is a failure of the request.
fn note(replica: &mut Replica, outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Ok(()) => {
            in_sync().clone_into(&mut replica.status);
            SUCCEEDED.clone_into(&mut replica.message);
        }
        Err(error) if error.fault().is_some() => return Err(error),
        Err(error) => {
            StatusType::Failed.as_str().clone_into(&mut replica.status);
            replica.message = error.report().message.unwrap_or_default();
        }
    }
    Ok(())
}
