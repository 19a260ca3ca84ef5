//! `iam:TagPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        tag_policy::{Input, Output, TagPolicy},
    },
};

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for TagPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let given = tags::read_of_policy(Some(input.tags))?;
        let policy = locate::own_policy(cx, Self::ACTION, &input.policy_arn, |access| {
            access.with_request_tags(tags::pairs(&given))
        })
        .await?;
        let merged = tags::merge_of_policy(&policy.tags, given)?;
        cx.db.set_policy_tags(&policy.id, &merged).await?;
        Ok(Output {})
    }
}
