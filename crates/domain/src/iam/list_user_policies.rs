//! `iam:ListUserPolicies`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_user_policies::{Input, ListUserPolicies, Output},
    },
};

use super::{locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListUserPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::user(cx, Self::ACTION, &input.user_name, |access| access).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let policies = cx.db.inline_policies(&user.id).await?;
        let names = policies.into_iter().map(|policy| policy.name).collect();
        let paged = page.cut_all(names, String::as_str);
        Ok(Output {
            policy_names: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
