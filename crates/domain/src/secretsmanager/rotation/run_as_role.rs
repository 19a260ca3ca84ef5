//! What the server does for a rotation as the rotation role: its session, the copy that a test wants, and what must not
//! be repeated in a log.

use std::sync::Arc;

use types::{Fault, SecretValue};

use super::{Claim, Kind, Rotator, Target};
use crate::{
    Cx, RequestFacts, World,
    identity::{SessionCredentials, caller_of_session},
    secretsmanager::{sealing, stages::CURRENT, value::Value, versions},
    sts::{AssumeError, ServiceSession, assume_as_service},
};

/// The service that rotation roles trust: the one whose functions AWS calls.
const LAMBDA: &str = "lambda.amazonaws.com";

/// The service that it is where a task carries out the steps.
const ECS_TASKS: &str = "ecs-tasks.amazonaws.com";

/// No session of AWS's is shorter.
const SHORTEST_SESSION_SECS: u64 = 15 * 60;

/// Credentials for one attempt.
#[derive(Clone)]
pub struct RotationSession {
    pub role_arn: String,
    /// Who took on the role.
    service: &'static str,
    pub credentials: SessionCredentials,
}

/// Why a rotation gets no session, or no copy to test with.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    #[error("the role {0} does not exist, or its trust policy does not allow {1}")]
    Role(String, &'static str),
    #[error("the current value could not be copied for the test: {0}")]
    Copy(String),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A session of the rotator's role for one attempt, and for a test the version that it is made with.
pub async fn open_session(
    world: &Arc<World>,
    claim: &Claim,
    rotator: &Rotator,
) -> Result<RotationSession, NoSession> {
    let role_arn = role_arn(claim, rotator);
    let (service, source) = match &rotator.target {
        Target::Program(_) | Target::Https(_) => (LAMBDA, claim.function_arn.clone()),
        Target::Task(target) => (ECS_TASKS, definition_arn(claim, &target.task_definition)),
    };
    let seconds = rotator.timeout.as_secs().saturating_mul(4) + 60;
    let seconds = seconds.clamp(SHORTEST_SESSION_SECS, 12 * 60 * 60);
    let wanted = ServiceSession {
        service,
        role_arn: &role_arn,
        session_name: &rotator.name,
        duration: i64::try_from(seconds).map_err(Fault::new)?,
        source_arn: Some(&source),
        source_account: Some(claim.account.as_str()),
        task: None,
        policy: None,
    };
    let mut db = world.store.read().await?;
    let credentials = match assume_as_service(world, &mut db, wanted).await {
        Ok(credentials) => credentials,
        Err(AssumeError::Refused) => return Err(NoSession::Role(role_arn, service)),
        Err(AssumeError::Fault(fault)) => return Err(fault.into()),
    };
    drop(db);
    let session = RotationSession {
        role_arn,
        service,
        credentials,
    };
    if claim.kind == Kind::Test {
        copy_current(world, claim, &session).await?;
    }
    Ok(session)
}

fn role_arn(claim: &Claim, rotator: &Rotator) -> String {
    if rotator.role.starts_with("arn:") {
        return rotator.role.clone();
    }
    let (partition, account) = (claim.region.partition(), &claim.account);
    format!("arn:{partition}:iam::{account}:role/{}", rotator.role)
}

fn definition_arn(claim: &Claim, task_definition: &str) -> String {
    let (partition, region, account) = (claim.region.partition(), &claim.region, &claim.account);
    format!("arn:{partition}:ecs:{region}:{account}:task-definition/{task_definition}")
}

async fn context(
    world: &Arc<World>,
    claim: &Claim,
    session: &RotationSession,
    write: bool,
) -> Result<Cx, NoSession> {
    let mut db = if write {
        world.store.write().await?
    } else {
        world.store.read().await?
    };
    let credentials = &session.credentials;
    let (id, token) = (&credentials.access_key_id, &credentials.session_token);
    let place = (claim.region.partition(), api::Service::SecretsManager);
    let token = token.expose_secret_str().unwrap_or_default();
    let caller = caller_of_session(&mut db, world, id, token, place).await;
    let caller = caller.map_err(|_| NoSession::Role(session.role_arn.clone(), session.service))?;
    let facts = RequestFacts {
        id: world.entropy.uuid(),
        source_ip: None,
        referer: None,
        user_agent: None,
        secure: true,
        answer_form: api::AnswerForm::default(),
    };
    Ok(Cx::new(
        Arc::clone(world),
        db,
        caller,
        claim.region.clone(),
        facts,
    ))
}

/// Gives the version of a test the current value, if it does not have it yet.
async fn copy_current(
    world: &Arc<World>,
    claim: &Claim,
    session: &RotationSession,
) -> Result<(), NoSession> {
    let failed = |error: api::secretsmanager::Error| NoSession::Copy(error.to_string());
    let mut cx = context(world, claim, session, true).await?;
    let Some(secret) = cx.db.secret_by_arn(&claim.secret_arn).await? else {
        return Ok(());
    };
    let versions = cx.db.secret_versions(&secret.arn).await?;
    let labels = versions::labels(&versions);
    let filled = versions
        .iter()
        .any(|version| version.id == claim.version && version.has_value);
    let Some(current) = labels.holder(CURRENT).filter(|_| !filled) else {
        return Ok(());
    };
    let value = sealing::open_version(&mut cx, &secret, current)
        .await
        .map_err(failed)?;
    if let Some(value) = value {
        let sealed = sealing::seal(&mut cx, &secret, &claim.version, &value)
            .await
            .map_err(failed)?;
        let now = cx.now();
        cx.db
            .put_secret_value(&secret.arn, &claim.version, &sealed, now)
            .await?;
    }
    Ok(cx.end().session.commit().await?)
}

/// Every value that a rotator may have seen, whole and in its parts: what it prints is searched for them. `None` where
/// the role may not read them, and so nothing can be searched for.
pub async fn values_to_hide(
    world: &Arc<World>,
    claim: &Claim,
    session: &RotationSession,
) -> Result<Option<Vec<SecretValue>>, Fault> {
    let mut cx = match context(world, claim, session, false).await {
        Ok(cx) => cx,
        Err(NoSession::Fault(fault)) => return Err(fault),
        Err(_) => return Ok(None),
    };
    let Some(secret) = cx.db.secret_by_arn(&claim.secret_arn).await? else {
        return Ok(None);
    };
    let mut values = vec![
        session.credentials.secret_access_key.clone(),
        session.credentials.session_token.clone(),
    ];
    for version in cx.db.secret_versions(&secret.arn).await? {
        match sealing::open_version(&mut cx, &secret, &version.id).await {
            Ok(Some(Value { secret, .. })) => values.extend(parts(secret)),
            Ok(None) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(values))
}

/// A value, and where it is JSON the texts in it.
fn parts(value: SecretValue) -> Vec<SecretValue> {
    let json = serde_json::from_slice(value.expose_secret());
    let mut parts = vec![value];
    if let Ok(json) = json {
        collect(json, &mut parts);
    }
    parts
}

fn collect(json: serde_json::Value, into: &mut Vec<SecretValue>) {
    match json {
        serde_json::Value::String(text) => into.push(SecretValue::from(text)),
        serde_json::Value::Array(items) => items.into_iter().for_each(|item| collect(item, into)),
        serde_json::Value::Object(members) => {
            members
                .into_iter()
                .for_each(|(_, member)| collect(member, into));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_in_a_json_value_are_hidden_too() {
        let value = SecretValue::from(r#"{"password":"p4ss","more":["w0rd",1]}"#.to_owned());
        let parts = parts(value);
        let texts: Vec<_> = parts
            .iter()
            .filter_map(SecretValue::expose_secret_str)
            .collect();
        assert!(texts.contains(&"p4ss") && texts.contains(&"w0rd") && texts.len() == 3);
    }
}
