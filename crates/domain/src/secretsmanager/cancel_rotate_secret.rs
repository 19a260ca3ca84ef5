//! `secretsmanager:CancelRotateSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        cancel_rotate_secret::{CancelRotateSecret, Input, Output},
    },
};

use super::{errors, locate::locate, replicas, rotation, versions};
use crate::{Cx, Operation};

impl Operation for CancelRotateSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_unwritable(&secret)?;
        let stored = cx.db.rotation(&secret.arn).await?;
        let mut stored = stored.ok_or_else(errors::no_rotation_function)?;

        // AWS: what was begun keeps its labels; a step under way is the last.
        let labels = versions::labels(&cx.db.secret_versions(&secret.arn).await?);
        let pending = rotation::pending_version(&labels).map(str::to_owned);
        stored.enabled = false;
        stored.run = None;
        cx.db.save_rotation(&stored).await?;
        replicas::save_changed(cx, &mut secret).await?;
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: pending,
        })
    }
}
