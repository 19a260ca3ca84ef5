//! `iam:ListAttachedRolePolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_attached_role_policies::{Input, ListAttachedRolePolicies, Output},
    },
};

use super::{attachments, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAttachedRolePolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| access).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = attachments::list(cx, &role.id, input.path_prefix.as_deref(), &page).await?;
        Ok(Output {
            attached_policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
