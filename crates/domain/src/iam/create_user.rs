//! `iam:CreateUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_user::{CreateUser, Input, Output},
    },
};
use store::iam::UserRow;

use super::{answer, locate, tags};
use crate::{Access, Cx, Operation, identity};

impl Operation for CreateUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let tags = tags::read(input.tags)?;
        let arn = locate::iam_arn(cx, format!("user{path}{}", input.user_name));
        let boundary = input.permissions_boundary;
        cx.authorize(
            Access::new(Self::ACTION, arn)
                .with_request_tags(tags::pairs(&tags))
                .with_some("iam:PermissionsBoundary", boundary.as_deref()),
        )?;
        if let Some(arn) = &boundary {
            locate::check_policy_arn(arn)?;
            locate::attachable(cx, arn).await?;
        }
        let user = UserRow {
            id: identity::ids::user(cx.entropy()),
            account: cx.account().clone(),
            name: input.user_name,
            path,
            tags,
            boundary,
            created: cx.now(),
        };
        if !cx.db.insert_user(&user).await? {
            let text = format!("User with name {} already exists.", user.name);
            return Err(Error::EntityAlreadyExists(text));
        }
        identity::note_change(cx).await?;
        Ok(Output {
            user: Some(api::iam::User {
                tags: answer::tags(&user.tags),
                permissions_boundary: answer::boundary(user.boundary.as_ref()),
                ..answer::user(&user, cx.partition())
            }),
        })
    }
}
