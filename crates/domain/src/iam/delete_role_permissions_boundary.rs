//! `iam:DeleteRolePermissionsBoundary`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_role_permissions_boundary::{DeleteRolePermissionsBoundary, Input, Output},
    },
};
use store::iam::EntityKind;

use super::boundary;
use crate::{Cx, Operation};

impl Operation for DeleteRolePermissionsBoundary {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        boundary::delete(cx, Self::ACTION, EntityKind::Role, &input.role_name).await?;
        Ok(Output {})
    }
}
