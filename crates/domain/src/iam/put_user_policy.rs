//! `iam:PutUserPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_user_policy::{Input, Output, PutUserPolicy},
    },
};

use super::{
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for PutUserPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let user = locate::user(cx, Self::ACTION, &input.user_name, |access| access).await?;
        let owner = Owner {
            id: &user.id,
            kind: Kind::User,
            name: &user.name,
        };
        inline::put(cx, owner, &input.policy_name, &input.policy_document).await?;
        Ok(Output {})
    }
}
