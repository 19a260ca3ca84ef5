//! `kms:EnableKeyRotation`

use api::kms::{
    Error,
    enable_key_rotation::{EnableKeyRotation, Input, Output},
};

use super::{authorize::Use, locate, rotation};
use crate::{Cx, Operation};

impl Operation for EnableKeyRotation {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let asked = input.rotation_period_in_days.map(i64::from);
        let period = asked.unwrap_or(rotation::DEFAULT_PERIOD);
        let mut intent = Use::of("kms:EnableKeyRotation");
        if let Some(days) = asked {
            intent = intent.with("kms:RotationPeriodInDays", days.to_string());
        }
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located.authorize(cx, intent).await?;
        key.usable()?;

        // Asking again for what is so already does not put the next rotation off.
        let unchanged = |rotation: &store::kms::Rotation| rotation.period_days == period;
        if !key.row.rotation.as_ref().is_some_and(unchanged) {
            key.row.rotation = Some(rotation::every(period, cx.now()));
            cx.db.save_kms_key(&key.row).await?;
        }
        Ok(Output {})
    }
}
