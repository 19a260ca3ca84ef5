//! Giving a secret a new version: for `CreateSecret`, `PutSecretValue` and `UpdateSecret` alike.

use api::secretsmanager::Error;
use store::secrets::{Secret, SecretVersion};
use types::{Fault, Timestamp};

use super::{
    errors, rotation, sealing,
    stages::{CURRENT, Labels},
    value::Value,
};
use crate::Cx;

/// Labels on all versions of a secret together.
const MOST_LABELS: usize = 20;

/// Versions that a secret keeps.
const MOST_VERSIONS: usize = 100;

/// So old an unlabelled version must be before it is dropped for a new one.
const PRUNED_AFTER_SECS: i64 = 24 * 60 * 60;

/// Whether a version was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    New,
    /// The same request was carried out before.
    Before,
}

/// Writes a value as the version that `token` names, and moves the labels. The same token with the same value does
/// nothing again; with another value it is refused.
pub(super) async fn write(
    cx: &mut Cx,
    secret: &Secret,
    token: &str,
    value: &Value,
    stages: Option<&[String]>,
) -> Result<Written, Error> {
    let versions = cx.db.secret_versions(&secret.arn).await?;
    if versions
        .iter()
        .any(|version| version.id == token && version.has_value)
    {
        return if sealing::open_version(cx, secret, token).await?.as_ref() == Some(value) {
            Ok(Written::Before)
        } else {
            Err(errors::token_in_use(token, &secret.arn))
        };
    }

    let before = labels(&versions);
    let is_awaited = versions.iter().any(|version| version.id == token);
    let after = if is_awaited {
        before.after_filling(token, stages)
    } else {
        before.after_put(token, stages)
    };
    refuse_many_labels(&after)?;
    let pruned = if is_awaited {
        Vec::new()
    } else {
        prunable(&versions, cx.now())?
    };

    let sealed = sealing::seal(cx, secret, token, value).await?;
    let now = cx.now();
    cx.db
        .put_secret_value(&secret.arn, token, &sealed, now)
        .await?;
    save_labels(cx, &secret.arn, &before, &after).await?;
    for version in pruned {
        cx.db.delete_secret_version(&secret.arn, version).await?;
    }
    if after.holder(CURRENT) == Some(token) {
        rotation::note_new_value(cx, &secret.arn, token).await?;
    }
    Ok(Written::New)
}

pub(super) fn refuse_many_labels(labels: &Labels) -> Result<(), Error> {
    if labels.len() > MOST_LABELS {
        return Err(Error::LimitExceeded(format!(
            "The versions of a secret can have {MOST_LABELS} staging labels together."
        )));
    }
    Ok(())
}

/// Moves the labels of a secret.
pub(super) async fn save_labels(
    cx: &mut Cx,
    arn: &str,
    before: &Labels,
    after: &Labels,
) -> Result<(), Fault> {
    for (label, to) in before.moves_to(after) {
        match to {
            Some(version) => cx.db.attach_label(arn, label, version).await?,
            None => cx.db.detach_label(arn, label).await?,
        }
    }
    Ok(())
}

/// Which version has which label.
pub(super) fn labels(versions: &[SecretVersion]) -> Labels {
    Labels::of(
        versions
            .iter()
            .map(|version| (version.id.as_str(), version.labels.as_slice())),
    )
}

/// The versions to drop so that one more fits, oldest first: only unlabelled ones of yesterday or before.
fn prunable(versions: &[SecretVersion], now: Timestamp) -> Result<Vec<&str>, Error> {
    let excess = (versions.len() + 1).saturating_sub(MOST_VERSIONS);
    let old = now.plus_secs(-PRUNED_AFTER_SECS);
    let pruned: Vec<_> = versions
        .iter()
        .filter(|version| version.labels.is_empty() && version.created < old)
        .take(excess)
        .map(|version| version.id.as_str())
        .collect();
    if pruned.len() < excess {
        return Err(Error::LimitExceeded(format!(
            "The secret has {MOST_VERSIONS} versions, and none of them is old enough to be dropped for a new one."
        )));
    }
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: usize, created: i64, labels: &[&str]) -> SecretVersion {
        SecretVersion {
            id: id.to_string(),
            has_value: true,
            key_arn: None,
            created: Timestamp::from_secs(created),
            accessed: None,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        }
    }

    const NOW: Timestamp = Timestamp::from_secs(10 * PRUNED_AFTER_SECS);

    #[test]
    fn the_oldest_unlabelled_version_makes_room() {
        let mut versions: Vec<_> = (0..100).map(|n| version(n, 0, &[])).collect();
        versions[0].labels = vec!["KEPT".to_owned()];
        assert_eq!(prunable(&versions, NOW).unwrap(), ["1"]);
        assert!(prunable(&versions[..99], NOW).unwrap().is_empty());
    }

    #[test]
    fn a_burst_of_versions_ends_in_a_refusal() {
        let fresh: Vec<_> = (0..100)
            .map(|n| version(n, NOW.as_secs() - 60, &[]))
            .collect();
        assert!(matches!(
            prunable(&fresh, NOW),
            Err(Error::LimitExceeded(_))
        ));
    }
}
