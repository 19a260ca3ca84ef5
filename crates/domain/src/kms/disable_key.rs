//! `kms:DisableKey`

use api::kms::{
    Error, KeyState,
    disable_key::{DisableKey, Input, Output},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for DisableKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located.authorize(cx, Use::of("kms:DisableKey")).await?;
        key.not_pending()?;
        key.set_state(KeyState::Disabled);
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
