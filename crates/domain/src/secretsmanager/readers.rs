//! Who may read a secret: asked of the same decisions that requests are, for every user and role of its account.

use std::sync::Arc;

use store::secrets::Secret;
use types::Fault;

use super::{
    locate::{access_to, function_of},
    sealing,
    stages::CURRENT,
    versions,
};
use crate::{
    Cx, World,
    identity::{Caller, everyone},
};

/// A user or role that may read a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub arn: String,
    /// The policy and statement that allow it.
    pub because: String,
}

const GET: &str = "secretsmanager:GetSecretValue";

/// The secret of a name in the first account and region, or of an ARN anywhere.
pub async fn find(world: &World, text: &str) -> Result<Option<Secret>, Fault> {
    let mut db = world.store.read().await?;
    if text.starts_with("arn:") {
        return db.secret_by_arn(text).await;
    }
    let settings = &world.settings;
    db.secret_by_name(&settings.first_account, &settings.region, text)
        .await
}

/// Every user and role of the secret's account that may read its current value, its KMS key included. The account's root
/// user always may and is not listed, nor is who comes from another account.
pub async fn readers(world: &Arc<World>, secret: &Secret) -> Result<Vec<Reader>, Fault> {
    let mut readers = Vec::new();
    let partition = secret.region.partition();
    for caller in everyone(world, &secret.account, partition).await? {
        readers.extend(reads(world, secret, caller).await?);
    }
    Ok(readers)
}

async fn reads(
    world: &Arc<World>,
    secret: &Secret,
    caller: Caller,
) -> Result<Option<Reader>, Fault> {
    let arn = caller.principal.principal_arn();
    let mut cx = Cx::imagined(world, caller, &secret.region).await?;
    let function = function_of(&mut cx, secret).await?;
    let Ok(access) = access_to(secret, function.as_deref(), GET) else {
        return Ok(None);
    };
    if cx.authorize(access).is_err() {
        return Ok(None);
    }
    let because = cx.decided.last().map(|d| d.statement.clone());
    let held = cx.db.secret_versions(&secret.arn).await?;
    let labels = versions::labels(&held);
    let Some(current) = labels.holder(CURRENT) else {
        return Ok(None);
    };
    // Whether its key lets them is found out by trying.
    let opened = sealing::open_version(&mut cx, secret, current).await;
    Ok(matches!(opened, Ok(Some(_))).then(|| Reader {
        arn,
        because: because.unwrap_or_default(),
    }))
}

/// Whether two versions of a secret have the same content, as far as the caller may read them.
pub(crate) async fn same_content(
    world: &Arc<World>,
    caller: Caller,
    arn: &str,
    one: &str,
    other: &str,
) -> Result<bool, Fault> {
    let secret = world.store.read().await?.secret_by_arn(arn).await?;
    let Some(secret) = secret else {
        return Ok(false);
    };
    let mut cx = Cx::imagined(world, caller, &secret.region).await?;
    let function = function_of(&mut cx, &secret).await?;
    let Ok(access) = access_to(&secret, function.as_deref(), GET) else {
        return Ok(false);
    };
    if cx.authorize(access).is_err() {
        return Ok(false);
    }
    let one = sealing::open_version(&mut cx, &secret, one).await;
    let other = sealing::open_version(&mut cx, &secret, other).await;
    Ok(matches!((one, other), (Ok(Some(one)), Ok(Some(other))) if one == other))
}
