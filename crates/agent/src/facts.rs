//! What the control plane is to know of tasks beside their states, kept for as long as the tasks live: each new session
//! is told all of it, and each change as it comes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use ecs::acs::TaskFactsMessage;
use tokio::sync::watch;

/// The facts of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// By task ARN, with the number of the change that made them so.
    known: Mutex<BTreeMap<String, (u64, TaskFactsMessage)>>,
    last: watch::Sender<u64>,
}

impl Facts {
    /// Takes in what is known of a task now.
    pub fn set(&self, facts: TaskFactsMessage) {
        let mut known = self.known();
        if known
            .get(&facts.task_arn)
            .is_some_and(|(_, before)| *before == facts)
        {
            return;
        }
        let number = *self.last.borrow() + 1;
        known.insert(facts.task_arn.clone(), (number, facts));
        drop(known);
        self.last.send_replace(number);
    }

    /// The task is over.
    pub fn forget(&self, task_arn: &str) {
        self.known().remove(task_arn);
    }

    /// What changed after this number, in no order, and the number up to which that is everything.
    pub fn since(&self, number: u64) -> (u64, Vec<TaskFactsMessage>) {
        let known = self.known();
        let changed = known.values().filter(|(changed, _)| *changed > number);
        let facts = changed.map(|(_, facts)| facts.clone()).collect();
        (*self.last.borrow(), facts)
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (u64, TaskFactsMessage)>> {
        // The map is whole between any two statements, so a panic elsewhere leaves nothing half-done in it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ecs::acs::ContainerFacts;

    use super::*;

    fn facts(task: &str, health: &str) -> TaskFactsMessage {
        TaskFactsMessage {
            task_arn: task.to_owned(),
            containers: vec![ContainerFacts {
                name: "app".to_owned(),
                health: health.to_owned(),
                ..ContainerFacts::default()
            }],
        }
    }

    #[test]
    fn a_new_reader_gets_everything_and_a_known_one_what_changed() {
        let board = Facts::default();
        board.set(facts("a", "UNKNOWN"));
        board.set(facts("b", "UNKNOWN"));
        let (seen, all) = board.since(0);
        assert_eq!(all.len(), 2);
        board.set(facts("a", "UNKNOWN"));
        assert_eq!(board.since(seen), (seen, Vec::new()));
        board.set(facts("a", "HEALTHY"));
        let (last, changed) = board.since(seen);
        assert_eq!((last, changed), (3, vec![facts("a", "HEALTHY")]));
        board.forget("a");
        assert_eq!(board.since(0).1, [facts("b", "UNKNOWN")]);
    }
}
