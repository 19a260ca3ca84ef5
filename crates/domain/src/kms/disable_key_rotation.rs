//! `kms:DisableKeyRotation`

use api::kms::{
    Error,
    disable_key_rotation::{DisableKeyRotation, Input, Output},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for DisableKeyRotation {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located
            .authorize(cx, Use::of("kms:DisableKeyRotation"))
            .await?;
        key.usable()?;
        key.row.rotation = None;
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
