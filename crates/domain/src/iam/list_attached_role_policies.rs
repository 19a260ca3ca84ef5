//! `iam:ListAttachedRolePolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_attached_role_policies::{Input, ListAttachedRolePolicies, Output},
    },
};
use store::iam::EntityKind;

use super::{attachments, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAttachedRolePolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::entity(cx, Self::ACTION, EntityKind::Role, &input.role_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = attachments::list(cx, &role, input.path_prefix.as_deref(), &page).await?;
        Ok(Output {
            attached_policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
