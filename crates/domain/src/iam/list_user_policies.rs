//! `iam:ListUserPolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_user_policies::{Input, ListUserPolicies, Output},
    },
};
use store::iam::EntityKind;

use super::{locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListUserPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let policies = cx.db.inline_policies(&user.id).await?;
        let paged = page.cut_all(policies, |policy| policy.name.clone());
        let names = paged.map(|policy| policy.name);
        Ok(Output {
            policy_names: Some(names.items),
            is_truncated: names.is_truncated,
            marker: names.marker,
        })
    }
}
