//! The steps of a rotation, which comes after which, and when a failed attempt is made again. Pure.

use types::Timestamp;

/// What a rotation function is asked for, under AWS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    CreateSecret,
    SetSecret,
    TestSecret,
    FinishSecret,
}

/// Whether the secret is to change, or only the rotator to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rotate,
    /// `testSecret` alone, against a copy of the current value.
    Test,
}

impl Step {
    const ALL: [Self; 4] = [
        Self::CreateSecret,
        Self::SetSecret,
        Self::TestSecret,
        Self::FinishSecret,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateSecret => "createSecret",
            Self::SetSecret => "setSecret",
            Self::TestSecret => "testSecret",
            Self::FinishSecret => "finishSecret",
        }
    }

    /// A stored step. What cannot be read begins anew: every step may be repeated.
    pub(super) fn from_column(text: &str) -> Self {
        let step = Self::ALL.into_iter().find(|step| step.as_str() == text);
        step.unwrap_or(Self::CreateSecret)
    }

    /// What follows this step once it has succeeded; `None` after the last.
    pub(super) fn next(self, kind: Kind) -> Option<Self> {
        match (kind, self) {
            (Kind::Test, _) | (_, Self::FinishSecret) => None,
            (Kind::Rotate, Self::CreateSecret) => Some(Self::SetSecret),
            (Kind::Rotate, Self::SetSecret) => Some(Self::TestSecret),
            (Kind::Rotate, Self::TestSecret) => Some(Self::FinishSecret),
        }
    }
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Test => "test",
        }
    }

    pub(super) fn from_column(text: &str) -> Self {
        if text == "test" {
            Self::Test
        } else {
            Self::Rotate
        }
    }

    /// Where an attempt begins. A version that is current already only wants its rotation finished.
    pub(super) fn first(self, promoted: bool) -> Step {
        match self {
            Self::Test => Step::TestSecret,
            Self::Rotate if promoted => Step::FinishSecret,
            Self::Rotate => Step::CreateSecret,
        }
    }
}

/// The longest time between two attempts.
const LONGEST_DELAY_SECS: i64 = 60 * 60;

/// When the next attempt is made after so many have failed: each after twice the time of the one before, as long as it
/// begins within the window. `None` gives up.
// AWS: it retries within the window, and does not say how often.
pub(super) fn retry(
    kind: Kind,
    failures: i64,
    first_delay_secs: i64,
    now: Timestamp,
    until: Timestamp,
) -> Option<Timestamp> {
    if kind == Kind::Test {
        return None;
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(0).min(20);
    let delay = first_delay_secs
        .saturating_mul(1 << doublings)
        .min(LONGEST_DELAY_SECS);
    let due = now.plus_secs(delay);
    (due < until).then_some(due)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rotation_takes_the_four_steps_in_order() {
        let mut steps = vec![Kind::Rotate.first(false)];
        while let Some(next) = steps[steps.len() - 1].next(Kind::Rotate) {
            steps.push(next);
        }
        let names: Vec<_> = steps.iter().map(|step| step.as_str()).collect();
        assert_eq!(
            names,
            ["createSecret", "setSecret", "testSecret", "finishSecret"]
        );
        assert!(
            steps
                .iter()
                .all(|step| Step::from_column(step.as_str()) == *step)
        );
    }

    #[test]
    fn a_test_is_one_step_and_one_attempt() {
        assert_eq!(Kind::Test.first(false), Step::TestSecret);
        assert_eq!(Step::TestSecret.next(Kind::Test), None);
        let (now, late) = (Timestamp::default(), Timestamp::from_secs(1 << 40));
        assert_eq!(retry(Kind::Test, 1, 1, now, late), None);
    }

    proptest! {
        #[test]
        fn attempts_come_later_and_later_within_the_window_and_end(first in 1_i64..600, length in 1_i64..100_000) {
            let until = Timestamp::from_secs(length);
            let (mut now, mut delay, mut failures) = (Timestamp::default(), 0, 1);
            while let Some(due) = retry(Kind::Rotate, failures, first, now, until) {
                let waited = due.as_secs() - now.as_secs();
                prop_assert!(due > now && due < until && waited >= delay && waited <= LONGEST_DELAY_SECS);
                (now, delay, failures) = (due, waited, failures + 1);
                prop_assert!(failures < 100_000);
            }
        }
    }
}
