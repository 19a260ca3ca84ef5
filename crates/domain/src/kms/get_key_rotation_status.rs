//! `kms:GetKeyRotationStatus`

use api::kms::{
    Error,
    get_key_rotation_status::{GetKeyRotationStatus, Input, Output},
};

use super::{authorize::Use, locate};
use crate::{Cx, Operation};

impl Operation for GetKeyRotationStatus {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_by_id(cx, &input.key_id).await?;
        let intent = Use::of("kms:GetKeyRotationStatus");
        let key = located.authorize(cx, intent).await?;
        key.not_pending()?;

        let rotation = key.row.rotation;
        let period = rotation.map(|rotation| i32::try_from(rotation.period_days));
        Ok(Output {
            key_rotation_enabled: Some(rotation.is_some()),
            key_id: Some(key.arn()),
            rotation_period_in_days: period.transpose().map_err(types::Fault::new)?,
            next_rotation_date: rotation.map(|rotation| rotation.next),
            on_demand_rotation_start_date: None,
        })
    }
}
