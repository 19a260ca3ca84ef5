//! Cron expressions as Secrets Manager takes them: `cron(0 HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK *)`, in UTC.
//!
//! Pure: from a moment to the next occurrence.

use jiff::{civil::Date, tz::Offset};
use types::Timestamp;

/// Far enough for every expression that has an occurrence at all: 29 February, on one weekday, across 2100.
const HORIZON_DAYS: usize = 366 * 45;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What is wrong with an expression, for the caller to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CronError {
    #[error(
        "a cron expression has six fields: minutes, hours, day of month, month, day of week, year"
    )]
    Fields,
    #[error("the minutes must be 0")]
    Minutes,
    #[error("the year must be *")]
    Year,
    #[error("one of day of month and day of week must be ?, and only one")]
    Days,
    #[error("`{0}` is not allowed for the {1}")]
    Field(String, &'static str),
    #[error("it never occurs")]
    Never,
}

/// When to rotate: at these hours of these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    hours: u64,
    months: u64,
    days: Days,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth {
        days: u64,
        last: bool,
    },
    /// Weekdays from 1, Sunday, to 7; those that mean the last of the month; and those that mean the nth.
    OfWeek {
        days: u64,
        last: u64,
        nth: Vec<(i8, i8)>,
    },
}

impl Cron {
    /// Reads what stands between the parentheses.
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let &[minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
            return Err(CronError::Fields);
        };
        if minutes != "0" {
            return Err(CronError::Minutes);
        }
        if year != "*" {
            return Err(CronError::Year);
        }
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return Err(CronError::Days),
            (days, "?") => days_of_month(days)?,
            ("?", days) => days_of_week(days)?,
            _ => return Err(CronError::Days),
        };
        let cron = Self {
            hours: Field::new("hours", 0, 23, &[]).set(hours)?,
            months: Field::new("month", 1, 12, &MONTHS).set(month)?,
            days,
        };
        cron.next(Timestamp::default()).ok_or(CronError::Never)?;
        Ok(cron)
    }

    /// The first occurrence after a moment.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let start = date_of(after)?;
        let days = std::iter::successors(Some(start), |day| day.tomorrow().ok());
        days.take(HORIZON_DAYS)
            .filter(|day| self.has_day(*day))
            .flat_map(|day| self.hours().filter_map(move |hour| moment(day, hour)))
            .find(|at| *at > after)
    }

    /// The hours of a day, ascending.
    pub(crate) fn hours(&self) -> impl Iterator<Item = i8> + use<> {
        let hours = self.hours;
        (0..24).filter(move |hour| has(hours, *hour))
    }

    fn has_day(&self, day: Date) -> bool {
        let weekday = day.weekday().to_sunday_one_offset();
        let remaining = day.days_in_month() - day.day();
        has(self.months, day.month())
            && match &self.days {
                Days::OfMonth { days, last } => has(*days, day.day()) || (*last && remaining == 0),
                Days::OfWeek { days, last, nth } => {
                    has(*days, weekday)
                        || (has(*last, weekday) && remaining < 7)
                        || nth.contains(&(weekday, (day.day() - 1) / 7 + 1))
                }
            }
    }
}

fn days_of_month(text: &str) -> Result<Days, CronError> {
    let field = Field::new("day of month", 1, 31, &[]);
    let (mut days, mut last) = (0, false);
    for item in text.split(',') {
        match item {
            "L" => last = true,
            item => days |= field.item(item)?,
        }
    }
    Ok(Days::OfMonth { days, last })
}

fn days_of_week(text: &str) -> Result<Days, CronError> {
    let field = Field::new("day of week", 1, 7, &WEEKDAYS);
    let (mut days, mut last, mut nth) = (0, 0, Vec::new());
    for item in text.split(',') {
        if item == "L" {
            // By itself it is the last day of the week.
            days |= bit(7);
        } else if let Some((weekday, n)) = item.split_once('#') {
            let n = n.parse().ok().filter(|n| (1..=5).contains(n));
            nth.push((
                field.number(weekday)?,
                n.ok_or_else(|| field.refusal(item))?,
            ));
        } else if let Some(weekday) = item.strip_suffix('L') {
            last |= bit(field.number(weekday)?);
        } else {
            days |= field.item(item)?;
        }
    }
    Ok(Days::OfWeek { days, last, nth })
}

/// One field of the expression: its range, and the names that stand for its numbers.
struct Field {
    name: &'static str,
    first: i8,
    last: i8,
    names: &'static [&'static str],
}

