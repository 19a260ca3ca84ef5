//! `iam:UntagPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        untag_policy::{Input, Output, UntagPolicy},
    },
};

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for UntagPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let keys = &input.tag_keys;
        let policy = locate::own_policy(cx, Self::ACTION, &input.policy_arn, |access| {
            access.with_list("aws:TagKeys", keys.iter().cloned())
        })
        .await?;
        let rest = tags::without_of_policy(&policy.tags, keys);
        cx.db.set_policy_tags(&policy.id, &rest).await?;
        Ok(Output {})
    }
}
