//! Bringing one replica to what its primary is: metadata, versions and labels.

use std::collections::BTreeSet;

use api::secretsmanager::Error;
use store::secrets::{SealedValue, Secret};

use super::{errors, sealing, stages::Labels, value::Value, versions};
use crate::Cx;

/// Makes a replica what its primary is. Values that it has already are left alone: a version never changes its value.
pub(super) async fn mirror(cx: &mut Cx, primary: &Secret, mut copy: Secret) -> Result<(), Error> {
    copy.description.clone_from(&primary.description);
    copy.tags.clone_from(&primary.tags);
    copy.policy.clone_from(&primary.policy);
    copy.changed = primary.changed;
    cx.db.update_secret(&copy).await?;

    // A version that waits for its value has nothing to replicate yet.
    let mut wanted = cx.db.secret_versions(&primary.arn).await?;
    wanted.retain(|version| version.has_value);
    let there = cx.db.secret_versions(&copy.arn).await?;
    let known: BTreeSet<&str> = there.iter().map(|version| version.id.as_str()).collect();
    for version in wanted.iter().filter(|one| !known.contains(one.id.as_str())) {
        let value = sealing::open_version(cx, primary, &version.id).await?;
        let value = value.ok_or_else(|| errors::no_value_for_version(&version.id))?;
        let sealed = seal_there(cx, &copy, &version.id, &value).await?;
        cx.db
            .put_secret_value(&copy.arn, &version.id, &sealed, version.created)
            .await?;
    }
    let (before, after): (Labels, Labels) = (versions::labels(&there), versions::labels(&wanted));
    versions::save_labels(cx, &copy.arn, &before, &after).await?;
    let kept: BTreeSet<&str> = wanted.iter().map(|version| version.id.as_str()).collect();
    for version in there.iter().filter(|one| !kept.contains(one.id.as_str())) {
        cx.db.delete_secret_version(&copy.arn, &version.id).await?;
    }
    Ok(())
}

/// Seals a value for a replica, as if the request had come to its region: keys are found there, and conditions speak of
/// it.
async fn seal_there(
    cx: &mut Cx,
    copy: &Secret,
    version: &str,
    value: &Value,
) -> Result<SealedValue, Error> {
    let home = std::mem::replace(&mut cx.region, copy.region.clone());
    let sealed = sealing::seal(cx, copy, version, value).await;
    cx.region = home;
    sealed
}

/// Makes sure, in its region, that the caller can use the key of a replica.
pub(super) async fn check_key_there(cx: &mut Cx, copy: &Secret) -> Result<(), Error> {
    let home = std::mem::replace(&mut cx.region, copy.region.clone());
    let checked = sealing::check_key(cx, copy).await;
    cx.region = home;
    checked
}
