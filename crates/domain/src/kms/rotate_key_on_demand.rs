//! `kms:RotateKeyOnDemand`

use api::kms::{
    Error, RotationType,
    rotate_key_on_demand::{Input, Output, RotateKeyOnDemand},
};

use super::{authorize::Use, locate, rotation};
use crate::{Cx, Operation};

/// So often can the owner have one key rotated.
const MAX_ON_DEMAND: usize = 25;

impl Operation for RotateKeyOnDemand {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located
            .authorize(cx, Use::of("kms:RotateKeyOnDemand"))
            .await?;
        key.usable()?;
        let kind = RotationType::OnDemand;
        let materials = cx.db.kms_materials(&key.row.address).await?;
        let so_far = materials
            .iter()
            .filter(|one| one.rotation_type.as_deref() == Some(kind.as_str()));
        if so_far.count() >= MAX_ON_DEMAND {
            let text = format!(
                "The on-demand rotations limit has been reached for the given keyId. \
                 No more on-demand rotations can be performed for this key: {}",
                key.arn()
            );
            return Err(Error::LimitExceeded(text));
        }

        // It does not put off the next automatic rotation.
        rotation::rotate(cx, &mut key, kind).await?;
        Ok(Output {
            key_id: Some(key.arn()),
        })
    }
}
