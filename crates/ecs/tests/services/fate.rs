//! What a simulated agent will report of a task, and when.

use types::{Entropy, SeededEntropy};

/// Randomness that comes again with its seed.
pub struct Chance(SeededEntropy);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        let entropy: &dyn Entropy = &self.0;
        u64::from_le_bytes(entropy.bytes()) % end.max(1)
    }

    pub fn secs(&self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from).unwrap())).unwrap()
    }

    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How the tasks of a deployment turn out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Good,
    /// They have a health check, and pass it.
    Checked,
    /// Some do not start, and some end by themselves.
    Shaky,
    /// None starts: a secret that its execution role may not read.
    Unstartable,
    /// They run, and their health checks fail.
    Sick,
}

impl Kind {
    pub fn has_checks(self) -> bool {
        matches!(self, Self::Checked | Self::Sick)
    }
}

/// One report of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    Running,
    Healthy,
    Unhealthy,
    FailedToStart,
    Exited,
    /// It was told to stop, and has.
    Stopped,
    /// Its network interface is gone.
    Detached,
}

/// What will be reported of a new task, each so many seconds after it was started.
pub fn fate(kind: Kind, chance: &Chance) -> Vec<(i64, Report)> {
    let start = chance.secs(1, 20);
    match kind {
        Kind::Unstartable => vec![(start, Report::FailedToStart)],
        Kind::Checked => vec![
            (start, Report::Running),
            (start + chance.secs(1, 60), Report::Healthy),
        ],
        Kind::Sick => vec![
            (start, Report::Running),
            (start + chance.secs(60, 600), Report::Unhealthy),
        ],
        Kind::Shaky if chance.percent(10) => vec![(start, Report::FailedToStart)],
        Kind::Shaky if chance.percent(10) => vec![
            (start, Report::Running),
            (start + chance.secs(0, 600), Report::Exited),
        ],
        Kind::Good | Kind::Shaky => vec![(start, Report::Running)],
    }
}
