//! `iam:DeleteUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_user_policy::{DeleteUserPolicy, Input, Output},
    },
};

use super::{
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for DeleteUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::user(cx, Self::ACTION, &input.user_name, |access| access).await?;
        let owner = Owner {
            id: &user.id,
            kind: Kind::User,
            name: &user.name,
        };
        inline::delete(cx, owner, &input.policy_name).await?;
        Ok(Output {})
    }
}
