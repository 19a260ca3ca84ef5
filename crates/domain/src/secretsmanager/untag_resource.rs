//! `secretsmanager:UntagResource`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        untag_resource::{Input, Output, UntagResource},
    },
};

use super::{errors, locate::locate, lockout, replicas};
use crate::{Access, Cx, Operation};

impl Operation for UntagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let keys = input.tag_keys;
        let located = locate(cx, &input.secret_id).await?;
        let conditions = |access: Access| match keys.as_slice() {
            [] => access,
            keys => access.with_list("aws:TagKeys", keys.iter().cloned()),
        };
        let mut secret = located.authorize(cx, Self::ACTION, conditions)?;
        errors::refuse_unwritable(&secret)?;

        // A key that the secret does not have is no mistake. Once it was tagged, a secret has a list, if an empty one.
        if let Some(tags) = &mut secret.tags {
            tags.retain(|tag| !keys.contains(&tag.key));
            lockout::refuse(cx, &secret, Self::ACTION, conditions).await?;
            replicas::save_changed(cx, &mut secret).await?;
        }
        Ok(Output {})
    }
}
