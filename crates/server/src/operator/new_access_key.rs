//! `NewAccessKey`

use domain::identity::{self, KeyHolder};
use serde::{Deserialize, Serialize};
use types::AccountId;

use super::{AccessKey, Command, Operator, Refusal, accounts::root_arn, key::Pair};

/// Makes another access key, for the root user of an account or for one of its users. Older keys stay as they are until
/// [`EndAccessKeys`](super::EndAccessKeys), so that the new one can be kept before the old ones end.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewAccessKey {
    pub account_id: AccountId,
    /// Absent for the root user.
    pub user_name: Option<String>,
}

impl Command for NewAccessKey {
    const NAME: &'static str = "NewAccessKey";
    type Answer = AccessKey;

    fn subject(&self) -> String {
        holder_arn(&self.account_id, self.user_name.as_deref())
    }

    async fn run(self, operator: &Operator) -> Result<AccessKey, Refusal> {
        let made = identity::new_access_key(
            &operator.world,
            &self.account_id,
            KeyHolder::of(self.user_name.as_deref()),
        )
        .await?;
        let key = made.map_err(|missing| Refusal::told(missing.to_string()))?;
        Ok(AccessKey {
            account_id: self.account_id,
            user_name: self.user_name,
            key: Pair {
                access_key_id: key.id,
                secret_access_key: key.secret,
            },
        })
    }
}

/// Whose keys are meant, for the audit log.
pub(super) fn holder_arn(account: &AccountId, user: Option<&str>) -> String {
    match user {
        Some(name) => format!("arn:aws:iam::{account}:user/{name}"),
        None => root_arn(account),
    }
}
