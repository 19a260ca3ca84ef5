//! `ecr:TagResource`

use api::{
    Modeled,
    ecr::{
        Error,
        tag_resource::{Input, Output, TagResource},
    },
};

use super::{repository, tags};
use crate::{Cx, Operation};

impl Operation for TagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let address = repository::of_arn(&input.resource_arn)?;
        let row = cx.db.ecr_repository(&address).await?;
        let given = input.tags.iter();
        let given = given.map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let access = repository::access(Self::ACTION, &address, row.as_ref())?;
        repository::authorize(cx, access.with_request_tags(given))?;
        let mut row = row.ok_or_else(|| repository::not_found(&address))?;
        tags::add(&mut row.tags, input.tags)?;
        cx.db.save_ecr_repository(&row).await?;
        Ok(Output {})
    }
}
