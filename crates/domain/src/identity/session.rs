//! Sessions of roles: the credentials that `AssumeRole` gives, and the token that is their whole record.
//!
//! Nothing of a session is stored. Its secret key follows from its access key id and the root key; everything else is in
//! the token, sealed so that nobody else can read or make one, and bound to the access key id.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto::RootKey;
use policy::Principal;
use serde::{Deserialize, Serialize};
use store::iam::RoleRow;
use types::{Fault, SecretValue, Tag, Timestamp};

use super::ids;
use crate::World;

/// What a session is, beside its role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SessionRecord {
    pub role_id: String,
    pub session_name: String,
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
    pub session_token: String,
    pub expiration: Timestamp,
    /// Whom they speak for.
    pub principal: Principal,
}

/// Makes credentials for a session of a role.
pub fn issue(
    world: &World,
    role: &RoleRow,
    partition: &str,
    record: &SessionRecord,
) -> Result<SessionCredentials, Fault> {
    let access_key_id = ids::session_key(world.entropy.as_ref());
    let text = serde_json::to_vec(record).map_err(Fault::new)?;
    let root_key = world.root_key.current();
    let sealed = root_key.derive("session token").seal(
        access_key_id.as_bytes(),
        &text,
        world.entropy.as_ref(),
    );
    Ok(SessionCredentials {
        secret_access_key: secret_key(&root_key, &access_key_id),
        session_token: STANDARD.encode(sealed),
        access_key_id,
        expiration: record.expires,
        principal: principal(role, partition, &record.session_name),
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
pub(super) fn principal(role: &RoleRow, partition: &str, session_name: &str) -> Principal {
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

    fn token(access_key_id: &str) -> String {
        let text = serde_json::to_vec(&SessionRecord::default()).unwrap();
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
    fn every_session_has_a_secret_of_its_own() {
        let secret = secret_key(&root_key(), "ASIA1");
        assert_eq!(secret.len(), 40);
        assert_eq!(secret, secret_key(&root_key(), "ASIA1"));
        assert_ne!(secret, secret_key(&root_key(), "ASIA2"));
    }
}
