//! `logs:UntagResource`

use api::{
    Modeled as _,
    logs::{
        Error,
        untag_resource::{Input, Output, UntagResource},
    },
};

use super::locate;
use crate::{Cx, Operation};

impl Operation for UntagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::by_arn(cx, &input.resource_arn).await?;
        let mut group = located.authorize_tags(cx, Self::ACTION, &[])?;
        group.tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        cx.db.update_log_group(&group).await?;
        Ok(Output {})
    }
}
