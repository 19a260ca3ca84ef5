//! Which container instance a task goes to.

use std::collections::BTreeSet;

use api::ecs::Failure;
use ecs::placement::{Lack, Needs, Room};
use store::{
    Session,
    ecs::{ContainerInstanceRow, Home},
};
use types::Fault;

use super::{cluster, container_instance, place_of};

/// The instances of a cluster, with what is left on each while tasks are handed out.
pub(super) struct Instances {
    all: Vec<Candidate>,
    /// This server runs an agent for every cluster, so an instance that is not there yet will be.
    local_agent: bool,
}

struct Candidate {
    row: ContainerInstanceRow,
    arn: String,
    attributes: BTreeSet<String>,
    architecture: Option<String>,
    room: Room,
    local: bool,
}

/// Which instances a task may go to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Among<'a> {
    All,
    One(&'a str),
    AllBut(&'a BTreeSet<String>),
}

impl Among<'_> {
    fn has(self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == id,
            Self::AllBut(others) => !others.contains(id),
        }
    }
}

/// Where a task goes.
#[derive(Debug)]
pub(super) enum Spot {
    /// To the instance of this id.
    On {
        id: String,
        architecture: Option<String>,
    },
    /// It waits for the local agent.
    Later,
    /// There is no instance at all.
    NoInstances,
    /// No instance fits, each for its reason.
    Nowhere(Vec<Failure>),
}

impl Instances {
    pub(super) async fn load(
        db: &mut Session,
        home: &Home,
        cluster_name: &str,
        local_agent: bool,
    ) -> Result<Self, Fault> {
        let mut all = Vec::new();
        for row in db.container_instances(home, cluster_name).await? {
            if row.status != cluster::ACTIVE {
                continue;
            }
            let registered = container_instance::registered(&row)?;
            let tasks = db.living_tasks_on(home, cluster_name, &row.id).await?;
            let mut attributes = registered.attributes.iter();
            let architecture = attributes.find(|a| a.name == "ecs.cpu-architecture");
            all.push(Candidate {
                arn: place_of(home)
                    .container_instance(cluster_name, &row.id)
                    .to_string(),
                room: container_instance::room(&registered, &tasks)?,
                architecture: architecture.and_then(|a| a.value.clone()),
                attributes: registered.attributes.into_iter().map(|a| a.name).collect(),
                local: container_instance::is_local(&row),
                row,
            });
        }
        Ok(Self { all, local_agent })
    }

    /// Finds a place for one task and takes it. Of several that fit, the one with most memory left.
    pub(super) fn place(
        &mut self,
        needs: &Needs,
        attributes: &BTreeSet<String>,
        among: Among<'_>,
    ) -> Spot {
        let best = self
            .all
            .iter_mut()
            .filter(|c| among.has(&c.row.id) && c.lacks(needs, attributes).is_none())
            .max_by_key(|c| c.room.memory);
        if let Some(best) = best {
            best.room.take(needs);
            return Spot::On {
                id: best.row.id.clone(),
                architecture: best.architecture.clone(),
            };
        }
        let local_is_here = self.all.iter().any(|c| c.local && c.row.agent_connected);
        if self.local_agent && !local_is_here {
            return Spot::Later;
        }
        if self.all.is_empty() {
            return Spot::NoInstances;
        }
        let failures = self.all.iter().filter(|c| among.has(&c.row.id));
        let failures = failures.map(|c| {
            let lack = c.lacks(needs, attributes);
            Failure {
                arn: Some(c.arn.clone()),
                reason: lack.map(|lack| lack.as_str().to_owned()),
                detail: (lack == Some(Lack::Attribute)).then(|| c.missing(attributes)),
            }
        });
        Spot::Nowhere(failures.collect())
    }
}

impl Candidate {
    /// Whether it has the processor that the task is made for.
    fn runs(&self, needs: &Needs) -> bool {
        needs.architecture.is_none() || needs.architecture == self.architecture
    }

    /// The attributes that the instance does not have.
    fn missing(&self, attributes: &BTreeSet<String>) -> String {
        let missing: Vec<&str> = attributes
            .difference(&self.attributes)
            .map(String::as_str)
            .collect();
        missing.join(", ")
    }

    fn lacks(&self, needs: &Needs, attributes: &BTreeSet<String>) -> Option<Lack> {
        if !self.row.agent_connected {
            Some(Lack::Agent)
        } else if !self.attributes.is_superset(attributes) || !self.runs(needs) {
            Some(Lack::Attribute)
        } else {
            self.room.lacks(needs)
        }
    }
}
