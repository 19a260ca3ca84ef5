//! `iam:PutRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        put_role_policy::{Input, Output, PutRolePolicy},
    },
};

use super::{
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for PutRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| access).await?;
        let owner = Owner {
            id: &role.id,
            kind: Kind::Role,
            name: &role.name,
        };
        inline::put(cx, owner, &input.policy_name, &input.policy_document).await?;
        Ok(Output {})
    }
}
