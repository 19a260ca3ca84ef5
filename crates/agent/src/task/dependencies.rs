//! Which container waits for which, and whether the wait can end. Pure.

use ecs::acs::{Container, Task};
use types::Timestamp;

use super::{Known, Record, held::has_health_check};
use crate::runtime::Health;

/// What a container waits for on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// For its volumes.
    Created,
    Start,
    Complete,
    Success,
    Healthy,
}

/// One wait: for the container at this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub on: usize,
    pub condition: Condition,
}

/// A name that is not in the task, a cycle, an unknown condition, or health without a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unresolvable;

/// Why a wait can never be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    TimedOut,
    NotSuccessful,
    NeverStarts,
    StoppedUnhealthy,
}

impl Lost {
    /// The sentence about it, in the agent's words; both containers are described by the caller.
    pub fn text(self, dependency: &str, target: &str) -> String {
        let ending = match self {
            Self::TimedOut => {
                return format!(
                    "dependency graph: container ordering dependency [{dependency}] for target [{target}] has timed out."
                );
            }
            Self::NotSuccessful => "as dependency did not exit successfully.",
            Self::NeverStarts => "because dependency will never start",
            // AWS: the agent waits on; such a task would never end.
            Self::StoppedUnhealthy => "as dependency stopped before it was healthy.",
        };
        format!(
            "dependency graph: failed to resolve container ordering dependency [{dependency}] for target [{target}] {ending}"
        )
    }
}

/// Whether a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Met,
    NotYet,
    Never { on: usize, why: Lost },
}

/// The waits of each container, by its index.
pub(crate) fn of_task(task: &Task) -> Result<Vec<Vec<Wait>>, Unresolvable> {
    let containers = &task.containers;
    let waits: Vec<Vec<Wait>> = containers
        .iter()
        .map(|container| of_container(container, containers))
        .collect::<Result<_, _>>()?;
    if is_cyclic(&waits) {
        return Err(Unresolvable);
    }
    Ok(waits)
}

fn of_container(
    container: &Container,
    containers: &[Container],
) -> Result<Vec<Wait>, Unresolvable> {
    let find = |name: &str| {
        let position = containers.iter().position(|other| other.name == name);
        position.ok_or(Unresolvable)
    };
    let mut waits = Vec::new();
    for dependency in &container.depends_on {
        let on = find(&dependency.container_name)?;
        let condition = match dependency.condition.as_str() {
            "START" => Condition::Start,
            "COMPLETE" => Condition::Complete,
            "SUCCESS" => Condition::Success,
            "HEALTHY" if containers.get(on).is_some_and(has_health_check) => Condition::Healthy,
            _ => return Err(Unresolvable),
        };
        waits.push(Wait { on, condition });
    }
    for link in &container.links {
        let name = link.split(':').next().unwrap_or(link);
        waits.push(Wait {
            on: find(name)?,
            condition: Condition::Start,
        });
    }
    for from in &container.volumes_from {
        waits.push(Wait {
            on: find(&from.source_container)?,
            condition: Condition::Created,
        });
    }
    Ok(waits)
}

/// Takes away, again and again, what waits for nothing that is left. What cannot be taken away waits for itself.
fn is_cyclic(waits: &[Vec<Wait>]) -> bool {
    let mut left: Vec<usize> = (0..waits.len()).collect();
    loop {
        let before = left.len();
        let still_there = left.clone();
        left.retain(|index| {
            let mut waits = waits.get(*index).into_iter().flatten();
            waits.any(|wait| still_there.contains(&wait.on))
        });
        if left.len() == before {
            return !left.is_empty();
        }
    }
}

/// Whether these waits are over.
pub(crate) fn resolve(
    waits: &[Wait],
    task: &Task,
    records: &[Record],
    now: Timestamp,
) -> Resolution {
    let mut all_met = true;
    for wait in waits {
        let (Some(record), Some(container)) = (records.get(wait.on), task.containers.get(wait.on))
        else {
            continue;
        };
        match resolve_one(wait, record) {
            Resolution::Met => {}
            Resolution::NotYet if has_timed_out(wait, record, container, now) => {
                return Resolution::Never {
                    on: wait.on,
                    why: Lost::TimedOut,
                };
            }
            Resolution::NotYet => all_met = false,
            never @ Resolution::Never { .. } => return never,
        }
    }
    if all_met {
        Resolution::Met
    } else {
        Resolution::NotYet
    }
}

