//! The ARNs and short names of clusters, tasks, task definitions and container instances.

use std::fmt;

use types::{AccountId, Arn, Region};

/// The cluster that is meant where none is named.
pub const DEFAULT_CLUSTER: &str = "default";

/// The account and region that names are resolved in, and that ARNs are made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub account: AccountId,
    pub region: Region,
}

/// A deployment or revision of a service, as its ARN names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfService {
    pub cluster: String,
    pub service: String,
    pub id: String,
}

/// A name that belongs to another account or region, or to another kind of resource, or has no sound form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name or ARN of this account and region")]
pub struct ForeignName;

impl Place {
    fn arn(&self, resource: impl fmt::Display) -> Arn {
        Arn::new(
            self.region.partition(),
            "ecs",
            self.region.as_str(),
            self.account.as_str(),
            resource.to_string(),
        )
    }

    pub fn cluster(&self, name: &str) -> Arn {
        self.arn(format_args!("cluster/{name}"))
    }

    pub fn task(&self, cluster: &str, id: &str) -> Arn {
        self.arn(format_args!("task/{cluster}/{id}"))
    }

    pub fn service(&self, cluster: &str, name: &str) -> Arn {
        self.arn(format_args!("service/{cluster}/{name}"))
    }

    pub fn service_deployment(&self, cluster: &str, service: &str, id: &str) -> Arn {
        self.arn(format_args!("service-deployment/{cluster}/{service}/{id}"))
    }

    pub fn service_revision(&self, cluster: &str, service: &str, number: &str) -> Arn {
        self.arn(format_args!(
            "service-revision/{cluster}/{service}/{number}"
        ))
    }

    pub fn capacity_provider(&self, name: &str) -> Arn {
        self.arn(format_args!("capacity-provider/{name}"))
    }

    pub fn container(&self, cluster: &str, task: &str, id: &str) -> Arn {
        self.arn(format_args!("container/{cluster}/{task}/{id}"))
    }

    pub fn container_instance(&self, cluster: &str, id: &str) -> Arn {
        self.arn(format_args!("container-instance/{cluster}/{id}"))
    }

    /// The attachment of a task's network interface.
    pub fn attachment(&self, id: &str) -> Arn {
        self.arn(format_args!("attachment/{id}"))
    }

    pub fn task_definition(&self, family: &str, revision: impl fmt::Display) -> Arn {
        self.arn(format_args!("task-definition/{family}:{revision}"))
    }

    /// The name in a cluster's name or ARN.
    pub fn cluster_name(&self, text: &str) -> Result<String, ForeignName> {
        let name = self.resource(text, "cluster/")?;
        is_name(&name).then_some(name).ok_or(ForeignName)
    }

    /// The id in a task's id or ARN; an ARN of another cluster names no task of this one.
    pub fn task_id(&self, cluster: &str, text: &str) -> Result<String, ForeignName> {
        self.id_in(cluster, text, "task/")
    }

    /// The id in a container instance's id or ARN.
    pub fn container_instance_id(&self, cluster: &str, text: &str) -> Result<String, ForeignName> {
        self.id_in(cluster, text, "container-instance/")
    }

    /// The name in a service's name or ARN; an ARN of another cluster names no service of this one.
    pub fn service_name(&self, cluster: &str, text: &str) -> Result<String, ForeignName> {
        let name = self.id_in(cluster, text, "service/")?;
        is_name(&name).then_some(name).ok_or(ForeignName)
    }

    /// The name in a capacity provider's name or ARN.
    pub fn capacity_provider_name(&self, text: &str) -> Result<String, ForeignName> {
        self.resource(text, "capacity-provider/")
    }

    /// What the ARN of a service deployment names.
    pub fn of_service_deployment(&self, arn: &str) -> Result<OfService, ForeignName> {
        self.of_service(arn, "service-deployment/")
    }

    /// What the ARN of a service revision names.
    pub fn of_service_revision(&self, arn: &str) -> Result<OfService, ForeignName> {
        self.of_service(arn, "service-revision/")
    }

