//! `iam:DeleteUserPermissionsBoundary`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_user_permissions_boundary::{DeleteUserPermissionsBoundary, Input, Output},
    },
};
use store::iam::EntityKind;

use super::boundary;
use crate::{Cx, Operation};

impl Operation for DeleteUserPermissionsBoundary {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        boundary::delete(cx, Self::ACTION, EntityKind::User, &input.user_name).await?;
        Ok(Output {})
    }
}
