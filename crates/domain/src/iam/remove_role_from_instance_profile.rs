//! `iam:RemoveRoleFromInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error,
        remove_role_from_instance_profile::{Input, Output, RemoveRoleFromInstanceProfile},
    },
};
use store::iam::EntityKind;

use super::{kinds, locate};
use crate::{Cx, Operation};

impl Operation for RemoveRoleFromInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let profile =
            locate::instance_profile(cx, Self::ACTION, &input.instance_profile_name).await?;
        let account = cx.account().clone();
        let role = cx.db.role_by_name(&account, &input.role_name).await?;
        let role = role.ok_or_else(|| kinds::missing(EntityKind::Role, &input.role_name))?;
        if profile.role_id.as_deref() != Some(&role.id) {
            return Err(Error::NoSuchEntity(format!(
                "Role {} in Instance Profile {} cannot be found.",
                input.role_name, input.instance_profile_name
            )));
        }
        cx.db
            .set_instance_profile_role(&profile.entity.id, None)
            .await?;
        Ok(Output {})
    }
}
