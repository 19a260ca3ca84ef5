//! `EndAccessKeys`

use domain::identity::{self, KeyHolder};
use serde::{Deserialize, Serialize};
use types::AccountId;

use super::{Command, Operator, Refusal, new_access_key::holder_arn};

/// Ends the access keys of a root user or user, but for the ones to keep. They stop working at once and for good.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndAccessKeys {
    pub account_id: AccountId,
    /// Absent for the root user.
    pub user_name: Option<String>,
    /// The newest so many stay.
    pub keep_newest: usize,
}

impl Command for EndAccessKeys {
    const NAME: &'static str = "EndAccessKeys";
    /// The ids of the keys that ended.
    type Answer = Vec<String>;

    fn subject(&self) -> String {
        holder_arn(&self.account_id, self.user_name.as_deref())
    }

    async fn run(self, operator: &Operator) -> Result<Vec<String>, Refusal> {
        if self.keep_newest == 0 {
            return Err(Refusal::told("one access key has to stay"));
        }
        let ended = identity::end_access_keys(
            &operator.world,
            &self.account_id,
            KeyHolder::of(self.user_name.as_deref()),
            self.keep_newest,
        )
        .await?;
        ended.map_err(|missing| Refusal::told(missing.to_string()))
    }
}
