//! Sessions: the temporary credentials that `AssumeRole`, `GetSessionToken` and `GetFederationToken` give, and the token
//! that is their whole record.
//!
//! Nothing of a session is stored. Its secret key follows from its access key id and the root key; everything else is in
//! the token, sealed so that nobody else can read or make one, and bound to the access key id.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::RootKey;
use policy::Principal;
use serde::{Deserialize, Serialize};
use store::iam::RoleRow;
use types::{AccountId, Fault, SecretValue, Tag, Timestamp};

use super::ids;
use crate::World;

/// Whom a session speaks for. Unique ids, so that it ends with what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// A role that was assumed.
    Role { id: String, session_name: String },
    /// A user who asked for temporary credentials.
    User { id: String },
    /// An account's root user who did.
    Root { account: AccountId },
    /// A name that a user, or the root user, made credentials for.
    Federated {
        account: AccountId,
        user_id: Option<String>,
        name: String,
    },
}

/// What a session is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionRecord {
    pub holder: Holder,
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// The session policy that was given as text.
    pub policy: Option<String>,
    /// The managed policies that were given as session policies.
    pub policy_arns: Vec<String>,
    pub tags: Vec<Tag>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// The ARN of the task that the session is for.
    pub task: Option<String>,
}

/// Credentials of a session.
#[derive(Clone)]
pub struct SessionCredentials {
    /// `ASIA…`
    pub access_key_id: String,
    pub secret_access_key: SecretValue,
    pub session_token: SecretValue,
    pub expiration: Timestamp,
    /// Whom they speak for.
    pub principal: Principal,
}

impl SessionRecord {
    /// A session from now on, for so many seconds.
    pub fn new(holder: Holder, now: Timestamp, duration: i64) -> Self {
        Self {
            holder,
            issued: now,
            expires: now.plus_secs(duration),
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            task: None,
        }
    }

    /// Whether its time is up.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires <= now
    }
}

/// Makes credentials for a session in an account.
pub fn issue(
    world: &World,
    account: &AccountId,
    principal: Principal,
    record: &SessionRecord,
) -> Result<SessionCredentials, Fault> {
    let access_key_id = ids::session_key(account, world.entropy.as_ref());
    let text = serde_json::to_vec(record).map_err(Fault::new)?;
    let root_key = world.root_key.current();
    let sealed = root_key.derive("session token").seal(
        access_key_id.as_bytes(),
        &text,
        world.entropy.as_ref(),
    );
    Ok(SessionCredentials {
        secret_access_key: secret_key(&root_key, &access_key_id),
        session_token: SecretValue::from(STANDARD.encode(sealed)),
        access_key_id,
        expiration: record.expires,
        principal,
    })
}

/// Reads a session token; `None` where it is not one of ours, or belongs to another key.
pub(super) fn open(root_key: &RootKey, access_key_id: &str, token: &str) -> Option<SessionRecord> {
    let sealed = STANDARD.decode(token).ok()?;
    let text = root_key
        .derive("session token")
        .open(access_key_id.as_bytes(), &sealed)
        .ok()?;
    serde_json::from_slice(text.expose_secret()).ok()
}

/// The secret half of a session's access key: forty characters, as AWS's have.
pub(super) fn secret_key(root_key: &RootKey, access_key_id: &str) -> SecretValue {
    let key = root_key
        .derive(&format!("session secret of {access_key_id}"))
        .to_secret();
    let bytes = key.expose_secret();
    SecretValue::from(STANDARD.encode(bytes.get(..30).unwrap_or(bytes)))
}

/// A session of a role, as policies see it.
pub fn role_principal(role: &RoleRow, partition: &str, session_name: &str) -> Principal {
    Principal::RoleSession {
        partition: partition.to_owned(),
        account: role.account.clone(),
        role_path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        session_name: session_name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    fn root_key() -> RootKey {
        RootKey::generate(&SeededEntropy::new(1))
    }

    fn record() -> SessionRecord {
        let id = "AIDA1".to_owned();
        SessionRecord::new(Holder::User { id }, Timestamp::from_secs(1), 900)
    }

    fn token(access_key_id: &str) -> String {
        let text = serde_json::to_vec(&record()).unwrap();
        let key = root_key().derive("session token");
        STANDARD.encode(key.seal(access_key_id.as_bytes(), &text, &SeededEntropy::new(2)))
    }

    #[test]
    fn a_token_opens_for_its_own_key_only() {
        assert!(open(&root_key(), "ASIA1", &token("ASIA1")).is_some());
        assert!(open(&root_key(), "ASIA2", &token("ASIA1")).is_none());
        assert!(open(&root_key(), "ASIA1", "garbage").is_none());
        assert!(open(&root_key(), "ASIA1", "").is_none());
    }

    #[test]
    fn a_session_is_over_when_its_time_is_up() {
        let record = record();
        assert!(!record.is_over(Timestamp::from_secs(900)));
        assert!(record.is_over(Timestamp::from_secs(901)));
    }

    #[test]
    fn every_session_has_a_secret_of_its_own() {
        let secret = secret_key(&root_key(), "ASIA1");
        assert_eq!(secret.len(), 40);
        assert_eq!(secret, secret_key(&root_key(), "ASIA1"));
        assert_ne!(secret, secret_key(&root_key(), "ASIA2"));
    }
}
