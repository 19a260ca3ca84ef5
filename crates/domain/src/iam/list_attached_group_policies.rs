//! `iam:ListAttachedGroupPolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_attached_group_policies::{Input, ListAttachedGroupPolicies, Output},
    },
};
use store::iam::EntityKind;

use super::{attachments, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAttachedGroupPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = attachments::list(cx, &group, input.path_prefix.as_deref(), &page).await?;
        Ok(Output {
            attached_policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
