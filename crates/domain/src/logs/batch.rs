//! What a PutLogEvents may contain, and which of its lines are kept.

use api::logs::{Error, InputLogEvent, RejectedLogEventsInfo};
use types::Timestamp;

use super::{chunk::Line, errors::invalid};

const HOUR_MILLIS: i64 = 60 * 60 * 1000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// AWS: the sum of all messages in UTF-8, and 26 bytes for each.
const MOST_BYTES: usize = 1_048_576;
const BYTES_EACH: usize = 26;

/// A batch that was taken.
#[cfg_attr(test, derive(Debug))]
pub(super) struct Batch {
    /// In the order of their times; empty where none was kept.
    pub(super) lines: Vec<Line>,
    /// What they count for.
    pub(super) bytes: i64,
    pub(super) rejected: Option<RejectedLogEventsInfo>,
}

/// Checks a batch as a whole, and leaves out the lines that are too old or too new.
pub(super) fn take(
    events: Vec<InputLogEvent>,
    now: Timestamp,
    retention_days: Option<i64>,
) -> Result<Batch, Error> {
    check(&events)?;
    let now = now.as_millis();
    let too_old = now - 14 * DAY_MILLIS;
    let expired = retention_days.map_or(i64::MIN, |days| now - days * DAY_MILLIS);
    let too_new = now + 2 * HOUR_MILLIS;

    // They are in order, so what is left out stands at either end.
    let old = events.partition_point(|event| event.timestamp < too_old);
    let gone = events.partition_point(|event| event.timestamp < expired);
    let kept = events.partition_point(|event| event.timestamp <= too_new);
    let index = |n: usize| i32::try_from(n).ok();
    let rejected = RejectedLogEventsInfo {
        too_old_log_event_end_index: index(old).filter(|_| old > 0),
        expired_log_event_end_index: index(gone).filter(|_| gone > 0),
        too_new_log_event_start_index: index(kept).filter(|_| kept < events.len()),
    };
    let lines: Vec<Line> = events
        .into_iter()
        .take(kept)
        .skip(old.max(gone))
        .map(|event| Line {
            at: event.timestamp,
            message: event.message,
        })
        .collect();
    let bytes = lines.iter().map(|line| line.message.len() + BYTES_EACH);
    Ok(Batch {
        bytes: i64::try_from(bytes.sum::<usize>()).unwrap_or(i64::MAX),
        lines,
        rejected: Some(rejected).filter(|rejected| *rejected != RejectedLogEventsInfo::default()),
    })
}

fn check(events: &[InputLogEvent]) -> Result<(), Error> {
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let (first, last) = (events.first(), events.last());
    let span = last.map_or(0, |e| e.timestamp) - first.map_or(0, |e| e.timestamp);
    if span > DAY_MILLIS {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let bytes = events.iter().map(|event| event.message.len() + BYTES_EACH);
    let bytes: usize = bytes.sum();
    if bytes > MOST_BYTES {
        return Err(invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_704_067_200);

    fn events(ages_in_hours: &[i64]) -> Vec<InputLogEvent> {
        let event = |age: &i64| InputLogEvent {
            timestamp: NOW.as_millis() - age * HOUR_MILLIS,
            message: age.to_string(),
        };
        ages_in_hours.iter().map(event).collect()
    }

    fn kept(ages: &[i64], retention: Option<i64>) -> (Vec<String>, Option<RejectedLogEventsInfo>) {
        let batch = take(events(ages), NOW, retention).unwrap();
        let lines = batch.lines.into_iter().map(|line| line.message);
        (lines.collect(), batch.rejected)
    }

    #[test]
    fn lines_of_the_last_fourteen_days_are_kept() {
        let (lines, rejected) = kept(&[14 * 24 + 1, 14 * 24 - 1], None);
        assert_eq!(lines, ["335"]);
        assert_eq!(rejected.unwrap().too_old_log_event_end_index, Some(1));
    }

    #[test]
    fn lines_beyond_the_retention_are_left_out() {
        let (lines, rejected) = kept(&[25, 23, 1], Some(1));
        assert_eq!(lines, ["23", "1"]);
        assert_eq!(rejected.unwrap().expired_log_event_end_index, Some(1));
    }

    #[test]
    fn lines_from_more_than_two_hours_ahead_are_left_out() {
        let (lines, rejected) = kept(&[0, -2, -3], None);
        assert_eq!(lines, ["0", "-2"]);
        assert_eq!(rejected.unwrap().too_new_log_event_start_index, Some(2));
    }

    #[test]
    fn a_batch_out_of_order_too_long_or_too_large_is_refused() {
        assert!(take(events(&[1, 2]), NOW, None).is_err());
        assert!(take(events(&[26, 1]), NOW, None).is_err());
        let mut large = events(&[1]);
        large[0].message = "x".repeat(MOST_BYTES - BYTES_EACH);
        assert!(take(large.clone(), NOW, None).is_ok());
        large[0].message.push('x');
        assert!(take(large, NOW, None).is_err());
    }
}
