//! `iam:AddRoleToInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error,
        add_role_to_instance_profile::{AddRoleToInstanceProfile, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{answer, kinds, locate};
use crate::{Cx, Operation, identity};

impl Operation for AddRoleToInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let profile =
            locate::instance_profile(cx, Self::ACTION, &input.instance_profile_name).await?;
        let account = cx.account().clone();
        let role = cx.db.role_by_name(&account, &input.role_name).await?;
        let role = role.ok_or_else(|| kinds::missing(EntityKind::Role, &input.role_name))?;
        let role_arn = answer::arn(&role, cx.partition());
        identity::authorize_pass_role(cx, &role_arn, "ec2.amazonaws.com").await?;
        let count = i64::from(profile.role_id.is_some());
        kinds::check_quota(("InstanceSessionsPerInstanceProfile", 1), count)?;
        cx.db
            .set_instance_profile_role(&profile.entity.id, Some(&role.id))
            .await?;
        Ok(Output {})
    }
}
