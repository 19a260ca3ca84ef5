//! What the database knows about itself: facts of the whole installation, and the root key it was made with.

use types::Fault;

use crate::{Session, Store, StoreError, args};

const ROOT_KEY_FINGERPRINT: &str = "root-key-fingerprint";

impl Session {
    /// A fact of the installation.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, Fault> {
        self.fetch_optional("SELECT value FROM meta WHERE key = $1", args![key])
            .await?
            .map(|row| row.text("value"))
            .transpose()
    }

    /// Writes down a fact of the installation, over an earlier one.
    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO meta (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            args![key, value],
        )
        .await?;
        Ok(())
    }
}

impl Session {
    /// Removes a fact of the installation.
    pub async fn delete_meta(&mut self, key: &str) -> Result<(), Fault> {
        self.execute("DELETE FROM meta WHERE key = $1", args![key])
            .await
            .map(drop)
    }

    /// Keeps the root key of this database as it is until the session ends.
    pub async fn lock_root_key_fingerprint(&mut self) -> Result<Option<String>, Fault> {
        self.fetch_optional_locked(
            "SELECT value FROM meta WHERE key = $1",
            args![ROOT_KEY_FINGERPRINT],
        )
        .await?
        .map(|row| row.text("value"))
        .transpose()
    }

    /// Says which root key this database is under from now on.
    pub async fn set_root_key_fingerprint(&mut self, fingerprint: &str) -> Result<(), Fault> {
        self.set_meta(ROOT_KEY_FINGERPRINT, fingerprint).await
    }
}

impl Store {
    /// The fingerprint of the root key this database was made with; `None` for a database that is new.
    pub async fn root_key_fingerprint(&self) -> Result<Option<String>, Fault> {
        self.read().await?.meta(ROOT_KEY_FINGERPRINT).await
    }

    /// Refuses a root key other than the one this database was made with. A new database takes the one it is given.
    pub async fn claim_root_key(&self, fingerprint: &str) -> Result<(), StoreError> {
        let known = self.remember_fingerprint(fingerprint).await;
        match known {
            Ok(known) if known == fingerprint => Ok(()),
            Ok(_) => Err(StoreError::WrongRootKey),
            Err(fault) => Err(StoreError::Claim(fault)),
        }
    }

    async fn remember_fingerprint(&self, fingerprint: &str) -> Result<String, Fault> {
        let mut session = self.write().await?;
        session
            .execute(
                "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
                args![ROOT_KEY_FINGERPRINT, fingerprint],
            )
            .await?;
        let known = session.lock_root_key_fingerprint().await?;
        session.commit().await?;
        Ok(known.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use crate::{StoreError, on_both_databases};

    on_both_databases! {
        async fn a_new_database_takes_a_root_key_and_refuses_another(store: Store) {
            store.claim_root_key("first").await.unwrap();
            store.claim_root_key("first").await.unwrap();
            assert!(matches!(store.claim_root_key("second").await, Err(StoreError::WrongRootKey)));
        }

        async fn facts_are_kept_and_replaced(store: Store) {
            let mut session = store.write().await.unwrap();
            session.set_meta("colour", "blue").await.unwrap();
            session.set_meta("colour", "red").await.unwrap();
            session.commit().await.unwrap();
            let mut session = store.read().await.unwrap();
            assert_eq!(session.meta("colour").await.unwrap().as_deref(), Some("red"));
            assert_eq!(session.meta("size").await.unwrap(), None);
            assert!(session.set_meta("size", "big").await.is_err(), "a reader cannot write");
        }

        async fn what_is_not_committed_is_gone(store: Store) {
            let mut session = store.write().await.unwrap();
            session.set_meta("colour", "blue").await.unwrap();
            drop(session);
            let mut session = store.write().await.unwrap();
            assert_eq!(session.meta("colour").await.unwrap(), None);
            session.set_meta("size", "big").await.unwrap();
            session.rollback();
            assert_eq!(store.read().await.unwrap().meta("size").await.unwrap(), None);
        }
    }
}
