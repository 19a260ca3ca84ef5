//! `ssm:GetServiceSetting`

use api::{
    Modeled as _,
    ssm::{
        Error,
        get_service_setting::{GetServiceSetting, Input, Output},
    },
};

use super::settings;
use crate::{Cx, Operation};

impl Operation for GetServiceSetting {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let known = settings::authorized(cx, Self::ACTION, &input.setting_id)?;
        let set = settings::read(cx, known).await?;
        Ok(Output {
            service_setting: Some(known.shape(cx, set)),
        })
    }
}
