//! Services found by name or ARN.

use api::ecs::Error;
use ecs::names::{ForeignName, OfService};
use store::ecs::{ServiceKey, ServiceRow};

use crate::{
    Access, Cx,
    ecs::{cluster, here},
};

/// A service that was looked for: what to authorise, and what there is, if anything.
pub(in crate::ecs) struct Found {
    pub arn: String,
    pub cluster: cluster::Found,
    /// The name has no sound form where there is none.
    pub key: Option<ServiceKey>,
}

/// Looks for the service of a name or ARN. An ARN says its cluster itself.
pub(in crate::ecs) async fn find(
    cx: &mut Cx,
    cluster_named: Option<&str>,
    text: &str,
) -> Result<Found, Error> {
    let cluster = cluster::find(cx, cluster_named).await?;
    let (home, place) = here(cx);
    let name = place.service_name(&cluster.name, text).ok();
    let arn = match &name {
        Some(name) => place.service(&cluster.name, name).to_string(),
        None => text.to_owned(),
    };
    let key = name.map(|name| ServiceKey {
        home,
        cluster: cluster.name.clone(),
        name,
    });
    Ok(Found { arn, cluster, key })
}

impl Found {
    /// The service's row, whatever its status.
    pub(in crate::ecs) async fn row(self, cx: &mut Cx) -> Result<Option<ServiceRow>, Error> {
        self.cluster.active()?;
        Ok(match &self.key {
            Some(key) => cx.db.service(key).await?,
            None => None,
        })
    }

    /// The service's row, or the error that it is not there.
    pub(in crate::ecs) async fn existing(self, cx: &mut Cx) -> Result<ServiceRow, Error> {
        let row = self.row(cx).await?;
        row.ok_or_else(|| Error::ServiceNotFound("Service not found.".to_owned()))
    }
}

/// What the ARN of a deployment or revision names, once the caller may do this to it. An ARN that names none is refused only
/// after that.
pub(in crate::ecs) fn authorized(
    cx: &mut Cx,
    action: &'static str,
    arn: &str,
    named: Result<OfService, ForeignName>,
) -> Result<OfService, Error> {
    let cluster = named.as_ref().map(|named| named.cluster.as_str());
    let cluster = here(cx).1.cluster(cluster.unwrap_or_default()).to_string();
    cx.authorize(Access::new(action, arn).with("ecs:cluster", cluster))?;
    named.map_err(|_| Error::InvalidParameter(format!("Invalid identifier: {arn}")))
}

/// The service that a deployment or revision is of, if it is there.
pub(in crate::ecs) async fn of(
    cx: &mut Cx,
    named: &OfService,
) -> Result<Option<ServiceRow>, Error> {
    let key = ServiceKey {
        home: here(cx).0,
        cluster: named.cluster.clone(),
        name: named.service.clone(),
    };
    Ok(cx.db.service(&key).await?)
}

/// AWS: up to twenty are described in one call.
pub(in crate::ecs) fn check_number(count: usize, member: &str) -> Result<(), Error> {
    const MOST: usize = 20;
    let text = match count {
        0 => format!("{member} cannot be empty."),
        1..=MOST => return Ok(()),
        _ => format!("{member} cannot have more than {MOST} elements."),
    };
    Err(Error::InvalidParameter(text))
}
