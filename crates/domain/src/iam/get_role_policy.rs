//! `iam:GetRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_role_policy::{GetRolePolicy, Input, Output},
    },
};

use super::{
    document,
    inline::{self, Kind, Owner},
    locate,
};
use crate::{Cx, Operation};

impl Operation for GetRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name, |access| access).await?;
        let owner = Owner {
            id: &role.id,
            kind: Kind::Role,
            name: &role.name,
        };
        let policy = inline::get(cx, owner, &input.policy_name).await?;
        Ok(Output {
            role_name: Some(role.name.clone()),
            policy_name: Some(policy.name),
            policy_document: Some(document::encode(&policy.document)),
        })
    }
}
