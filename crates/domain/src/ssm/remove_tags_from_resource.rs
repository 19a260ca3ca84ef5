//! `ssm:RemoveTagsFromResource`

use api::{
    Modeled as _,
    ssm::{
        Error,
        remove_tags_from_resource::{Input, Output, RemoveTagsFromResource},
    },
};
use store::parameters::ParameterKey;

use super::tags;
use crate::{Cx, Operation};

impl Operation for RemoveTagsFromResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let keys = input.tag_keys.clone();
        let parameter = tags::tagged(
            cx,
            Self::ACTION,
            input.resource_type,
            &input.resource_id,
            |access| access.with_list("aws:TagKeys", keys),
        )
        .await?;
        let mut left = parameter.tags.unwrap_or_default();
        left.retain(|tag| !input.tag_keys.contains(&tag.key));
        let account = cx.account().clone();
        let key = ParameterKey {
            account: &account,
            region: &cx.region,
            path: &parameter.path,
        };
        cx.db.set_parameter_tags(key, &left).await?;
        Ok(Output {})
    }
}
