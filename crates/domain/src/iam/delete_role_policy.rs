//! `iam:DeleteRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_role_policy::{DeleteRolePolicy, Input, Output},
    },
};

use super::{
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for DeleteRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| access).await?;
        let owner = Owner {
            id: &role.id,
            kind: Kind::Role,
            name: &role.name,
        };
        inline::delete(cx, owner, &input.policy_name).await?;
        Ok(Output {})
    }
}
