//! `secretsmanager:GetSecretValue`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        get_secret_value::{GetSecretValue, Input, Output},
    },
};
use store::secrets::SecretVersion;

use super::{errors, locate::locate, sealing, stages::CURRENT};
use crate::{Cx, Operation};

impl Operation for GetSecretValue {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (id, stage) = (input.version_id.as_deref(), input.version_stage.as_deref());
        read(cx, &input.secret_id, id, stage).await
    }
}

/// Reads one value, for a caller who may.
pub(super) async fn read(
    cx: &mut Cx,
    secret_id: &str,
    id: Option<&str>,
    stage: Option<&str>,
) -> Result<Output, Error> {
    let located = locate(cx, secret_id).await?;
    let secret = located.authorize(cx, GetSecretValue::ACTION, |access| {
        access
            .with_some("secretsmanager:VersionId", id)
            .with_some("secretsmanager:VersionStage", stage)
    })?;
    errors::refuse_marked(&secret)?;

    let versions = cx.db.secret_versions(&secret.arn).await?;
    let version = select(&versions, (id, stage))?;
    let value = sealing::open_version(cx, &secret, &version.id).await?;
    let value = value.ok_or_else(|| errors::no_value_for_version(&version.id))?;

    cx.world.accesses.note(&secret.arn, &version.id, cx.now());
    let (secret_string, secret_binary) = value.into_members();
    Ok(Output {
        arn: Some(secret.arn),
        name: Some(secret.name),
        version_id: Some(version.id.clone()),
        secret_string,
        secret_binary,
        version_stages: Some(version.labels.clone()).filter(|labels| !labels.is_empty()),
        created_date: Some(version.created),
    })
}

/// The version that is asked for by id, by label, or by both where they agree; the current one otherwise.
fn select<'v>(
    versions: &'v [SecretVersion],
    (id, stage): (Option<&str>, Option<&str>),
) -> Result<&'v SecretVersion, Error> {
    let has_stage =
        |version: &SecretVersion, stage: &str| version.labels.iter().any(|l| l == stage);
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return versions
            .iter()
            .find(|version| version.has_value && has_stage(version, stage))
            .ok_or_else(|| errors::no_value_for_stage(stage));
    };
    let version = versions
        .iter()
        .find(|version| version.has_value && version.id == id)
        .ok_or_else(|| errors::no_value_for_version(id))?;
    match stage {
        Some(stage) if !has_stage(version, stage) => Err(Error::InvalidRequest(
            "You provided a VersionStage that is not associated to the provided VersionId."
                .to_owned(),
        )),
        _ => Ok(version),
    }
}
