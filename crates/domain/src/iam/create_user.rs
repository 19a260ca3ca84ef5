//! `iam:CreateUser`

use api::{
    Modeled as _,
    iam::{
        Error, User,
        create_user::{CreateUser, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{
    answer,
    creation::{self, Wanted},
    kinds,
};
use crate::{Cx, Operation, identity};

impl Operation for CreateUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = creation::prepare(
            cx,
            Self::ACTION,
            Wanted {
                kind: EntityKind::User,
                name: input.user_name,
                path: input.path,
                tags: input.tags,
                boundary: input.permissions_boundary,
            },
        )
        .await?;
        if !cx.db.insert_user(&user).await? {
            return Err(kinds::taken(EntityKind::User, &user.name));
        }
        identity::note_change(cx).await?;
        Ok(Output {
            user: Some(User {
                tags: answer::tags(&user.tags),
                permissions_boundary: answer::boundary(user.boundary.as_ref()),
                ..answer::user(&user, cx.partition())
            }),
        })
    }
}
