//! `secretsmanager:RestoreSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        restore_secret::{Input, Output, RestoreSecret},
    },
};

use super::{errors, locate::locate};
use crate::{Cx, Operation};

impl Operation for RestoreSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;

        errors::refuse_replica(&secret)?;

        // On a secret that is not marked this changes nothing.
        if secret.deletion.take().is_some() {
            cx.db.update_secret(&secret).await?;
        }
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
        })
    }
}
