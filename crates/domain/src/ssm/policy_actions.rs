//! What policies ask for in time: parameters whose time is over go, and what is to be told is told.

use std::io;

use store::{
    Session,
    parameters::{DueNotification, ExpiredParameter, ParameterKey},
};
use types::{AccountId, Arn, Fault, Region, Timestamp};

use super::policies::Policies;
use crate::World;

/// So many parameters are looked at in one transaction.
const BATCH: i64 = 100;

/// What a policy of a parameter did. AWS gives it to EventBridge; here the audit log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyAction {
    pub account: AccountId,
    pub region: Region,
    /// The parameter's ARN.
    pub arn: String,
    /// `Expiration`, `ExpirationNotification` or `NoChangeNotification`.
    pub policy_type: String,
    /// The policy as JSON.
    pub policy: String,
}

/// Tells every notification whose time has come and deletes every parameter whose Expiration policy says so.
///
/// A background job calls this; calling it again, or from two servers at once, does no harm. What was told is
/// forgotten only afterwards, so a crash in between tells it again rather than never.
pub async fn act_on_policies<T>(world: &World, tell: T) -> Result<(), Fault>
where
    T: Fn(&PolicyAction) -> io::Result<()> + Send + Sync,
{
    let now = world.clock.now();
    let next = world.store.read().await?.next_policy_moment().await?;
    if next.is_none_or(|moment| moment > now) {
        return Ok(());
    }
    loop {
        let mut db = world.store.write().await?;
        let actions = take_due(&mut db, now).await?;
        for action in &actions {
            tell(action).map_err(Fault::new)?;
        }
        db.commit().await?;
        if actions.is_empty() {
            return Ok(());
        }
    }
}

/// The actions that are due, none of which is due again once this session commits.
async fn take_due(db: &mut Session, now: Timestamp) -> Result<Vec<PolicyAction>, Fault> {
    let mut actions = Vec::new();
    for due in db.due_notifications(now, BATCH).await? {
        // Another server may have told it since.
        if db.delete_notification(&due).await? {
            actions.push(notification(due));
        }
    }
    for expired in db.expired_parameters(now, BATCH).await? {
        let key = ParameterKey {
            account: &expired.account,
            region: &expired.region,
            path: &expired.path,
        };
        if db.delete_expired_parameter(key, now).await? {
            tracing::info!(
                parameter = expired.path,
                "deleted a parameter whose Expiration policy said so"
            );
            actions.push(expiration(expired));
        }
    }
    Ok(actions)
}

fn notification(due: DueNotification) -> PolicyAction {
    PolicyAction {
        arn: arn(&due.account, &due.region, &due.path),
        account: due.account,
        region: due.region,
        policy_type: due.notification.kind,
        policy: due.notification.policy,
    }
}

fn expiration(expired: ExpiredParameter) -> PolicyAction {
    let policies = expired.policies.as_deref().map(Policies::parse);
    let policies = policies.and_then(Result::ok).unwrap_or_default();
    PolicyAction {
        arn: arn(&expired.account, &expired.region, &expired.path),
        account: expired.account,
        region: expired.region,
        policy_type: "Expiration".to_owned(),
        policy: policies.expiration().unwrap_or_default().to_owned(),
    }
}

fn arn(account: &AccountId, region: &Region, path: &str) -> String {
    let resource = format!("parameter{path}");
    let (partition, region) = (region.partition(), region.as_str());
    Arn::new(partition, "ssm", region, account.as_str(), resource).to_string()
}
