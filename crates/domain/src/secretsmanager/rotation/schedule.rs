//! When a secret is to be rotated: from a rule and a moment to the next window. Pure, and all in UTC.

use store::rotations::RotationWindow;
use types::Timestamp;

use super::cron::{Cron, CronError, date_of};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// AWS: as often as every four hours.
const SHORTEST_HOURS: i64 = 4;
const LONGEST_DAYS: i64 = 999;

/// What is wrong with an expression, for the caller to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    #[error(
        "The ScheduleExpression {0} isn't valid. It must be a rate(...) or cron(...) expression."
    )]
    Form(String),
    #[error(
        "The ScheduleExpression {0} isn't valid. The rate must be between 4 hours and 999 days."
    )]
    Rate(String),
    #[error("The ScheduleExpression {0} isn't valid: {1}.")]
    Cron(String, CronError),
    #[error(
        "The ScheduleExpression {0} isn't valid. A secret can be rotated every 4 hours at most."
    )]
    TooOften(String),
    #[error(
        "The rotation window must be between 1h and 24h long, and must not extend into the next UTC day or the next rotation window."
    )]
    Duration,
}

/// A rule that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// So many days after the last rotation.
    Days(i64),
    /// Every so many hours, counted from a midnight.
    Hours(i64),
    Cron(Cron),
}

impl Schedule {
    /// Reads `rate(…)` or `cron(…)`.
    pub(crate) fn parse(text: &str) -> Result<Self, ScheduleError> {
        let inner = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')');
        if let Some(rate) = inner("rate(") {
            return Self::parse_rate(rate).ok_or_else(|| ScheduleError::Rate(text.to_owned()));
        }
        let cron = inner("cron(").ok_or_else(|| ScheduleError::Form(text.to_owned()))?;
        let cron = Cron::parse(cron).map_err(|why| ScheduleError::Cron(text.to_owned(), why))?;
        if gaps(&cron).any(|gap| gap < SHORTEST_HOURS) {
            return Err(ScheduleError::TooOften(text.to_owned()));
        }
        Ok(Self::Cron(cron))
    }

    fn parse_rate(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| digits)?;
        let (schedule, hours) = match unit.trim() {
            "hour" | "hours" => (Self::Hours(number), number),
            "day" | "days" => (Self::Days(number), number.checked_mul(24)?),
            _ => return None,
        };
        (SHORTEST_HOURS..=LONGEST_DAYS * 24)
            .contains(&hours)
            .then_some(schedule)
    }

    /// Refuses a window that would not end before the next one opens, or on another day than it opened.
    pub(crate) fn check_duration(&self, hours: i64) -> Result<(), ScheduleError> {
        let fits = (1..=24).contains(&hours)
            && match self {
                Self::Days(_) => true,
                Self::Hours(every) => hours <= *every,
                Self::Cron(cron) => {
                    cron.hours().all(|hour| i64::from(hour) + hours <= 24)
                        && gaps(cron).all(|gap| hours <= gap)
                }
            };
        if fits {
            Ok(())
        } else {
            Err(ScheduleError::Duration)
        }
    }

    /// The first window that opens after a moment. `anchor` is where an earlier one opened, or the moment at which the
    /// schedule began to hold.
    pub(crate) fn next(
        &self,
        anchor: Timestamp,
        after: Timestamp,
        duration: Option<i64>,
    ) -> Option<RotationWindow> {
        let opens = match self {
            Self::Days(days) => midnight(after)?.plus_secs(days * DAY),
            Self::Hours(hours) => next_in_steps(anchor, after, hours * HOUR),
            Self::Cron(cron) => cron.next(after)?,
        };
        let end_of_day = midnight(opens)?.plus_secs(DAY);
        let closes = match duration {
            Some(hours) => opens.plus_secs(hours * HOUR).min(end_of_day),
            None if self.is_hourly() => opens.plus_secs(HOUR),
            None => end_of_day,
        };
        // AWS: a window to the end of a day ends with its last second.
        let closes = closes.plus_secs(-1);
        Some(RotationWindow { opens, closes })
    }

    /// How long a rotation that was asked for may take with all its attempts.
    pub(crate) fn length_secs(&self, duration: Option<i64>) -> i64 {
        match duration {
            Some(hours) => hours * HOUR,
            None if self.is_hourly() => HOUR,
            None => DAY,
        }
    }

    /// Whether there are several windows a day.
    fn is_hourly(&self) -> bool {
        match self {
            Self::Days(_) => false,
            Self::Hours(_) => true,
            Self::Cron(cron) => cron.hours().count() > 1,
        }
    }
}

