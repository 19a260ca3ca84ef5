//! `iam:UpdateUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        update_user::{Input, Output, UpdateUser},
    },
};
use store::iam::EntityKind;

use super::{locate, renaming};
use crate::{Cx, Operation};

impl Operation for UpdateUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        renaming::rename(cx, Self::ACTION, &user, input.new_user_name, input.new_path).await?;
        Ok(Output {})
    }
}
