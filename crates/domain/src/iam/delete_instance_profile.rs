//! `iam:DeleteInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_instance_profile::{DeleteInstanceProfile, Input, Output},
    },
};

use super::locate;
use crate::{Cx, Operation};

impl Operation for DeleteInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let profile =
            locate::instance_profile(cx, Self::ACTION, &input.instance_profile_name).await?;
        if profile.role_id.is_some() {
            let text = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        cx.db.delete_entity(&profile.entity).await?;
        Ok(Output {})
    }
}
