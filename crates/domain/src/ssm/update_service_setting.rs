//! `ssm:UpdateServiceSetting`

use api::{
    Modeled as _,
    ssm::{
        Error,
        update_service_setting::{Input, Output, UpdateServiceSetting},
    },
};
use store::parameters::Setting;

use super::settings;
use crate::{Cx, Operation};

impl Operation for UpdateServiceSetting {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let known = settings::authorized(cx, Self::ACTION, &input.setting_id)?;
        known.check(&input.setting_value)?;
        let setting = Setting {
            value: input.setting_value,
            modified: cx.now(),
            modified_by: cx.caller.principal.arn(),
        };
        let account = cx.account().clone();
        let set = cx
            .db
            .set_ssm_setting(&account, &cx.region, known.id, &setting);
        set.await?;
        Ok(Output {})
    }
}
