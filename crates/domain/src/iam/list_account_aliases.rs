//! `iam:ListAccountAliases`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_account_aliases::{Input, ListAccountAliases, Output},
    },
};

use super::page::Page;
use crate::{Access, Cx, Operation};

impl Operation for ListAccountAliases {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let account = cx.account().clone();
        let aliases = Vec::from_iter(cx.db.account_alias(&account).await?);
        let paged = page.cut_all(aliases, String::clone);
        Ok(Output {
            account_aliases: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
