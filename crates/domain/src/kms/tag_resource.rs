//! `kms:TagResource`

use api::kms::{
    Error,
    tag_resource::{Input, Output, TagResource},
};

use super::{authorize::Use, locate, tags};
use crate::{Cx, Operation};

impl Operation for TagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let new = tags::check(input.tags)?;
        let located = locate::locate_own(cx, &input.key_id).await?;
        let intent = Use::of("kms:TagResource").with_request_tags(&new);
        let mut key = located.authorize(cx, intent).await?;
        key.not_pending()?;
        key.row.tags = tags::merge(key.row.tags, new)?;
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
