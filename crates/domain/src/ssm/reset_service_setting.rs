//! `ssm:ResetServiceSetting`

use api::{
    Modeled as _,
    ssm::{
        Error,
        reset_service_setting::{Input, Output, ResetServiceSetting},
    },
};

use super::settings;
use crate::{Cx, Operation};

impl Operation for ResetServiceSetting {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let known = settings::authorized(cx, Self::ACTION, &input.setting_id)?;
        let account = cx.account().clone();
        let reset = cx.db.reset_ssm_setting(&account, &cx.region, known.id);
        reset.await?;
        Ok(Output {
            service_setting: Some(known.shape(cx, None)),
        })
    }
}
