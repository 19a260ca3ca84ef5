//! `ecs:PutAccountSetting`

use api::{
    Modeled,
    ecs::{
        Error,
        put_account_setting::{Input, Output, PutAccountSetting},
    },
};
use ecs::account_settings;

use super::{account_settings as settings, here};
use crate::{Access, Cx, Operation};

impl Operation for PutAccountSetting {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let Input { name, value, .. } = input;
        let access = Access::new(Self::ACTION, "*").with("ecs:account-setting", name.as_str());
        cx.authorize(access)?;
        let principal = settings::changed_principal(cx, input.principal_arn.as_deref())?;
        let home = here(cx).0;
        let for_account = principal == settings::root(&home);
        account_settings::check(name, &value, for_account)
            .map_err(|refused| Error::InvalidParameter(refused.to_string()))?;
        cx.db
            .set_account_setting(&home, &principal, name.as_str(), &value)
            .await?;
        Ok(Output {
            setting: Some(account_settings::setting(name, &value, &principal)),
        })
    }
}
