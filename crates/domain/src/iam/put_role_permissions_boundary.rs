//! `iam:PutRolePermissionsBoundary`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_role_permissions_boundary::{Input, Output, PutRolePermissionsBoundary},
    },
};
use store::iam::EntityKind;

use super::boundary;
use crate::{Cx, Operation};

impl Operation for PutRolePermissionsBoundary {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.role_name, &input.permissions_boundary);
        boundary::put(cx, Self::ACTION, EntityKind::Role, name, arn).await?;
        Ok(Output {})
    }
}
