//! `iam:ListGroups`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_groups::{Input, ListGroups, Output},
    },
};
use store::iam::EntityKind;

use super::{answer, listing, page::Page};
use crate::{Cx, Operation};

impl Operation for ListGroups {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = listing::list(
            cx,
            Self::ACTION,
            EntityKind::Group,
            input.path_prefix,
            &page,
        )
        .await?;
        let groups = paged.map(|group| answer::group(&group, cx.partition()));
        Ok(Output {
            groups: Some(groups.items),
            is_truncated: groups.is_truncated,
            marker: groups.marker,
        })
    }
}
