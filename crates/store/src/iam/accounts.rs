//! Accounts.

use types::{AccountId, Fault, Timestamp};

use crate::{Row, Session, args};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub id: AccountId,
    /// A random number that every IAM write in the account replaces.
    pub generation: i64,
    pub created: Timestamp,
}

impl AccountRow {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.parse("id")?,
            generation: row.int("generation")?,
            created: row.timestamp("created_at")?,
        })
    }
}

impl Session {
    /// Adds an account; false where it is there already.
    pub async fn insert_account(&mut self, account: &AccountRow) -> Result<bool, Fault> {
        let inserted = self
            .execute(
                "INSERT INTO accounts (id, generation, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                args![&account.id, account.generation, account.created],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The account of this id.
    pub async fn account(&mut self, id: &AccountId) -> Result<Option<AccountRow>, Fault> {
        self.fetch_optional("SELECT * FROM accounts WHERE id = $1", args![id])
            .await?
            .map(|row| AccountRow::from_row(&row))
            .transpose()
    }

    /// Every account of this server.
    pub async fn accounts(&mut self) -> Result<Vec<AccountRow>, Fault> {
        self.fetch_all("SELECT * FROM accounts ORDER BY id", args![])
            .await?
            .iter()
            .map(AccountRow::from_row)
            .collect()
    }

    /// Notes that who may do what has changed in an account.
    pub async fn set_account_generation(
        &mut self,
        id: &AccountId,
        generation: i64,
    ) -> Result<(), Fault> {
        self.execute(
            "UPDATE accounts SET generation = $2 WHERE id = $1",
            args![id, generation],
        )
        .await?;
        Ok(())
    }
}
