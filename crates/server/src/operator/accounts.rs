//! `CreateAccount` and `ListAccounts`.

use domain::identity::{self, NewAccount};
use serde::{Deserialize, Serialize};
use types::AccountId;

use super::{AccessKey, Command, Operator, Refusal, key::Pair};

/// Makes another account: its root user with an access key, the role of container instances, and a default cluster.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreateAccount {
    pub account_id: AccountId,
}

impl Command for CreateAccount {
    const NAME: &'static str = "CreateAccount";
    type Answer = AccessKey;

    fn subject(&self) -> String {
        root_arn(&self.account_id)
    }

    async fn run(self, operator: &Operator) -> Result<AccessKey, Refusal> {
        let account_id = self.account_id;
        match identity::create_account(&operator.world, &account_id).await? {
            NewAccount::Made(key) => Ok(AccessKey {
                account_id,
                user_name: None,
                key: Pair {
                    access_key_id: key.id,
                    secret_access_key: key.secret,
                },
            }),
            NewAccount::ThereAlready => Err(Refusal::told(format!(
                "account {account_id} is there already; `sealift account rotate-keys {account_id}` makes it a new root \
                 access key"
            ))),
        }
    }
}

/// Tells which accounts there are.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListAccounts {}

/// One account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    pub account_id: AccountId,
    pub arn: String,
    /// ISO 8601.
    pub created: String,
    /// The ids of its root user's access keys.
    pub root_access_key_ids: Vec<String>,
}

impl Command for ListAccounts {
    const NAME: &'static str = "ListAccounts";
    type Answer = Vec<Account>;

    fn subject(&self) -> String {
        "*".to_owned()
    }

    async fn run(self, operator: &Operator) -> Result<Vec<Account>, Refusal> {
        let mut db = operator.world.store.read().await?;
        let mut accounts = Vec::new();
        for row in db.accounts().await? {
            let keys = db.access_keys_of(&row.id, None).await?;
            accounts.push(Account {
                arn: root_arn(&row.id),
                created: row.created.to_iso8601(),
                root_access_key_ids: keys.into_iter().map(|key| key.id).collect(),
                account_id: row.id,
            });
        }
        Ok(accounts)
    }
}

/// The root user of an account, which stands for the account.
pub(super) fn root_arn(account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:root")
}
