//! The container instances that this server's own agent should be: one for each cluster.

use ecs::names::DEFAULT_CLUSTER;
use store::{
    Session,
    ecs::{ClusterRow, Home},
};
use types::{AccountId, Fault, Timestamp};

use super::Instance;
use crate::{
    World,
    ecs::{cluster, place_of, roles},
    identity::{INSTANCE_ROLE, SessionCredentials},
};

/// The name of the local agent's sessions. One server has one host.
const HOST: &str = "local";

/// A container instance that the local agent should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalInstance {
    pub home: Home,
    pub cluster: String,
    /// What it registered as before.
    pub container_instance_arn: Option<String>,
    /// When the cluster was made: one of the same name may be made anew.
    pub created_at: Timestamp,
}

/// One instance for every active cluster. The default cluster of the first account exists from the start.
pub async fn local_instances(world: &World) -> Result<Vec<LocalInstance>, Fault> {
    if !world.settings.local_agent {
        return Ok(Vec::new());
    }
    keep_first_cluster(world).await?;
    let mut db = world.store.read().await?;
    let mut wanted = Vec::new();
    for row in db.all_active_clusters().await? {
        if !world.settings.agent_serves(&row.name) {
            continue;
        }
        let role = db.role_by_name(&row.home.account, INSTANCE_ROLE).await?;
        let known = match role {
            Some(role) => {
                let principal = format!("{}:{HOST}", role.id);
                db.container_instance_of(&row.home, &row.name, &principal)
                    .await?
            }
            None => None,
        };
        let instance = known.map(|known| Instance {
            home: row.home.clone(),
            cluster: row.name.clone(),
            id: known.id,
        });
        wanted.push(LocalInstance {
            container_instance_arn: instance.map(|i| i.arn()),
            created_at: row.created_at,
            home: row.home,
            cluster: row.name,
        });
    }
    Ok(wanted)
}

async fn keep_first_cluster(world: &World) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    ensure_default_cluster(world, &mut db, &world.settings.first_account).await?;
    db.commit().await
}

/// Makes the default cluster of an account in the server's region, unless it is there.
pub(crate) async fn ensure_default_cluster(
    world: &World,
    db: &mut Session,
    account: &AccountId,
) -> Result<(), Fault> {
    let home = Home {
        account: account.clone(),
        region: world.settings.region.clone(),
    };
    if db.cluster(&home, DEFAULT_CLUSTER).await?.is_none() {
        db.save_cluster(&ClusterRow {
            home,
            name: DEFAULT_CLUSTER.to_owned(),
            status: cluster::ACTIVE.to_owned(),
            details: "{}".to_owned(),
            created_at: world.clock.now(),
        })
        .await?;
    }
    Ok(())
}

/// A session of the account's instance role: what the local agent signs with, never the root user's key.
pub async fn local_credentials(
    world: &World,
    home: &Home,
) -> Result<Result<SessionCredentials, String>, Fault> {
    let mut db = world.store.read().await?;
    instance_session(world, &mut db, home, HOST, None).await
}

/// A session of the account's instance role under this name, narrowed by the policy.
pub(super) async fn instance_session(
    world: &World,
    db: &mut Session,
    home: &Home,
    name: &str,
    policy: Option<&str>,
) -> Result<Result<SessionCredentials, String>, Fault> {
    let account = &home.account;
    let role = db.role_by_name(account, INSTANCE_ROLE).await?;
    let Some(role) = role else {
        return Ok(Err(format!(
            "account {account} has no role {INSTANCE_ROLE}"
        )));
    };
    let partition = place_of(home).region.partition();
    let arn = format!(
        "arn:{partition}:iam::{account}:role{}{}",
        role.path, role.name
    );
    roles::assume_for_host(world, db, &arn, home, name, policy).await
}
