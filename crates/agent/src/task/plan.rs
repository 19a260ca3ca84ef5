//! What is possible next. Pure: from the state of a task's containers to the steps that may begin now.

use ecs::acs::Task;
use types::Timestamp;

use super::{
    Known, Record,
    dependencies::{self, Lost, Resolution, Wait},
};

/// A step of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    LookUpManifest,
    Pull,
    Create,
    Start,
    Stop,
    /// It is to stop and never ran: there is nothing to do but to say so.
    EndUnstarted,
    /// What it waits for can never come.
    GiveUp {
        on: usize,
        why: Lost,
    },
}

/// All that a decision rests on.
pub(crate) struct View<'a> {
    pub task: &'a Task,
    pub records: &'a [Record],
    pub waits: &'a [Vec<Wait>],
    pub wanted_running: bool,
    /// Whether there is the network that the containers are to join.
    pub has_network: bool,
    pub now: Timestamp,
    /// Whether the values that a container needs are there.
    pub has_values: &'a dyn Fn(usize) -> bool,
    /// Whether the registry login that a container needs is there.
    pub has_login: &'a dyn Fn(usize) -> bool,
}

/// The steps that may begin now, by the index of their container.
pub(crate) fn next_steps(view: &View<'_>) -> Vec<(usize, Step)> {
    let records = view.records.iter().enumerate();
    records
        .filter(|(_, record)| !record.busy)
        .filter_map(|(index, record)| {
            let step = if view.wanted_running {
                forward(view, index, record)
            } else {
                downward(view, index, record)
            };
            Some((index, step?))
        })
        .collect()
}

fn forward(view: &View<'_>, index: usize, record: &Record) -> Option<Step> {
    match record.known {
        Known::None => (view.has_login)(index).then_some(Step::LookUpManifest),
        Known::ManifestPulled => when_met(view, index, Step::Pull),
        Known::Pulled => (view.has_network && (view.has_values)(index)).then_some(Step::Create),
        Known::Created => when_met(view, index, Step::Start),
        Known::Running | Known::Stopped => None,
    }
}

fn when_met(view: &View<'_>, index: usize, step: Step) -> Option<Step> {
    let waits = view.waits.get(index).map_or(&[][..], Vec::as_slice);
    match dependencies::resolve(waits, view.task, view.records, view.now) {
        Resolution::Met => Some(step),
        Resolution::NotYet => None,
        Resolution::Never { on, why } => Some(Step::GiveUp { on, why }),
    }
}

fn downward(view: &View<'_>, index: usize, record: &Record) -> Option<Step> {
    match record.known {
        Known::Stopped => None,
        Known::Running => (!record.stopping && nobody_needs(view, index)).then_some(Step::Stop),
        _ => Some(Step::EndUnstarted),
    }
}

/// A container stops after those that wait for it.
fn nobody_needs(view: &View<'_>, index: usize) -> bool {
    view.waits.iter().zip(view.records).all(|(waits, record)| {
        record.known == Known::Stopped || !waits.iter().any(|wait| wait.on == index)
    })
}

#[cfg(test)]
mod tests {
    use ecs::acs::{Container, Dependency};

    use super::*;

    fn task() -> Task {
        let container = |name: &str| Container {
            name: name.into(),
            ..Container::default()
        };
        let mut main = container("main");
        main.depends_on = vec![Dependency {
            container_name: "init".into(),
            condition: "SUCCESS".into(),
        }];
        Task {
            containers: vec![container("init"), main],
            ..Task::default()
        }
    }

    fn at(known: Known) -> Record {
        Record {
            known,
            started_at: (known == Known::Running).then_some(Timestamp::from_secs(1)),
            ..Record::default()
        }
    }

    fn steps(records: &[Record], wanted_running: bool, values: bool) -> Vec<(usize, Step)> {
        let task = task();
        next_steps(&View {
            task: &task,
            records,
            waits: &dependencies::of_task(&task).unwrap(),
            wanted_running,
            has_network: true,
            now: Timestamp::from_secs(2),
            has_values: &|_| values,
            has_login: &|_| true,
        })
    }

    #[test]
    fn manifests_are_looked_up_at_once_and_pulls_wait_for_dependencies() {
        let fresh = [at(Known::None), at(Known::None)];
        assert_eq!(
            steps(&fresh, true, true),
            [(0, Step::LookUpManifest), (1, Step::LookUpManifest)]
        );
        let looked_up = [at(Known::ManifestPulled), at(Known::ManifestPulled)];
        assert_eq!(steps(&looked_up, true, true), [(0, Step::Pull)]);
    }

    #[test]
    fn a_container_is_created_only_with_its_values() {
        let pulled = [at(Known::Pulled), at(Known::ManifestPulled)];
        assert_eq!(steps(&pulled, true, false), []);
        assert_eq!(steps(&pulled, true, true), [(0, Step::Create)]);
    }

    #[test]
    fn a_lost_dependency_is_given_up() {
        let failed = Record {
            exit_code: Some(1),
            started_at: Some(Timestamp::from_secs(1)),
            ..at(Known::Stopped)
        };
        let why = Lost::NotSuccessful;
        assert_eq!(
            steps(&[failed, at(Known::ManifestPulled)], true, true),
            [(1, Step::GiveUp { on: 0, why })]
        );
    }

    #[test]
    fn dependents_stop_first() {
        let running = [at(Known::Running), at(Known::Running)];
        assert_eq!(steps(&running, false, true), [(1, Step::Stop)]);
        let one_left = [at(Known::Running), at(Known::Stopped)];
        assert_eq!(steps(&one_left, false, true), [(0, Step::Stop)]);
        let half_made = [at(Known::Created), at(Known::None)];
        assert_eq!(
            steps(&half_made, false, true),
            [(0, Step::EndUnstarted), (1, Step::EndUnstarted)]
        );
    }

    #[test]
    fn nothing_begins_while_a_step_is_under_way() {
        let mut busy = at(Known::ManifestPulled);
        busy.busy = true;
        assert_eq!(steps(&[busy, at(Known::ManifestPulled)], true, true), []);
    }
}