/// The hours between one occurrence and the next on the same day.
fn gaps(cron: &Cron) -> impl Iterator<Item = i64> + use<> {
    let hours = cron.hours();
    let next = cron.hours().skip(1);
    hours.zip(next).map(|(one, next)| i64::from(next - one))
}

/// The first of `anchor`, one step later, two steps later, … that lies after a moment, and not before the anchor.
fn next_in_steps(anchor: Timestamp, after: Timestamp, step_secs: i64) -> Timestamp {
    let passed = (after.as_millis() - anchor.as_millis()).max(0);
    let steps = passed.div_euclid(step_secs * 1000) + 1;
    anchor.plus_secs(steps * step_secs)
}

/// The start of the day of a moment.
pub(crate) fn midnight(at: Timestamp) -> Option<Timestamp> {
    let day = date_of(at)?;
    let start = jiff::tz::Offset::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .ok()?;
    Some(Timestamp::from_millis(start.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso8601(text).unwrap()
    }

    fn window(expression: &str, duration: Option<i64>) -> (String, String) {
        let now = at("2026-11-25T16:30:00Z");
        let schedule = Schedule::parse(expression).unwrap();
        let anchor = midnight(now).unwrap();
        let window = schedule.next(anchor, now, duration).unwrap();
        (window.opens.to_iso8601(), window.closes.to_iso8601())
    }

    #[test]
    fn windows_open_and_close_when_the_guide_says() {
        for (expression, duration, opens, closes) in [
            (
                "rate(10 days)",
                None,
                "2026-12-05T00:00:00Z",
                "2026-12-05T23:59:59Z",
            ),
            (
                "rate(1 day)",
                Some(3),
                "2026-11-26T00:00:00Z",
                "2026-11-26T02:59:59Z",
            ),
            (
                "rate(4 hours)",
                None,
                "2026-11-25T20:00:00Z",
                "2026-11-25T20:59:59Z",
            ),
            (
                "rate(10 hours)",
                Some(2),
                "2026-11-25T20:00:00Z",
                "2026-11-25T21:59:59Z",
            ),
            (
                "cron(0 18 ? * SAT *)",
                None,
                "2026-11-28T18:00:00Z",
                "2026-11-28T23:59:59Z",
            ),
            ("cron(0 /6 * * ? *)", None, "", ""),
            (
                "cron(0 */6 * * ? *)",
                None,
                "2026-11-25T18:00:00Z",
                "2026-11-25T18:59:59Z",
            ),
        ] {
            if opens.is_empty() {
                assert!(Schedule::parse(expression).is_err());
            } else {
                assert_eq!(
                    window(expression, duration),
                    (opens.to_owned(), closes.to_owned()),
                    "{expression}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_schedule_or_too_often_is_refused() {
        for expression in [
            "",
            "rate()",
            "rate(3 hours)",
            "rate(1 hour)",
            "rate(-5 days)",
            "rate(1000 days)",
            "rate(5 weeks)",
            "rate(9999999999999999999 days)",
            "at(2026)",
            "cron(0 * * * ? *)",
            "cron(0 8-10 * * ? *)",
            "rate(5 days",
        ] {
            assert!(Schedule::parse(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn a_window_must_end_before_the_next_and_on_its_day() {
        let check = |expression: &str, hours| {
            Schedule::parse(expression)
                .unwrap()
                .check_duration(hours)
                .is_ok()
        };
        assert!(check("rate(4 hours)", 4) && !check("rate(4 hours)", 5));
        assert!(check("rate(1 day)", 24) && !check("rate(1 day)", 25) && !check("rate(1 day)", 0));
        assert!(check("cron(0 20 * * ? *)", 4) && !check("cron(0 20 * * ? *)", 5));
        assert!(check("cron(0 8,12 * * ? *)", 4) && !check("cron(0 8,12 * * ? *)", 5));
    }

    proptest! {
        #[test]
        fn windows_lie_ahead_and_are_not_empty(
            hours in 4_i64..2000, days in 1_i64..=999, anchor in 0_i64..2_000_000_000, ahead in 0_i64..200_000_000
        ) {
            let (anchor, after) = (midnight(Timestamp::from_secs(anchor)).unwrap(), Timestamp::from_secs(anchor + ahead));
            for schedule in [Schedule::Hours(hours), Schedule::Days(days)] {
                let window = schedule.next(anchor, after, None).unwrap();
                prop_assert!(window.opens > after && window.closes > window.opens);
                // The next one never comes sooner than four hours later.
                let second = schedule.next(window.opens, window.opens, None).unwrap();
                prop_assert!(second.opens.as_secs() - window.opens.as_secs() >= 4 * HOUR);
                prop_assert!(second.opens > window.closes);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(rate|cron)\\([0-9A-Za-z#?*/, -]{0,40}\\)") {
            let _ = Schedule::parse(&text);
        }
    }
}