fn resolve_one(wait: &Wait, record: &Record) -> Resolution {
    let stopped = record.known == Known::Stopped;
    let never = |why| Resolution::Never { on: wait.on, why };
    let met = match wait.condition {
        Condition::Created => record.runtime_id.is_some(),
        Condition::Start => record.started_at.is_some(),
        Condition::Complete => stopped && record.started_at.is_some(),
        Condition::Success => stopped && record.exit_code == Some(0),
        Condition::Healthy => !stopped && record.health == Health::Healthy,
    };
    match (met, stopped) {
        (true, _) => Resolution::Met,
        (false, false) => Resolution::NotYet,
        (false, true) if record.started_at.is_none() => never(Lost::NeverStarts),
        (false, true) if wait.condition == Condition::Success => never(Lost::NotSuccessful),
        (false, true) => never(Lost::StoppedUnhealthy),
    }
}

/// `startTimeout` of the container that is waited for.
fn has_timed_out(wait: &Wait, record: &Record, container: &Container, now: Timestamp) -> bool {
    let beyond_start = !matches!(wait.condition, Condition::Created | Condition::Start);
    match (record.started_at, container.start_timeout) {
        (Some(started), Some(timeout)) if beyond_start && timeout > 0 => {
            started.plus_secs(timeout) <= now
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use ecs::acs::Dependency;

    use super::*;

    fn container(name: &str, waits: &[(&str, &str)]) -> Container {
        Container {
            name: name.into(),
            depends_on: waits
                .iter()
                .map(|(name, condition)| Dependency {
                    container_name: (*name).into(),
                    condition: (*condition).into(),
                })
                .collect(),
            ..Container::default()
        }
    }

    fn task(containers: Vec<Container>) -> Task {
        Task {
            containers,
            ..Task::default()
        }
    }

    #[test]
    fn names_cycles_and_health_without_a_check_are_refused() {
        for containers in [
            vec![container("a", &[("b", "START")])],
            vec![container("a", &[("a", "START")])],
            vec![
                container("a", &[("b", "START")]),
                container("b", &[("a", "COMPLETE")]),
            ],
            vec![container("a", &[]), container("b", &[("a", "HEALTHY")])],
            vec![container("a", &[]), container("b", &[("a", "SOON")])],
        ] {
            assert_eq!(of_task(&task(containers)), Err(Unresolvable));
        }
        let fine = task(vec![
            container("a", &[]),
            container("b", &[("a", "START")]),
            container("c", &[("a", "SUCCESS"), ("b", "COMPLETE")]),
        ]);
        assert!(of_task(&fine).is_ok());
    }

    #[test]
    fn a_condition_is_met_or_open_or_lost() {
        let started = Record {
            known: Known::Running,
            started_at: Some(Timestamp::from_secs(10)),
            ..Record::default()
        };
        let ended = |exit_code| Record {
            known: Known::Stopped,
            exit_code: Some(exit_code),
            ..started.clone()
        };
        let unstarted = Record {
            known: Known::Stopped,
            ..Record::default()
        };
        let resolution =
            |condition, record: &Record| resolve_one(&Wait { on: 0, condition }, record);
        let lost = |why| Resolution::Never { on: 0, why };

        assert_eq!(
            resolution(Condition::Start, &Record::default()),
            Resolution::NotYet
        );
        assert_eq!(resolution(Condition::Start, &started), Resolution::Met);
        assert_eq!(resolution(Condition::Start, &ended(1)), Resolution::Met);
        assert_eq!(
            resolution(Condition::Start, &unstarted),
            lost(Lost::NeverStarts)
        );
        assert_eq!(resolution(Condition::Complete, &ended(1)), Resolution::Met);
        assert_eq!(resolution(Condition::Success, &ended(0)), Resolution::Met);
        assert_eq!(
            resolution(Condition::Success, &ended(1)),
            lost(Lost::NotSuccessful)
        );
        assert_eq!(resolution(Condition::Healthy, &started), Resolution::NotYet);
    }

    #[test]
    fn a_start_timeout_ends_the_wait() {
        let mut first = container("a", &[]);
        first.start_timeout = Some(5);
        let task = task(vec![first, container("b", &[("a", "COMPLETE")])]);
        let waits = of_task(&task).unwrap();
        let running = Record {
            known: Known::Running,
            started_at: Some(Timestamp::from_secs(10)),
            ..Record::default()
        };
        let records = [running, Record::default()];
        let at = |secs| resolve(&waits[1], &task, &records, Timestamp::from_secs(secs));
        assert_eq!(at(14), Resolution::NotYet);
        assert_eq!(
            at(15),
            Resolution::Never {
                on: 0,
                why: Lost::TimedOut
            }
        );
    }
}
