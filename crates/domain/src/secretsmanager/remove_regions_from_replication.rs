//! `secretsmanager:RemoveRegionsFromReplication`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        remove_regions_from_replication::{Input, Output, RemoveRegionsFromReplication},
    },
};

use super::{errors, locate::locate, replicas};
use crate::{Cx, Operation};

impl Operation for RemoveRegionsFromReplication {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_unwritable(&secret)?;

        replicas::remove(cx, &mut secret, &input.remove_replica_regions).await?;
        let statuses = replicas::statuses(cx, &secret).await?;
        Ok(Output {
            // AWS: what is left is listed, be it nothing.
            replication_status: Some(statuses.unwrap_or_default()),
            arn: Some(secret.arn),
        })
    }
}
