//! `ecs:DeleteAccountSetting`

use api::{
    Modeled,
    ecs::{
        Error,
        delete_account_setting::{DeleteAccountSetting, Input, Output},
    },
};
use ecs::account_settings::{effective_one, setting};

use super::{account_settings as settings, here};
use crate::{Access, Cx, Operation};

impl Operation for DeleteAccountSetting {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.name;
        let access = Access::new(Self::ACTION, "*").with("ecs:account-setting", name.as_str());
        cx.authorize(access)?;
        let principal = settings::changed_principal(cx, input.principal_arn.as_deref())?;
        let home = here(cx).0;
        cx.db
            .delete_account_setting(&home, &principal, name.as_str())
            .await?;
        let account = settings::set_by(&mut cx.db, &home, &settings::root(&home)).await?;
        let own = settings::set_by(&mut cx.db, &home, &principal).await?;
        // AWS: the answer is what holds for the principal from now on.
        let value = effective_one(name, &own, &account)
            .value
            .unwrap_or_default();
        Ok(Output {
            setting: Some(setting(name, &value, &principal)),
        })
    }
}
