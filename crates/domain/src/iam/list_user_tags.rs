//! `iam:ListUserTags`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_user_tags::{Input, ListUserTags, Output},
    },
};
use store::iam::EntityKind;

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for ListUserTags {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::User;
        let tagged = locate::entity(cx, Self::ACTION, kind, &input.user_name).await?;
        let paged = tags::page(&tagged.tags, input.marker.as_deref(), input.max_items)?;
        Ok(Output {
            tags: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
