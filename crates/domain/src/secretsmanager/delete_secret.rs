//! `secretsmanager:DeleteSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        delete_secret::{DeleteSecret, Input, Output},
    },
};
use store::secrets::{Deletion, Secret};
use types::Timestamp;

use super::{
    errors,
    locate::locate,
    secret_id::{SUFFIX_ALPHABET, SUFFIX_LENGTH, SecretId},
};
use crate::{Cx, Operation};

const DAY_SECS: i64 = 24 * 60 * 60;
const DEFAULT_WINDOW_DAYS: i64 = 30;

impl Operation for DeleteSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let force = input.force_delete_without_recovery.unwrap_or(false);
        let window = input.recovery_window_in_days;
        check_window(window, force)?;
        let secret = located.authorize_missing(cx, Self::ACTION, |access| {
            let days = window.map(|days| days.to_string());
            let forced = input
                .force_delete_without_recovery
                .map(|force| force.to_string());
            access
                .with_some("secretsmanager:RecoveryWindowInDays", days)
                .with_some("secretsmanager:ForceDeleteWithoutRecovery", forced)
        })?;

        if let Some(secret) = &secret {
            refuse_replicated(cx, secret, &input.secret_id).await?;
        }
        match secret {
            Some(secret) if force => {
                cx.db.delete_secret(&secret.arn).await?;
                Ok(answer(secret.arn, secret.name, cx.now()))
            }
            Some(secret) => mark(cx, secret, window.unwrap_or(DEFAULT_WINDOW_DAYS)).await,
            // AWS: forcing away what does not exist succeeds, under an ARN that nothing has.
            None if force => {
                let arn = arn_of_nothing(cx, &input.secret_id);
                Ok(answer(arn, input.secret_id, cx.now()))
            }
            None => Err(errors::not_found()),
        }
    }
}

fn check_window(days: Option<i64>, force: bool) -> Result<(), Error> {
    if days.is_some_and(|days| !(7..=30).contains(&days)) {
        return Err(Error::InvalidParameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).".to_owned(),
        ));
    }
    if days.is_some() && force {
        return Err(Error::InvalidParameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
                .to_owned(),
        ));
    }
    Ok(())
}

/// Refuses a replica, which goes with its place in the replication, and a primary that still has replicas.
async fn refuse_replicated(cx: &mut Cx, secret: &Secret, secret_id: &str) -> Result<(), Error> {
    errors::refuse_replica(secret)?;
    let replicas = cx.db.secret_replicas(&secret.arn).await?;
    if replicas.is_empty() {
        return Ok(());
    }
    let regions: Vec<_> = replicas.iter().map(|one| one.region.as_str()).collect();
    Err(Error::InvalidParameter(format!(
        "You can't delete secret {secret_id} that still has replica regions [{}]",
        regions.join(",")
    )))
}

async fn mark(cx: &mut Cx, mut secret: Secret, days: i64) -> Result<Output, Error> {
    errors::refuse_marked(&secret)?;
    let purge = cx.now().plus_secs(days * DAY_SECS);
    secret.deletion = Some(Deletion {
        marked: cx.now(),
        purge,
    });
    cx.db.update_secret(&secret).await?;
    Ok(answer(secret.arn, secret.name, purge))
}

fn arn_of_nothing(cx: &Cx, secret_id: &str) -> String {
    match SecretId::parse(secret_id) {
        Ok(SecretId::Name(name)) => {
            let suffix = cx.entropy().text(SUFFIX_ALPHABET, SUFFIX_LENGTH);
            cx.arn("secretsmanager", format!("secret:{name}-{suffix}"))
                .to_string()
        }
        _ => secret_id.to_owned(),
    }
}

fn answer(arn: String, name: String, deletion: Timestamp) -> Output {
    Output {
        arn: Some(arn),
        name: Some(name),
        deletion_date: Some(deletion),
    }
}
