//! Authorization tokens: passwords for Docker that stand for whoever asked for them.
//!
//! Nothing of a token is stored. It is the caller's access key, sealed so that nobody else can read or make one; what
//! the caller may do is decided with each request, by the policies that are in force then.

use api::CommonError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use store::Session;
use types::{Fault, SecretValue, Timestamp};

use crate::{
    World,
    identity::{self, Caller},
};

/// How long a token is good for.
const VALID_SECS: i64 = 12 * 60 * 60;
const LABEL: &str = "ecr authorization token";

#[derive(Serialize, Deserialize)]
struct Record {
    access_key_id: String,
    /// Of a role session: its token.
    session: Option<String>,
    expires: Timestamp,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoCaller {
    Invalid,
    Expired,
}

/// A token for the caller, and when it ends.
pub(super) fn issue(world: &World, caller: &Caller) -> Result<(SecretValue, Timestamp), Fault> {
    let expires = world.clock.now().plus_secs(VALID_SECS);
    let session = caller.session.as_ref();
    let record = Record {
        access_key_id: caller.access_key_id.clone(),
        session: session
            .and_then(|session| session.token.expose_secret_str())
            .map(str::to_owned),
        expires,
    };
    let text = SecretValue::from(serde_json::to_vec(&record).map_err(Fault::new)?);
    let sealed = world
        .root_key
        .seal(LABEL, text.expose_secret(), world.entropy.as_ref());
    Ok((SecretValue::from(URL_SAFE_NO_PAD.encode(sealed)), expires))
}

/// Whom a token stands for.
pub(super) async fn open(
    world: &World,
    db: &mut Session,
    token: &SecretValue,
    partition: &str,
) -> Result<Result<Caller, NoCaller>, CommonError> {
    let Some(record) = read(world, token) else {
        return Ok(Err(NoCaller::Invalid));
    };
    if record.expires <= world.clock.now() {
        return Ok(Err(NoCaller::Expired));
    }
    let key = &record.access_key_id;
    let caller = identity::recall(db, world, key, record.session.as_deref(), partition).await;
    match caller {
        Ok(caller) => Ok(Ok(caller)),
        // The key, or the role, is gone.
        Err(CommonError::Signature(_)) => Ok(Err(NoCaller::Invalid)),
        Err(error) => Err(error),
    }
}

fn read(world: &World, token: &SecretValue) -> Option<Record> {
    let sealed = URL_SAFE_NO_PAD.decode(token.expose_secret()).ok()?;
    let text = world.root_key.open(LABEL, &sealed);
    serde_json::from_slice(text.ok()?.expose_secret()).ok()
}
