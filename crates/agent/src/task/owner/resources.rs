//! What a task's containers need before they are made: values of secrets, registry logins, and the role to read them.

use ecs::acs::Container;
use futures::FutureExt as _;
use tokio::time::sleep;

use super::{Event, Fetch, Files, Known, Logins, Owner, Record};
use crate::{
    firelens,
    resolve::{FileVariables, Provider, ResolveError, TaskRole, references, wanted_login},
    task::environment::ResolvedValues,
};

impl Owner {
    /// Only containers that are not created yet need anything.
    pub(super) fn uncreated(&self) -> impl Iterator<Item = &Container> {
        let containers = self.task.containers.iter().zip(&self.records);
        containers
            .filter(|(_, record)| is_uncreated(record))
            .map(|(container, _)| container)
    }

    /// Those whose secrets are still needed: a router needs those of the containers that log to it, too.
    fn in_need(&self) -> impl Iterator<Item = &Container> {
        let routes = self
            .uncreated()
            .any(|container| container.firelens_configuration.is_some());
        let containers = self.task.containers.iter().zip(&self.records);
        containers
            .filter(move |(container, record)| {
                is_uncreated(record) || (routes && firelens::logs_to_router(container))
            })
            .map(|(container, _)| container)
    }

    pub(super) fn want_values(&mut self) {
        if !self.wanted_running {
            return;
        }
        let unknown = self
            .in_need()
            .flat_map(|container| &container.secrets)
            .find(|secret| Provider::parse(&secret.provider).is_none());
        if let Some(secret) = unknown {
            let error = ResolveError::unknown_provider(&secret.value_from, &secret.provider);
            return self.resource_failed(&error);
        }
        let wanted: Vec<_> = Provider::ALL
            .into_iter()
            .filter(|provider| !references(self.in_need(), *provider).is_empty())
            .collect();
        for provider in wanted {
            self.fetches.insert(provider, Fetch::Wanted);
        }
        if self
            .uncreated()
            .all(|container| wanted_login(container).is_none())
        {
            self.logins = Some(Logins::new());
        }
        self.need_no_files();
    }

    /// Where nobody waits for environment files, there are none.
    fn need_no_files(&mut self) {
        if self.uncreated().all(|one| one.environment_files.is_empty()) {
            self.files = Files::Done(FileVariables::default());
        }
    }

    pub(super) fn fetch(&mut self) {
        let fetch_open = self
            .fetches
            .values()
            .any(|fetch| matches!(fetch, Fetch::Wanted));
        let logins_open = self.logins.is_none() && !self.logins_under_way;
        let files_open = matches!(self.files, Files::Wanted);
        if !fetch_open && !logins_open && !files_open {
            return;
        }
        let Some(role) = self.role.clone() else {
            if !self.waits_for_role {
                self.waits_for_role = true;
                let patience = sleep(self.shared.config.role_patience);
                self.jobs.push(patience.map(|()| Event::NoRole).boxed());
            }
            return;
        };
        if logins_open {
            self.logins_under_way = true;
            self.fetch_logins(role.clone());
        }
        if files_open {
            self.files = Files::UnderWay;
            self.fetch_files(role.clone());
        }
        for provider in Provider::ALL {
            if matches!(self.fetches.get(&provider), Some(Fetch::Wanted)) {
                self.fetches.insert(provider, Fetch::UnderWay);
                self.fetch_values(provider, role.clone());
            }
        }
    }

    fn fetch_logins(&self, role: TaskRole) {
        let (shared, task) = (self.shared.clone(), self.task.clone());
        let containers: Vec<_> = self.uncreated().cloned().collect();
        let job = async move {
            let logins = shared.resolver_for(&task).registry_logins();
            Event::Logins(match role.credentials().await {
                Ok(role) => logins.fetch(&containers, &role).await,
                Err(error) => Err(error),
            })
        };
        self.jobs.push(job.boxed());
    }

    fn fetch_files(&self, role: TaskRole) {
        let (shared, task) = (self.shared.clone(), self.task.clone());
        let containers: Vec<_> = self.uncreated().cloned().collect();
        let job = async move {
            let files = shared.resolver_for(&task).environment_files();
            let region = shared.config.region.as_str();
            Event::Files(match role.credentials().await {
                Ok(role) => files.fetch(&containers, region, &role).await,
                Err(error) => Err(error),
            })
        };
        self.jobs.push(job.boxed());
    }

    fn fetch_values(&self, provider: Provider, role: TaskRole) {
        let (shared, task) = (self.shared.clone(), self.task.clone());
        let wanted = references(self.in_need(), provider);
        tracing::info!(
            task.arn = self.task.arn,
            ?provider,
            references = wanted.len(),
            "reading secrets"
        );
        let job = async move {
            let source = shared.resolver_for(&task).source(provider);
            let values = match role.credentials().await {
                Ok(role) => source.fetch(&wanted, &role).await,
                Err(error) => Err(error),
            };
            Event::Values(provider, values)
        };
        self.jobs.push(job.boxed());
    }

    /// Lets go of values that no container waits for any more.
    pub(super) fn drop_used_values(&mut self) {
        let needed: Vec<_> = Provider::ALL
            .into_iter()
            .filter(|provider| !references(self.in_need(), *provider).is_empty())
            .collect();
        self.fetches.retain(|provider, _| needed.contains(provider));
        if self
            .records
            .iter()
            .all(|record| record.known >= Known::Pulled)
        {
            self.logins = Some(Logins::new());
        }
        self.need_no_files();
    }

    pub(super) fn values(&self) -> ResolvedValues {
        let done = |(provider, fetch): (&Provider, &Fetch)| match fetch {
            Fetch::Done(values) => Some((*provider, values.clone())),
            Fetch::Wanted | Fetch::UnderWay => None,
        };
        self.fetches.iter().filter_map(done).collect()
    }

    pub(super) fn role_did_not_come(&mut self) {
        self.waits_for_role = false;
        if self.role.is_some() || !self.wanted_running {
            return;
        }
        let mut providers = self.fetches.keys();
        let error = match providers.next() {
            Some(provider) => provider.without_role(),
            None if matches!(self.files, Files::Wanted) => ResolveError::files_without_role(),
            None => ResolveError::login_without_role(),
        };
        self.resource_failed(&error);
    }
}

fn is_uncreated(record: &Record) -> bool {
    record.runtime_id.is_none() && record.known < Known::Created
}
