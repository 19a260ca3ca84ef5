//! `iam:ListRoleTags`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_role_tags::{Input, ListRoleTags, Output},
    },
};
use store::iam::EntityKind;

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for ListRoleTags {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::Role;
        let tagged = locate::entity(cx, Self::ACTION, kind, &input.role_name).await?;
        let paged = tags::page(&tagged.tags, input.marker.as_deref(), input.max_items)?;
        Ok(Output {
            tags: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
