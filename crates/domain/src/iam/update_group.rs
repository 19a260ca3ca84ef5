//! `iam:UpdateGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        update_group::{Input, Output, UpdateGroup},
    },
};
use store::iam::EntityKind;

use super::{locate, renaming};
use crate::{Cx, Operation};

impl Operation for UpdateGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = locate::entity(cx, Self::ACTION, EntityKind::Group, &input.group_name).await?;
        renaming::rename(
            cx,
            Self::ACTION,
            &group,
            input.new_group_name,
            input.new_path,
        )
        .await?;
        Ok(Output {})
    }
}
