//! `secretsmanager:StopReplicationToReplica`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        stop_replication_to_replica::{Input, Output, StopReplicationToReplica},
    },
};

use super::{errors, locate::locate, replicas};
use crate::{Cx, Operation};

impl Operation for StopReplicationToReplica {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_marked(&secret)?;
        if !secret.is_replica() {
            return Err(Error::InvalidRequest(
                "Operation not permitted on a secret that is not a replica. Call must be made in the replica's region."
                    .to_owned(),
            ));
        }
        replicas::promote(cx, &mut secret).await?;
        Ok(Output {
            arn: Some(secret.arn),
        })
    }
}
