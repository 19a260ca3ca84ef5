//! `ecs:PutAccountSettingDefault`

use api::{
    Modeled,
    ecs::{
        Error,
        put_account_setting_default::{Input, Output, PutAccountSettingDefault},
    },
};
use ecs::account_settings;

use super::{account_settings as settings, here};
use crate::{Access, Cx, Operation};

impl Operation for PutAccountSettingDefault {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let Input { name, value } = input;
        let access = Access::new(Self::ACTION, "*").with("ecs:account-setting", name.as_str());
        cx.authorize(access)?;
        account_settings::check(name, &value, true)
            .map_err(|refused| Error::InvalidParameter(refused.to_string()))?;
        let home = here(cx).0;
        let root = settings::root(&home);
        cx.db
            .set_account_setting(&home, &root, name.as_str(), &value)
            .await?;
        Ok(Output {
            setting: Some(account_settings::setting(name, &value, &root)),
        })
    }
}
