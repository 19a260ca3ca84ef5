//! `secretsmanager:ReplicateSecretToRegions`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        replicate_secret_to_regions::{Input, Output, ReplicateSecretToRegions},
    },
};

use super::{errors, locate::locate, replicas};
use crate::{Cx, Operation};

impl Operation for ReplicateSecretToRegions {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let force = input.force_overwrite_replica_secret;
        let mut secret = located.authorize(cx, Self::ACTION, |access| {
            replicas::conditions(access, &input.add_replica_regions, force)
        })?;
        errors::refuse_unwritable(&secret)?;

        let wanted = input.add_replica_regions;
        replicas::add(cx, &mut secret, wanted, force.unwrap_or(false)).await?;
        Ok(Output {
            replication_status: replicas::statuses(cx, &secret).await?,
            arn: Some(secret.arn),
        })
    }
}
