//! `ssm:ListTagsForResource`

use api::{
    Modeled as _,
    ssm::{
        self, Error,
        list_tags_for_resource::{Input, ListTagsForResource, Output},
    },
};

use super::tags;
use crate::{Cx, Operation};

impl Operation for ListTagsForResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let parameter = tags::tagged(
            cx,
            Self::ACTION,
            input.resource_type,
            &input.resource_id,
            |access| access,
        )
        .await?;
        let tags = parameter.tags.unwrap_or_default().into_iter();
        let tags = tags.map(|tag| ssm::Tag {
            key: tag.key,
            value: tag.value,
        });
        Ok(Output {
            tag_list: Some(tags.collect()),
        })
    }
}
