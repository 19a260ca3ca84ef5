//! `ecr:UntagResource`

use api::{
    Modeled,
    ecr::{
        Error,
        untag_resource::{Input, Output, UntagResource},
    },
};

use super::repository;
use crate::{Cx, Operation};

impl Operation for UntagResource {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let address = repository::of_arn(&input.resource_arn)?;
        let row = cx.db.ecr_repository(&address).await?;
        let access = repository::access(Self::ACTION, &address, row.as_ref())?;
        let keys = input.tag_keys.iter().cloned();
        repository::authorize(cx, access.with_list("aws:TagKeys", keys))?;
        let mut row = row.ok_or_else(|| repository::not_found(&address))?;
        row.tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        cx.db.save_ecr_repository(&row).await?;
        Ok(Output {})
    }
}
