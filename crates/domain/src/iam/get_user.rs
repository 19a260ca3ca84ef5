//! `iam:GetUser`

use api::{
    CommonError, Modeled as _,
    iam::{
        Error, User,
        get_user::{GetUser, Input, Output},
    },
};
use policy::Principal;
use store::iam::EntityKind;
use types::Fault;

use super::{answer, locate};
use crate::{Access, Cx, Operation};

impl Operation for GetUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = match (input.user_name, &cx.caller.principal) {
            (Some(name), _) => name,
            (None, Principal::User { name, .. }) => name.clone(),
            (None, Principal::Root { .. }) => return root(cx).await,
            (None, _) => {
                let text = "Must specify userName when calling with non-User credentials";
                return Err(CommonError::Validation(text.to_owned()).into());
            }
        };
        let user = locate::entity(cx, Self::ACTION, EntityKind::User, &name).await?;
        Ok(Output {
            user: Some(User {
                tags: answer::tags(&user.tags),
                permissions_boundary: answer::boundary(user.boundary.as_ref()),
                ..answer::user(&user, cx.partition())
            }),
        })
    }
}

/// The root user about itself. It has no name and no path.
async fn root(cx: &mut Cx) -> Result<Output, Error> {
    let arn = cx.caller.principal.arn();
    cx.authorize(Access::new(GetUser::ACTION, arn.clone()))?;
    let account = cx.account().clone();
    let row = cx.db.account(&account).await?;
    let row = row.ok_or_else(|| Fault::new("the caller's account has no row"))?;
    Ok(Output {
        user: Some(User {
            user_id: Some(account.to_string()),
            arn: Some(arn),
            create_date: Some(row.created),
            ..User::default()
        }),
    })
}
