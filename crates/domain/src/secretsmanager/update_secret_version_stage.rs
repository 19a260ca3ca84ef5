//! `secretsmanager:UpdateSecretVersionStage`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        update_secret_version_stage::{Input, Output, UpdateSecretVersionStage},
    },
};
use store::secrets::SecretVersion;

use super::{errors, locate::locate, replicas, stages::CURRENT, versions};
use crate::{Cx, Operation};

impl Operation for UpdateSecretVersionStage {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| {
            access.with("secretsmanager:VersionStage", input.version_stage.as_str())
        })?;
        errors::refuse_unwritable(&secret)?;
        let (from, to) = (
            input.remove_from_version_id.as_deref(),
            input.move_to_version_id.as_deref(),
        );
        let versions = cx.db.secret_versions(&secret.arn).await?;
        for named in [from, to].into_iter().flatten() {
            exists(&versions, named, |_| true)?;
        }
        if let (CURRENT, Some(to)) = (input.version_stage.as_str(), to) {
            // What waits for its value cannot be what readers get.
            exists(&versions, to, |version| version.has_value)?;
        }

        let before = versions::labels(&versions);
        let after = before
            .after_move(&input.version_stage, from, to)
            .map_err(|refused| Error::InvalidParameter(refused.to_string()))?;
        versions::refuse_many_labels(&after)?;
        if after != before {
            versions::save_labels(cx, &secret.arn, &before, &after).await?;
            replicas::save_changed(cx, &mut secret).await?;
        }
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
        })
    }
}

fn exists(
    versions: &[SecretVersion],
    id: &str,
    suits: impl Fn(&SecretVersion) -> bool,
) -> Result<(), Error> {
    if versions
        .iter()
        .any(|version| version.id == id && suits(version))
    {
        Ok(())
    } else {
        Err(errors::no_value_for_version(id))
    }
}
