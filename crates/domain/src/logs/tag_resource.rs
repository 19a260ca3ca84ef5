//! `logs:TagResource`

use api::{
    Modeled as _,
    logs::{
        Error,
        tag_resource::{Input, Output, TagResource},
    },
};

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for TagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let new = tags::from_map(input.tags)?;
        let located = locate::by_arn(cx, &input.resource_arn).await?;
        let mut group = located.authorize_tags(cx, Self::ACTION, &new)?;
        group.tags = tags::merge(group.tags, new)?;
        cx.db.update_log_group(&group).await?;
        Ok(Output {})
    }
}
