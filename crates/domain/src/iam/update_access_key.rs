//! `iam:UpdateAccessKey`

use api::{
    CommonError, Modeled as _,
    iam::{
        Error, StatusType,
        update_access_key::{Input, Output, UpdateAccessKey},
    },
};

use super::{keys, locate};
use crate::{Cx, Operation};

impl Operation for UpdateAccessKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let owner = locate::key_owner(cx, Self::ACTION, input.user_name.as_deref()).await?;
        let active = match input.status {
            StatusType::Active => true,
            StatusType::Inactive => false,
            StatusType::Expired => {
                let text = "The status of an access key can be set to Active or Inactive";
                return Err(CommonError::Validation(text.to_owned()).into());
            }
        };
        let key = keys::find(cx, &owner, &input.access_key_id).await?;
        cx.db.set_access_key_active(&key.id, active).await?;
        Ok(Output {})
    }
}
