//! `iam:ListAccessKeys`

use api::{
    Modeled as _,
    iam::{
        AccessKeyMetadata, Error,
        list_access_keys::{Input, ListAccessKeys, Output},
    },
};

use super::{answer, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAccessKeys {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let owner = locate::key_owner(cx, Self::ACTION, input.user_name.as_deref()).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let account = cx.account().clone();
        let keys = cx.db.access_keys_of(&account, owner.id()).await?;
        let paged = page.cut_all(keys, |key| key.id.clone());
        let shown = paged.items.into_iter().map(|key| AccessKeyMetadata {
            user_name: owner.name(),
            access_key_id: Some(key.id),
            status: Some(answer::status(key.active)),
            create_date: Some(key.created),
        });
        Ok(Output {
            access_key_metadata: Some(shown.collect()),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
