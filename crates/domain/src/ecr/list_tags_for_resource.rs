//! `ecr:ListTagsForResource`

use api::{
    Modeled,
    ecr::{
        Error,
        list_tags_for_resource::{Input, ListTagsForResource, Output},
    },
};

use super::{repository, tags};
use crate::{Cx, Operation};

impl Operation for ListTagsForResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let address = repository::of_arn(&input.resource_arn)?;
        let row = repository::locate(cx, Self::ACTION, &address).await?;
        Ok(Output {
            tags: Some(tags::shown(&row.tags)),
        })
    }
}
