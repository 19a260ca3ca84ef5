//! What a service tells its readers, in ECS's words.

use serde::{Deserialize, Serialize};
use types::Timestamp;

use super::Service;

/// So many events are kept.
const KEPT: usize = 100;
/// The same text is not said again before.
const REPEATED_AFTER_SECS: i64 = 6 * 60 * 60;

const STEADY: &str = "has reached a steady state.";

/// One event. Its id is for whoever stores it to give: what has none yet is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    #[serde(default)]
    pub id: String,
    pub at: Timestamp,
    pub message: String,
}

impl Service {
    /// Says something, unless it was said lately and nothing has come of it since.
    pub fn say(&mut self, text: &str, now: Timestamp) {
        let message = format!("(service {}) {text}", self.name);
        let steady = format!("(service {}) {STEADY}", self.name);
        let lately = now.plus_secs(-REPEATED_AFTER_SECS);
        let recent = self.events.iter().take_while(|event| event.at > lately);
        let said = if message == steady {
            // It is worth saying again after anything else.
            recent.take(1).any(|event| event.message == message)
        } else {
            // A steady state ends what was complained of before it.
            let mut since = recent.take_while(|event| event.message != steady);
            since.any(|event| event.message == message)
        };
        if said {
            return;
        }
        self.events.insert(
            0,
            Event {
                id: String::new(),
                at: now,
                message,
            },
        );
        self.events.truncate(KEPT);
    }

    pub(super) fn say_steady(&mut self, now: Timestamp) {
        self.say(STEADY, now);
    }

    /// When a steady state is worth another word.
    pub(super) fn steady_again_at(&self) -> Option<Timestamp> {
        let last = self.events.first().filter(|_| self.steady)?;
        Some(last.at.plus_secs(REPEATED_AFTER_SECS))
    }

    pub(super) fn say_tasks(
        &mut self,
        verb: &str,
        kind: &str,
        ids: &[String],
        why: &str,
        now: Timestamp,
    ) {
        if !ids.is_empty() {
            let tasks: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
            let text = format!("has {verb} {} {kind}: {}.{why}", ids.len(), tasks.join(" "));
            self.say(&text, now);
        }
    }
}
