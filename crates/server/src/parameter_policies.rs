//! What the policies of parameters do in time is told in the audit log, where AWS would give it to EventBridge.

use std::{sync::Arc, time::Duration};

use domain::{World, ssm::PolicyAction};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use crate::audit::{AuditLog, Record};

/// How often it is looked whether a policy acts. The look itself costs nothing while no parameter changes.
const PERIOD: Duration = Duration::from_secs(1);

/// Has policies act for as long as the server runs.
pub fn spawn(
    running: &mut JoinSet<()>,
    world: &Arc<World>,
    audit: &AuditLog,
    stop: &watch::Receiver<bool>,
) {
    let (world, audit, mut stop) = (Arc::clone(world), audit.clone(), stop.clone());
    running.spawn(async move {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let told = domain::ssm::act_on_policies(&world, |action| tell(&world, &audit, action));
            if let Err(fault) = told.await {
                tracing::error!(cause = %fault.chain(), "policies of parameters could not act; it is tried again");
            }
        }
    });
}

fn tell(world: &World, audit: &AuditLog, action: &PolicyAction) -> std::io::Result<()> {
    let id = world.entropy.uuid();
    let policy: Value = serde_json::from_str(&action.policy).unwrap_or_default();
    audit.write(&Record {
        time: world.clock.now().to_iso8601_millis(),
        request_id: &id,
        event: "ssm:ParameterPolicyAction",
        account: Some(action.account.as_str()),
        region: Some(action.region.as_str()),
        outcome: "ok",
        details: Some(json!({
            "parameter": action.arn,
            "policyType": action.policy_type,
            "policy": policy,
        })),
        ..Record::default()
    })
}
