//! Shows on standard error how the pulls of a task go: a bar on a terminal, a line now and then elsewhere.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use serde::Deserialize as _;
use serde_json::{Value, json};
use server::{PullState, PullStep};
use tokio::{sync::watch, task::JoinHandle};

use crate::aws::AwsClient;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two lines about one pull, where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR_WIDTH: u64 = 30;

/// What shows the pulls, until it is ended.
pub struct Shown {
    over: watch::Sender<bool>,
    showing: JoinHandle<()>,
}

/// Begins to show the pulls of a task. A server that tells nothing of pulls is not asked again.
pub fn show(client: AwsClient, cluster: &str, task: &str) -> Shown {
    let (over, mut ended) = watch::channel(false);
    let input = json!({ "cluster": cluster, "tasks": [task] });
    let task = task.to_owned();
    let showing = tokio::spawn(async move {
        let mut screen = Screen::new(io::stderr().is_terminal());
        loop {
            let last = *ended.borrow();
            let Ok(answer) = client.pulls(&input).await else {
                return;
            };
            let text = screen.text(&pulls_of(&answer, &task), Instant::now());
            // Whoever reads may have gone away; the task is followed all the same.
            let _ = io::stderr().write_all(text.as_bytes());
            if last {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = ended.wait_for(|over| *over) => {}
            }
        }
    });
    Shown { over, showing }
}

impl Shown {
    /// Shows how the pulls ended, and no more.
    pub async fn end(self) {
        self.over.send_replace(true);
        let _ = self.showing.await;
    }
}

fn pulls_of(answer: &Value, task: &str) -> Vec<(String, PullState)> {
    let containers = answer.get("pulls").and_then(|pulls| pulls.get(task));
    let containers = containers.and_then(Value::as_object).into_iter().flatten();
    containers
        .filter_map(|(name, state)| {
            let state = PullState::deserialize(state).ok()?;
            Some((name.clone(), state))
        })
        .collect()
}

/// What stands on the screen.
struct Screen {
    on_terminal: bool,
    pulls: HashMap<String, Pull>,
}

struct Pull {
    began: Instant,
    told: Instant,
    last: PullState,
}

impl Screen {
    fn new(on_terminal: bool) -> Self {
        Self {
            on_terminal,
            pulls: HashMap::new(),
        }
    }

    /// What the states add to the screen; often nothing.
    fn text(&mut self, states: &[(String, PullState)], now: Instant) -> String {
        let mut text = String::new();
        for (container, state) in states {
            text.push_str(&self.text_of(container, state, now));
        }
        text
    }

    fn text_of(&mut self, container: &str, state: &PullState, now: Instant) -> String {
        // A bar is drawn over itself.
        let (from, end) = if self.on_terminal {
            ("\r\x1b[K", "")
        } else {
            ("", "\n")
        };
        let mut text = String::new();
        let known = self.pulls.entry(container.to_owned()).or_insert_with(|| {
            text = format!("{from}{container}: pulling {}{end}", state.image);
            let last = PullState {
                step: PullStep::UnderWay,
                done: 0,
                total: 0,
                ..state.clone()
            };
            Pull {
                began: now,
                told: now,
                last,
            }
        });
        if known.last == *state {
            return text;
        }
        known.last = state.clone();
        let (image, took) = (&state.image, now.duration_since(known.began).as_secs_f64());
        let more = match state.step {
            PullStep::UnderWay if self.on_terminal => format!("{from}{container}: {}", bar(state)),
            PullStep::UnderWay if now.duration_since(known.told) < LINE_EVERY => return text,
            PullStep::UnderWay => {
                known.told = now;
                let (done, total) = (size(state.done), size(state.total));
                format!("{container}: {done} of {total}{end}")
            }
            PullStep::Done => {
                let total = size(state.total);
                format!("{from}{container}: pulled {image} ({total}, {took:.1} s)\n")
            }
            PullStep::Failed => {
                let reason = state.reason.as_deref().unwrap_or_default();
                format!("{from}{container}: could not pull {image}: {reason}\n")
            }
        };
        text.push_str(&more);
        text
    }
}

fn bar(PullState { done, total, .. }: &PullState) -> String {
    let filled = (done * BAR_WIDTH).checked_div(*total).unwrap_or_default();
    let filled = usize::try_from(filled.min(BAR_WIDTH)).unwrap_or_default();
    let rest = usize::try_from(BAR_WIDTH).unwrap_or_default() - filled;
    format!(
        "[{}{}] {} of {}",
        "#".repeat(filled),
        "-".repeat(rest),
        size(*done),
        size(*total)
    )
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.1} MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "registry.test/app:1";

    fn state(step: PullStep, done: u64) -> PullState {
        PullState {
            image: IMAGE.into(),
            step,
            done,
            total: 40_000_000,
            reason: (step == PullStep::Failed).then(|| "no".into()),
        }
    }

    fn told(on_terminal: bool, states: &[(PullStep, u64, u64)]) -> Vec<String> {
        let (mut screen, start) = (Screen::new(on_terminal), Instant::now());
        let texts = states.iter().map(|(step, done, seconds)| {
            let states = [("app".to_owned(), state(*step, *done))];
            screen.text(&states, start + Duration::from_secs(*seconds))
        });
        texts.collect()
    }

    #[test]
    fn without_a_terminal_there_is_a_line_now_and_then() {
        use PullStep::{Done, UnderWay};
        assert_eq!(
            told(
                false,
                &[
                    (UnderWay, 10_000_000, 0),
                    (UnderWay, 20_000_000, 6),
                    (UnderWay, 30_000_000, 7),
                    (Done, 40_000_000, 9),
                    (Done, 40_000_000, 10),
                ]
            ),
            [
                "app: pulling registry.test/app:1\n",
                "app: 20.0 MB of 40.0 MB\n",
                "",
                "app: pulled registry.test/app:1 (40.0 MB, 9.0 s)\n",
                "",
            ]
        );
    }

    #[test]
    fn on_a_terminal_a_bar_is_drawn_over_itself() {
        use PullStep::{Failed, UnderWay};
        assert_eq!(
            told(true, &[(UnderWay, 20_000_000, 0), (Failed, 20_000_000, 1)]),
            [
                "\r\x1b[Kapp: pulling registry.test/app:1\r\x1b[Kapp: [###############---------------] 20.0 MB of 40.0 MB",
                "\r\x1b[Kapp: could not pull registry.test/app:1: no\n",
            ]
        );
    }

    #[test]
    fn a_pull_that_is_over_at_the_first_look_is_told_whole() {
        assert_eq!(
            told(false, &[(PullStep::Done, 40_000_000, 0)]),
            [
                "app: pulling registry.test/app:1\napp: pulled registry.test/app:1 (40.0 MB, 0.0 s)\n"
            ]
        );
    }
}
