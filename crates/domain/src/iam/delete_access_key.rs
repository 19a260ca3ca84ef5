//! `iam:DeleteAccessKey`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_access_key::{DeleteAccessKey, Input, Output},
    },
};

use super::{keys, locate};
use crate::{Cx, Operation};

impl Operation for DeleteAccessKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let owner = locate::key_owner(cx, Self::ACTION, input.user_name.as_deref()).await?;
        let key = keys::find(cx, &owner, &input.access_key_id).await?;
        cx.db.end_access_key(&key.id, cx.now()).await?;
        cx.db.forget_uses(&key.id).await?;
        Ok(Output {})
    }
}
