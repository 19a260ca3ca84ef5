//! `ecs:UntagResource`

use api::{
    Modeled,
    ecs::{
        Error,
        untag_resource::{Input, Output, UntagResource},
    },
};

use super::{tag_resource::tagged_not_found, tagged};
use crate::{Access, Cx, Operation};

impl Operation for UntagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let access = Access::new(Self::ACTION, &input.resource_arn);
        cx.authorize(access.with_list("aws:TagKeys", input.tag_keys.iter().cloned()))?;
        let found = tagged::find(cx, &input.resource_arn).await?;
        let found = found.ok_or_else(tagged_not_found)?;
        let mut all = found.tags()?;
        all.retain(|tag| {
            !tag.key
                .as_ref()
                .is_some_and(|key| input.tag_keys.contains(key))
        });
        found.set_tags(cx, &all).await?;
        Ok(Output {})
    }
}
