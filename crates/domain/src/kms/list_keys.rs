//! `kms:ListKeys`

use api::kms::{
    Error, KeyListEntry,
    list_keys::{Input, ListKeys, Output},
};

use super::{authorize, key_ref, page::Page};
use crate::{Cx, Operation};

impl Operation for ListKeys {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.limit, input.marker, key_ref::is_key_id)?;
        let account = cx.account().clone();
        authorize::on_no_key(cx, "kms:ListKeys")?;

        let mut ids = cx
            .db
            .kms_key_ids(&account, &cx.region, &page.after, page.probe())
            .await?;
        let next_marker = page.cut(&mut ids, Clone::clone);

        let entry = |key_id: String| KeyListEntry {
            key_arn: Some(cx.arn("kms", format!("key/{key_id}")).to_string()),
            key_id: Some(key_id),
        };
        Ok(Output {
            keys: Some(ids.into_iter().map(entry).collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}
