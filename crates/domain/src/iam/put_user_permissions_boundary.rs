//! `iam:PutUserPermissionsBoundary`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_user_permissions_boundary::{Input, Output, PutUserPermissionsBoundary},
    },
};
use store::iam::EntityKind;

use super::boundary;
use crate::{Cx, Operation};

impl Operation for PutUserPermissionsBoundary {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (name, arn) = (&input.user_name, &input.permissions_boundary);
        boundary::put(cx, Self::ACTION, EntityKind::User, name, arn).await?;
        Ok(Output {})
    }
}
