//! `iam:CreateAccessKey`

use api::{
    Modeled as _,
    iam::{
        AccessKey, Error,
        create_access_key::{CreateAccessKey, Input, Output},
    },
};
use store::iam::AccessKeyRow;

use super::{answer, locate};
use crate::{Cx, Operation, identity};

/// How many access keys a user can have.
const QUOTA: usize = 2;

impl Operation for CreateAccessKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let owner = locate::key_owner(cx, Self::ACTION, input.user_name.as_deref()).await?;
        let account = cx.account().clone();
        let keys = cx.db.access_keys_of(&account, owner.id()).await?;
        if keys.len() >= QUOTA {
            let text = format!("Cannot exceed quota for AccessKeysPerUser: {QUOTA}");
            return Err(Error::LimitExceeded(text));
        }
        let id = identity::ids::access_key(&account, cx.entropy());
        let secret = identity::ids::secret_key(cx.entropy());
        let key = AccessKeyRow {
            sealed_secret: identity::seal_key(&cx.world, &id, &secret),
            id,
            account,
            user_id: owner.id().map(str::to_owned),
            active: true,
            created: cx.now(),
        };
        cx.db.insert_access_key(&key).await?;
        // The one time that the secret half is shown.
        Ok(Output {
            access_key: Some(AccessKey {
                user_name: owner.name(),
                access_key_id: Some(key.id),
                status: Some(answer::status(key.active)),
                secret_access_key: Some(secret),
                create_date: Some(key.created),
            }),
        })
    }
}
