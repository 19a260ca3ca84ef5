//! `iam:ListPolicyTags`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_policy_tags::{Input, ListPolicyTags, Output},
    },
};

use super::{
    locate::{self, Managed},
    tags,
};
use crate::{Cx, Operation};

impl Operation for ListPolicyTags {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy = locate::policy(cx, Self::ACTION, &input.policy_arn).await?;
        let present = match &policy {
            Managed::Customer(row) => row.tags.as_slice(),
            Managed::Aws(_) => &[],
        };
        let paged = tags::page(present, input.marker.as_deref(), input.max_items)?;
        Ok(Output {
            tags: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
