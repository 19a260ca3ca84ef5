//! `ssm:AddTagsToResource`

use api::{
    Modeled as _,
    ssm::{
        Error,
        add_tags_to_resource::{AddTagsToResource, Input, Output},
    },
};
use store::parameters::ParameterKey;

use super::tags;
use crate::{Cx, Operation};

impl Operation for AddTagsToResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let new = input
            .tags
            .iter()
            .map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let parameter = tags::tagged(
            cx,
            Self::ACTION,
            input.resource_type,
            &input.resource_id,
            |access| access.with_request_tags(new),
        )
        .await?;
        let added = tags::of_request(input.tags)?;
        let all = tags::with(parameter.tags.unwrap_or_default(), added)?;
        let account = cx.account().clone();
        let key = ParameterKey {
            account: &account,
            region: &cx.region,
            path: &parameter.path,
        };
        cx.db.set_parameter_tags(key, &all).await?;
        Ok(Output {})
    }
}