    fn of_service(&self, arn: &str, kind: &str) -> Result<OfService, ForeignName> {
        let rest = self.resource(arn, kind)?;
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            [cluster, service, id] if arn.starts_with("arn:") => Ok(OfService {
                cluster: (*cluster).to_owned(),
                service: (*service).to_owned(),
                id: (*id).to_owned(),
            }),
            _ => Err(ForeignName),
        }
    }

    fn id_in(&self, cluster: &str, text: &str, kind: &str) -> Result<String, ForeignName> {
        let rest = self.resource(text, kind)?;
        match rest.split_once('/') {
            // The ARNs of before 2018 do not name the cluster.
            None => Ok(rest),
            Some((in_cluster, id)) if in_cluster == cluster => Ok(id.to_owned()),
            Some(_) => Err(ForeignName),
        }
    }

    /// Family and, where one is named, revision of `family`, `family:revision` or a task definition's ARN.
    pub fn family_and_revision(&self, text: &str) -> Result<(String, Option<i64>), ForeignName> {
        let rest = self.resource(text, "task-definition/")?;
        let (family, revision) = match rest.split_once(':') {
            None => (rest.as_str(), None),
            Some((family, revision)) => {
                let number = revision.parse().map_err(|_| ForeignName)?;
                (family, Some(number))
            }
        };
        if is_name(family) {
            Ok((family.to_owned(), revision))
        } else {
            Err(ForeignName)
        }
    }

    fn resource(&self, text: &str, kind: &str) -> Result<String, ForeignName> {
        if !text.starts_with("arn:") {
            return Ok(text.to_owned());
        }
        let arn: Arn = text.parse().map_err(|_| ForeignName)?;
        let here = arn.service == "ecs"
            && arn.region == self.region.as_str()
            && arn.account == self.account.as_str();
        match arn.resource.strip_prefix(kind) {
            Some(rest) if here => Ok(rest.to_owned()),
            _ => Err(ForeignName),
        }
    }
}

/// The last part of a task's ARN, which is also the session name of its execution role.
pub fn task_id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Whether a cluster, family or container may bear this name.
pub fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Place {
        Place {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
        }
    }

    #[test]
    fn arns_have_the_long_format() {
        assert_eq!(
            here().task("web", "0123").to_string(),
            "arn:aws:ecs:us-west-2:111122223333:task/web/0123"
        );
        assert_eq!(
            here().task_definition("app", 3).to_string(),
            "arn:aws:ecs:us-west-2:111122223333:task-definition/app:3"
        );
    }

    #[test]
    fn names_and_arns_of_one_thing_are_the_same() {
        assert_eq!(here().cluster_name("web").unwrap(), "web");
        let arn = here().cluster("web").to_string();
        assert_eq!(here().cluster_name(&arn).unwrap(), "web");
        let arn = here().task("web", "0123").to_string();
        assert_eq!(here().task_id("web", &arn).unwrap(), "0123");
        assert_eq!(here().task_id("web", "0123").unwrap(), "0123");
        assert_eq!(
            here().family_and_revision("app:3").unwrap(),
            ("app".to_owned(), Some(3))
        );
        assert_eq!(
            here().family_and_revision("app").unwrap(),
            ("app".to_owned(), None)
        );
    }

    #[test]
    fn deployments_and_revisions_are_named_by_whole_arns_alone() {
        let arn = here().service_deployment("c", "web", "x-1").to_string();
        assert_eq!(
            arn,
            "arn:aws:ecs:us-west-2:111122223333:service-deployment/c/web/x-1"
        );
        let named = here().of_service_deployment(&arn).unwrap();
        assert_eq!(
            (
                named.cluster.as_str(),
                named.service.as_str(),
                named.id.as_str()
            ),
            ("c", "web", "x-1")
        );
        assert!(here().of_service_revision(&arn).is_err());
        for bad in ["c/web/x-1", "x-1", &format!("{arn}/more")] {
            assert!(here().of_service_deployment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_belongs_elsewhere_is_foreign() {
        let mut elsewhere = here();
        elsewhere.region = "eu-west-1".parse().unwrap();
        assert!(
            here()
                .cluster_name(&elsewhere.cluster("web").to_string())
                .is_err()
        );
        let other = here().task("other", "0123").to_string();
        assert!(here().task_id("web", &other).is_err());
        for bad in ["app:", "app:x", "a b", ":1", "app:1:2", ""] {
            assert!(here().family_and_revision(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tasks_id_is_the_end_of_its_arn() {
        let arn = here().task("web", "0123").to_string();
        assert_eq!(task_id_of(&arn), "0123");
    }
}
