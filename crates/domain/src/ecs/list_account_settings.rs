//! `ecs:ListAccountSettings`

use api::{
    Modeled,
    ecs::{
        Error, Setting,
        list_account_settings::{Input, ListAccountSettings, Output},
    },
};
use ecs::account_settings;

use super::{account_settings as settings, here, page};
use crate::{Access, Cx, Operation};

/// The longest page.
const MOST: usize = 10;

impl Operation for ListAccountSettings {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let principal = settings::principal(cx, input.principal_arn.as_deref())?;
        if input.value.is_some() && input.name.is_none() {
            return Err(Error::InvalidParameter(
                "You must also specify an account setting name to filter by value.".to_owned(),
            ));
        }
        let size = page::size_up_to(MOST, input.max_results)?;
        let after = page::after(input.next_token.as_deref())?;
        let home = here(cx).0;
        let own = settings::set_by(&mut cx.db, &home, &principal).await?;
        let all = if input.effective_settings == Some(true) {
            let account = settings::set_by(&mut cx.db, &home, &settings::root(&home)).await?;
            account_settings::effective(&own, &account)
        } else {
            own.settings()
        };
        let wanted = |one: &Setting| {
            (input.name.is_none() || one.name == input.name)
                && (input.value.is_none() || one.value == input.value)
                && name_of(one) > after.as_str()
        };
        let mut found: Vec<Setting> = all.into_iter().filter(wanted).collect();
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        Ok(Output {
            next_token: last.map(|last| page::token(name_of(last))),
            settings: Some(found),
        })
    }
}

fn name_of(setting: &Setting) -> &'static str {
    setting.name.map_or("", |name| name.as_str())
}
