//! Rotation rules: from the request to the stored form, from there to a schedule and to the answer.

use api::secretsmanager::{Error, RotationRulesType};
use store::rotations::{Rotation, RotationRules, RotationWindow};
use types::Timestamp;

use super::schedule::{Schedule, ScheduleError, midnight};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The rules of a request, checked; `None` where it names no schedule.
pub(crate) fn of_request(rules: RotationRulesType) -> Result<Option<RotationRules>, Error> {
    let rules = RotationRules {
        after_days: rules.automatically_after_days,
        schedule: rules.schedule_expression,
        duration: rules.duration,
    };
    if rules.after_days.is_some() && rules.schedule.is_some() {
        return Err(invalid(
            "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.",
        ));
    }
    if rules == RotationRules::default() {
        return Ok(None);
    }
    let schedule = schedule(&rules).map_err(|error| invalid(&error.to_string()))?;
    let Some(schedule) = schedule else {
        return Err(invalid(
            "You must specify AutomaticallyAfterDays or ScheduleExpression in RotationRules to specify a Duration.",
        ));
    };
    if rules.duration.is_some() {
        schedule
            .check_duration(duration_hours(&rules).unwrap_or_default())
            .map_err(|error| invalid(&error.to_string()))?;
    }
    Ok(Some(rules))
}

fn invalid(text: &str) -> Error {
    Error::InvalidParameter(text.to_owned())
}

/// The schedule that the rules stand for. One that was given as an expression wins: the days beside it are derived.
fn schedule(rules: &RotationRules) -> Result<Option<Schedule>, ScheduleError> {
    match (&rules.schedule, rules.after_days) {
        (Some(expression), _) => Schedule::parse(expression).map(Some),
        (None, days) => Ok(days.map(Schedule::Days)),
    }
}

fn duration_hours(rules: &RotationRules) -> Option<i64> {
    rules.duration.as_ref()?.strip_suffix('h')?.parse().ok()
}

/// The window that follows a moment, for what is stored; `None` where there is no schedule.
pub(crate) fn next_window(rotation: &Rotation, after: Timestamp) -> Option<RotationWindow> {
    let schedule = schedule(&rotation.rules).ok().flatten()?;
    // Hours are counted from one midnight for as long as the rules hold, whatever happens in between.
    let anchor = match (&schedule, rotation.window) {
        (Schedule::Hours(_), Some(window)) if window.opens > after => return Some(window),
        (_, Some(window)) => window.opens,
        (_, None) => midnight(after)?,
    };
    schedule.next(anchor, after, duration_hours(&rotation.rules))
}

/// How long a rotation that begins now may take with all its attempts.
pub(crate) fn attempts_until(rotation: &Rotation, now: Timestamp) -> Timestamp {
    let schedule = schedule(&rotation.rules).ok().flatten();
    let length = schedule.map_or(DAY_MILLIS / 1000, |schedule| {
        schedule.length_secs(duration_hours(&rotation.rules))
    });
    now.plus_secs(length)
}

/// Notes that the secret was rotated just now: its date, and the next window.
pub(crate) fn note_rotated(rotation: &mut Rotation, now: Timestamp) {
    rotation.rotated = Some(now);
    rotation.window = next_window(rotation, now);
    // AWS: the days are calculated from an expression after every successful rotation.
    if let (Some(_), Some(window)) = (&rotation.rules.schedule, rotation.window) {
        let ahead = window.opens.as_millis() - now.as_millis();
        rotation.rules.after_days = Some(ahead.div_euclid(DAY_MILLIS) + 1);
    }
}

/// Whether a value that somebody writes by hand counts as a rotation: it does where rotations follow each other by days.
pub(crate) fn counts_days(rotation: &Rotation) -> bool {
    matches!(schedule(&rotation.rules), Ok(Some(Schedule::Days(_))))
}

/// The rules as they are answered; `None` where there are none.
pub(crate) fn to_answer(rules: &RotationRules) -> Option<RotationRulesType> {
    let answer = RotationRulesType {
        automatically_after_days: rules.after_days,
        duration: rules.duration.clone(),
        schedule_expression: rules.schedule.clone(),
    };
    (*rules != RotationRules::default()).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(
        days: Option<i64>,
        schedule: Option<&str>,
        duration: Option<&str>,
    ) -> RotationRulesType {
        RotationRulesType {
            automatically_after_days: days,
            schedule_expression: schedule.map(str::to_owned),
            duration: duration.map(str::to_owned),
        }
    }

    fn rotation(rules: RotationRulesType) -> Rotation {
        Rotation {
            secret_arn: String::new(),
            enabled: true,
            function_arn: String::new(),
            rules: of_request(rules).unwrap().unwrap(),
            rotated: None,
            window: None,
            run: None,
        }
    }

    #[test]
    fn days_and_an_expression_exclude_each_other_and_a_duration_needs_one_of_them() {
        assert!(of_request(rules(Some(1), Some("rate(1 day)"), None)).is_err());
        assert!(of_request(rules(None, None, Some("2h"))).is_err());
        assert!(of_request(rules(Some(1), None, Some("0h"))).is_err());
        assert!(of_request(rules(Some(1), None, Some("25h"))).is_err());
        assert!(
            of_request(rules(Some(1), None, Some("3h")))
                .unwrap()
                .is_some()
        );
        assert!(of_request(rules(None, None, None)).unwrap().is_none());
    }

    #[test]
    fn a_rotation_moves_its_dates_and_hours_keep_their_beat() {
        let at = |text: &str| Timestamp::parse_iso8601(text).unwrap();
        let mut hours = rotation(rules(None, Some("rate(10 hours)"), None));
        note_rotated(&mut hours, at("2026-11-25T20:05:00Z"));
        assert_eq!(hours.window.unwrap().opens, at("2026-11-26T06:00:00Z"));
        note_rotated(&mut hours, at("2026-11-26T06:01:00Z"));
        assert_eq!(hours.window.unwrap().opens, at("2026-11-26T16:00:00Z"));
        note_rotated(&mut hours, at("2026-11-26T11:30:00Z"));
        assert_eq!(hours.window.unwrap().opens, at("2026-11-26T16:00:00Z"));
        assert_eq!(hours.rules.after_days, Some(1));

        let mut days = rotation(rules(Some(7), None, None));
        note_rotated(&mut days, at("2026-11-25T20:05:00Z"));
        assert_eq!(days.window.unwrap().closes, at("2026-12-02T23:59:59Z"));
        assert_eq!(days.rules.after_days, Some(7));
    }
}
