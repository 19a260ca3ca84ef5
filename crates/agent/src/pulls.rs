//! The pulls that are under way on this host: tasks that want one image at once share one pull, and others may watch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::sync::{broadcast, watch};

use crate::{resolve::RegistryLogin, runtime::PullProgress, task::ContainerError};

/// How many events a watcher may lag behind before it misses some.
const EVENTS: usize = 256;

/// What happens to the image of a container. It is for people to see; no decision rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvent {
    pub task_arn: String,
    pub container: String,
    pub image: String,
    pub step: PullStep,
}

/// How far a pull is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullStep {
    Began,
    At(PullProgress),
    Done(PullProgress),
    /// The engine's text, without the login.
    Failed(String),
}

pub(crate) type Outcome = Result<(), ContainerError>;

/// What makes two pulls the same. INVARIANT: the login is part of it, so that no role's login serves another's task.
#[derive(PartialEq, Eq)]
pub(crate) struct Wanted {
    pub source: String,
    pub tag_as: Option<String>,
    pub digest: Option<String>,
    pub login: Option<RegistryLogin>,
}

/// A pull that several tasks wait for. It ends early once nobody does.
pub(crate) struct Flight {
    pub outcome: Shared<BoxFuture<'static, Outcome>>,
    pub progress: watch::Receiver<PullProgress>,
}

/// The pulls of all agents on one engine. Clones are the same one.
#[derive(Clone)]
pub struct Pulls(Arc<Inner>);

struct Inner {
    flights: Mutex<Vec<Entry>>,
    events: broadcast::Sender<PullEvent>,
}

struct Entry {
    wanted: Wanted,
    outcome: WeakShared<BoxFuture<'static, Outcome>>,
    progress: watch::Receiver<PullProgress>,
}

impl Default for Pulls {
    fn default() -> Self {
        Self(Arc::new(Inner {
            flights: Mutex::default(),
            events: broadcast::Sender::new(EVENTS),
        }))
    }
}

impl Pulls {
    /// What happens from now on.
    pub fn watch(&self) -> broadcast::Receiver<PullEvent> {
        self.0.events.subscribe()
    }

    pub(crate) fn tell(&self, event: PullEvent) {
        // Nobody may be watching.
        let _ = self.0.events.send(event);
    }

    /// Lets go of the logins of pulls that have ended.
    pub(crate) fn forget_ended(&self) {
        drop(self.under_way());
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<Entry>> {
        let flights = self.0.flights.lock();
        let mut flights = flights.unwrap_or_else(PoisonError::into_inner);
        flights.retain(|entry| {
            let outcome = entry.outcome.upgrade();
            outcome.is_some_and(|outcome| outcome.peek().is_none())
        });
        flights
    }

    /// Joins the pull of exactly this that is under way, or starts one.
    pub(crate) fn join(
        &self,
        wanted: Wanted,
        start: impl FnOnce(watch::Sender<PullProgress>) -> BoxFuture<'static, Outcome>,
    ) -> Flight {
        let mut flights = self.under_way();
        let known = flights.iter().find(|entry| entry.wanted == wanted);
        if let Some(entry) = known
            && let Some(outcome) = entry.outcome.upgrade()
        {
            return Flight {
                outcome,
                progress: entry.progress.clone(),
            };
        }
        let (sender, progress) = watch::channel(PullProgress::default());
        let outcome = start(sender).shared();
        if let Some(weak) = outcome.downgrade() {
            flights.push(Entry {
                wanted,
                outcome: weak,
                progress: progress.clone(),
            });
        }
        Flight { outcome, progress }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use types::SecretValue;

    use super::*;

    fn wanted(password: Option<&str>) -> Wanted {
        Wanted {
            source: "registry.test/app:1".into(),
            tag_as: None,
            digest: None,
            login: password.map(|password| RegistryLogin {
                username: SecretValue::from("puller"),
                password: SecretValue::from(password),
            }),
        }
    }

    struct Counted {
        pulls: Pulls,
        started: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new() -> Self {
            Self {
                pulls: Pulls::default(),
                started: Arc::default(),
            }
        }

        fn join(&self, password: Option<&str>) -> Shared<BoxFuture<'static, Outcome>> {
            let started = self.started.clone();
            let flight = self.pulls.join(wanted(password), |_| {
                async move {
                    started.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok(())
                }
                .boxed()
            });
            flight.outcome
        }

        fn started(&self) -> usize {
            self.started.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn pulls_of_one_image_at_once_happen_once() {
        let counted = Counted::new();
        let all = [(); 5].map(|()| counted.join(Some("p")));
        for outcome in all {
            assert_eq!(outcome.await, Ok(()));
        }
        assert_eq!(counted.started(), 1);
        assert_eq!(counted.join(Some("p")).await, Ok(()));
        assert_eq!(counted.started(), 2, "a later pull is another one");
    }

    #[tokio::test]
    async fn another_login_is_another_pull() {
        let counted = Counted::new();
        let all = [Some("p"), Some("q"), None].map(|password| counted.join(password));
        for outcome in all {
            assert_eq!(outcome.await, Ok(()));
        }
        assert_eq!(counted.started(), 3);
    }

    #[tokio::test]
    async fn a_pull_that_one_task_gives_up_goes_on_for_the_others() {
        let counted = Counted::new();
        let (first, second) = (counted.join(None), counted.join(None));
        drop(first);
        assert_eq!(second.await, Ok(()));
        assert_eq!(counted.started(), 1);
    }
}
