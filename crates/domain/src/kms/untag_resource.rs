//! `kms:UntagResource`

use api::kms::{
    Error,
    untag_resource::{Input, Output, UntagResource},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for UntagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let intent = Use::of("kms:UntagResource").with_list("aws:TagKeys", input.tag_keys.clone());
        let mut key = located.authorize(cx, intent).await?;
        key.not_pending()?;
        key.row
            .tags
            .retain(|tag| !input.tag_keys.contains(&tag.key));
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
