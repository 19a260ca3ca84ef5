//! `iam:ListGroupPolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_group_policies::{Input, ListGroupPolicies, Output},
    },
};
use store::iam::EntityKind;

use super::{locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListGroupPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let policies = cx.db.inline_policies(&group.id).await?;
        let paged = page.cut_all(policies, |policy| policy.name.clone());
        let names = paged.map(|policy| policy.name);
        Ok(Output {
            policy_names: Some(names.items),
            is_truncated: names.is_truncated,
            marker: names.marker,
        })
    }
}