impl Field {
    const fn new(name: &'static str, first: i8, last: i8, names: &'static [&'static str]) -> Self {
        Self {
            name,
            first,
            last,
            names,
        }
    }

    fn set(&self, text: &str) -> Result<u64, CronError> {
        text.split(',')
            .try_fold(0, |set, item| Ok(set | self.item(item)?))
    }

    /// `*`, `a` or `a-b`, each with `/step` if need be.
    fn item(&self, item: &str) -> Result<u64, CronError> {
        let refusal = || self.refusal(item);
        let (range, step) = match item.split_once('/') {
            None => (item, None),
            Some((range, step)) => {
                let step = step.parse::<i8>().ok().filter(|step| *step > 0);
                (range, Some(step.ok_or_else(refusal)?))
            }
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (self.first, self.last),
            (_, Some((from, to))) => (self.number(from)?, self.number(to)?),
            // `4/6` goes on to the end of the range.
            (from, None) if step.is_some() => (self.number(from)?, self.last),
            (only, None) => (self.number(only)?, self.number(only)?),
        };
        if from > to {
            return Err(refusal());
        }
        let step = usize::try_from(step.unwrap_or(1)).map_err(|_| refusal())?;
        Ok((from..=to).step_by(step).fold(0, |set, n| set | bit(n)))
    }

    fn number(&self, text: &str) -> Result<i8, CronError> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = match named {
            Some(place) => i8::try_from(place).ok().map(|place| place + 1),
            None => text.parse().ok().filter(|_| digits),
        };
        number
            .filter(|n| (self.first..=self.last).contains(n))
            .ok_or_else(|| self.refusal(text))
    }

    fn refusal(&self, item: &str) -> CronError {
        CronError::Field(item.to_owned(), self.name)
    }
}

const fn bit(number: i8) -> u64 {
    1 << number
}

const fn has(set: u64, number: i8) -> bool {
    set & bit(number) != 0
}

/// The day of a moment, in UTC.
pub(super) fn date_of(at: Timestamp) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(Offset::UTC.to_datetime(at).date())
}

/// An hour of a day, in UTC.
fn moment(day: Date, hour: i8) -> Option<Timestamp> {
    let at = Offset::UTC.to_timestamp(day.at(hour, 0, 0, 0)).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso8601(text).unwrap()
    }

    fn next(expression: &str, after: &str) -> String {
        let next = Cron::parse(expression).unwrap().next(at(after)).unwrap();
        next.to_iso8601()
    }

    #[test]
    fn the_examples_of_the_guide_occur_when_it_says() {
        let now = "2026-11-25T16:00:00Z"; // a Wednesday
        for (expression, expected) in [
            ("0 10 * * ? *", "2026-11-26T10:00:00Z"),
            ("0 18 ? * SAT *", "2026-11-28T18:00:00Z"),
            ("0 8 1 * ? *", "2026-12-01T08:00:00Z"),
            ("0 1 ? JAN/3 SUN#1 *", "2027-01-03T01:00:00Z"),
            ("0 17 L * ? *", "2026-11-30T17:00:00Z"),
            ("0 18 ? * MON-FRI *", "2026-11-25T18:00:00Z"),
            ("0 2 1,15 * ? *", "2026-12-01T02:00:00Z"),
            ("0 /8 ? * * *", ""),
            ("0 0 ? * L *", "2026-11-28T00:00:00Z"),
            ("0 0 ? * 6L *", "2026-11-27T00:00:00Z"),
            ("0 4/8 ? * * *", "2026-11-25T20:00:00Z"),
            ("0 0 29 FEB ? *", "2028-02-29T00:00:00Z"),
        ] {
            if expected.is_empty() {
                assert!(Cron::parse(expression).is_err(), "{expression}");
            } else {
                assert_eq!(next(expression, now), expected, "{expression}");
            }
        }
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for expression in [
            "",
            "0 10 * * ?",
            "5 10 * * ? *",
            "0 10 * * ? 2027",
            "0 10 * * * *",
            "0 10 ? * ? *",
            "0 24 * * ? *",
            "0 10 0 * ? *",
            "0 10 32 * ? *",
            "0 10 * 13 ? *",
            "0 10 ? * 8 *",
            "0 10 ? * MON#6 *",
            "0 10 30 FEB ? *",
            "0 10-8 * * ? *",
            "0 1/0 * * ? *",
            "0 +1 * * ? *",
        ] {
            assert!(Cron::parse(expression).is_err(), "{expression}");
        }
    }

    proptest! {
        #[test]
        fn the_next_occurrence_is_later_and_none_lies_between(
            hour in 0_i8..24, dom in 1_i8..=28, month in 1_i8..=12, secs in 0_i64..4_000_000_000
        ) {
            let cron = Cron::parse(&format!("0 {hour} {dom} {month} ? *")).unwrap();
            let after = Timestamp::from_secs(secs);
            let next = cron.next(after).unwrap();
            prop_assert!(next > after);
            prop_assert_eq!(cron.next(next.plus_millis(-1)), Some(next));
            prop_assert_eq!(cron.next(after.max(next.plus_secs(-3600))), Some(next));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9A-Z#?*/, -]{0,40}") {
            let _ = Cron::parse(&text);
        }
    }
}
