//! `logs:ListTagsForResource`

use api::{
    Modeled as _,
    logs::{
        Error,
        list_tags_for_resource::{Input, ListTagsForResource, Output},
    },
};

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for ListTagsForResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_arn(cx, &input.resource_arn).await?;
        let group = located.authorize_tags(cx, Self::ACTION, &[])?;
        Ok(Output {
            tags: Some(tags::to_map(group.tags)),
        })
    }
}
