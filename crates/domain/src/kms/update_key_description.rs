//! `kms:UpdateKeyDescription`

use api::kms::{
    Error,
    update_key_description::{Input, Output, UpdateKeyDescription},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for UpdateKeyDescription {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let intent = Use::of("kms:UpdateKeyDescription");
        let mut key = located.authorize(cx, intent).await?;
        key.not_pending()?;
        key.row.description = input.description;
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
