//! `ecs:TagResource`

use api::{
    Modeled,
    ecs::{
        Error,
        tag_resource::{Input, Output, TagResource},
    },
};

use super::{tagged, tags};
use crate::{Access, Cx, Operation};

impl Operation for TagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let access = Access::new(Self::ACTION, &input.resource_arn);
        cx.authorize(access.with_request_tags(tags::pairs(&input.tags)))?;
        let found = tagged::find(cx, &input.resource_arn).await?;
        let found = found.ok_or_else(tagged_not_found)?;
        let mut all = found.tags()?;
        for tag in input.tags {
            if tag
                .key
                .as_deref()
                .is_some_and(|key| key.starts_with("aws:"))
            {
                return Err(Error::InvalidParameter(
                    "Tag keys cannot begin with aws:.".to_owned(),
                ));
            }
            match all.iter_mut().find(|known| known.key == tag.key) {
                Some(known) => known.value = tag.value,
                None => all.push(tag),
            }
        }
        found.set_tags(cx, &all).await?;
        Ok(Output {})
    }
}

pub(super) fn tagged_not_found() -> Error {
    Error::ResourceNotFound("The specified resource was not found.".to_owned())
}
