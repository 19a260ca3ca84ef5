//! `ecs:ListTagsForResource`

use api::{
    Modeled,
    ecs::{
        Error,
        list_tags_for_resource::{Input, ListTagsForResource, Output},
    },
};

use super::{tag_resource::tagged_not_found, tagged};
use crate::{Access, Cx, Operation};

impl Operation for ListTagsForResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, &input.resource_arn))?;
        let found = tagged::find(cx, &input.resource_arn).await?;
        let found = found.ok_or_else(tagged_not_found)?;
        Ok(Output {
            tags: Some(found.tags()?),
        })
    }
}
