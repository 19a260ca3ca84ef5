//! `iam:GetUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_user_policy::{GetUserPolicy, Input, Output},
    },
};

use super::{
    document,
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for GetUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::user(cx, Self::ACTION, &input.user_name, |access| access).await?;
        let owner = Owner {
            id: &user.id,
            kind: Kind::User,
            name: &user.name,
        };
        let policy = inline::get(cx, owner, &input.policy_name).await?;
        Ok(Output {
            user_name: Some(user.name.clone()),
            policy_name: Some(policy.name),
            policy_document: Some(document::encode(&policy.document)),
        })
    }
}
