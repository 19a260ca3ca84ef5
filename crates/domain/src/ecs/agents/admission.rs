//! Who may open the session of a container instance.

use api::ecs::Error;
use types::Fault;

use super::Instance;
use crate::{
    Access, Cx,
    ecs::{cluster, here},
};

/// Why an agent may not open a session, as the answer to its upgrade says it.
#[derive(Debug)]
pub enum Refusal {
    /// The caller is not who registered the instance, or may not poll at all.
    AccessDenied(String),
    /// There is no such instance.
    InvalidInstance(String),
    /// There is no such cluster.
    InvalidCluster(String),
    /// The instance was deregistered: the agent comes back after an hour.
    InactiveInstance(String),
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Checks that the caller may poll for the instance, and that it is the one who registered it.
///
/// INVARIANT: a session is bound to the principal that registered its instance, whatever else its policies allow.
pub async fn admit(
    cx: &mut Cx,
    cluster_named: &str,
    instance_arn: &str,
) -> Result<Instance, Refusal> {
    let found = cluster::find(cx, Some(cluster_named))
        .await
        .map_err(|error| refusal(error, Refusal::InvalidCluster))?;
    cx.authorize(Access::new("ecs:Poll", instance_arn).with("ecs:cluster", &found.arn))
        .map_err(|error| refusal(error.into(), Refusal::AccessDenied))?;
    let (home, place) = here(cx);
    let name = found.name.clone();
    found
        .active()
        .map_err(|error| refusal(error, Refusal::InvalidCluster))?;

    let unknown = || Refusal::InvalidInstance("Container instance not found.".to_owned());
    let id = place
        .container_instance_id(&name, instance_arn)
        .map_err(|_| unknown())?;
    let row = cx
        .db
        .container_instance(&home, &name, &id)
        .await?
        .ok_or_else(unknown)?;
    if row.principal != cx.caller.principal.user_id() {
        return Err(Refusal::AccessDenied(
            "The container instance was registered by another principal.".to_owned(),
        ));
    }
    if row.status == cluster::INACTIVE {
        return Err(Refusal::InactiveInstance(
            "The container instance was deregistered.".to_owned(),
        ));
    }
    Ok(Instance {
        home,
        cluster: name,
        id,
    })
}

fn refusal(error: Error, otherwise: fn(String) -> Refusal) -> Refusal {
    use api::{CommonError, ServiceError as _};
    match error {
        Error::Common(CommonError::Fault(fault)) => Refusal::Fault(fault),
        Error::Common(CommonError::AccessDenied(text)) => Refusal::AccessDenied(text),
        error => otherwise(error.report().message.unwrap_or_default()),
    }
}
