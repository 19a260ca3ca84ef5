//! `secretsmanager:TagResource`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        tag_resource::{Input, Output, TagResource},
    },
};

use super::{errors, locate::locate, lockout, replicas, tags};
use crate::{Access, Cx, Operation};

impl Operation for TagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let new = tags::of_request(input.tags)?;
        let located = locate(cx, &input.secret_id).await?;
        let conditions = |access: Access| access.with_request_tags(tags::pairs(&new));
        let mut secret = located.authorize(cx, Self::ACTION, conditions)?;
        errors::refuse_unwritable(&secret)?;

        let known = secret.tags.take().unwrap_or_default();
        secret.tags = Some(tags::merged(known, new.clone())?);
        lockout::refuse(cx, &secret, Self::ACTION, conditions).await?;
        replicas::save_changed(cx, &mut secret).await?;
        Ok(Output {})
    }
}
