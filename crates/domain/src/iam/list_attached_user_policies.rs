//! `iam:ListAttachedUserPolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_attached_user_policies::{Input, ListAttachedUserPolicies, Output},
    },
};
use store::iam::EntityKind;

use super::{attachments, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAttachedUserPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let paged = attachments::list(cx, &user, input.path_prefix.as_deref(), &page).await?;
        Ok(Output {
            attached_policies: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
