//! `kms:CancelKeyDeletion`

use api::kms::{
    Error, KeyState,
    cancel_key_deletion::{CancelKeyDeletion, Input, Output},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for CancelKeyDeletion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located
            .authorize(cx, Use::of("kms:CancelKeyDeletion"))
            .await?;
        let arn = key.arn();
        if key.state != KeyState::PendingDeletion {
            let text = format!("{arn} is not pending deletion.");
            return Err(Error::KmsInvalidState(text));
        }

        // AWS: whatever it was before, the key has to be enabled again.
        key.set_state(KeyState::Disabled);
        key.row.deletion_date = None;
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output { key_id: Some(arn) })
    }
}
