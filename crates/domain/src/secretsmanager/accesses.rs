//! Dates of last access: noted in memory by reads, written to the store by a job.
//!
//! AWS keeps the day only, so each version is written once a day at most, and a read never waits for a write.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use types::{Fault, Timestamp};

use crate::World;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What was accessed today, and what of it is not written yet.
#[derive(Default)]
pub struct Accesses(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    day: Timestamp,
    /// Secret ARN and version, of today.
    seen: HashSet<(String, String)>,
    /// With the day of each.
    waiting: HashMap<(String, String), Timestamp>,
}

impl Accesses {
    /// Notes that a version was read.
    pub(super) fn note(&self, arn: &str, version: &str, now: Timestamp) {
        let day = day_of(now);
        let mut noted = self.lock();
        if noted.day != day {
            noted.day = day;
            noted.seen.clear();
        }
        let access = (arn.to_owned(), version.to_owned());
        if noted.seen.insert(access.clone()) {
            noted.waiting.insert(access, day);
        }
    }

    /// The day of an access of this secret that is not written yet.
    pub(super) fn waiting_for(&self, arn: &str) -> Option<Timestamp> {
        let noted = self.lock();
        let days = noted
            .waiting
            .iter()
            .filter(|((secret, _), _)| secret == arn);
        days.map(|(_, day)| *day).max()
    }

    /// The day of an access of this version that is not written yet.
    pub(super) fn waiting_for_version(&self, arn: &str, version: &str) -> Option<Timestamp> {
        let access = (arn.to_owned(), version.to_owned());
        self.lock().waiting.get(&access).copied()
    }

    fn take(&self) -> HashMap<(String, String), Timestamp> {
        std::mem::take(&mut self.lock().waiting)
    }

    fn put_back(&self, unwritten: HashMap<(String, String), Timestamp>) {
        let mut noted = self.lock();
        for (access, day) in unwritten {
            noted.waiting.entry(access).or_insert(day);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The start of the day, UTC.
fn day_of(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis().div_euclid(DAY_MILLIS) * DAY_MILLIS)
}

/// Writes the dates that wait. A background job calls this every few moments.
pub async fn write_accesses(world: &World) -> Result<(), Fault> {
    let waiting = world.accesses.take();
    if waiting.is_empty() {
        return Ok(());
    }
    let written = write(world, &waiting).await;
    if written.is_err() {
        world.accesses.put_back(waiting);
    }
    written
}

async fn write(world: &World, waiting: &HashMap<(String, String), Timestamp>) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    for ((arn, version), day) in waiting {
        db.record_secret_access(arn, version, *day).await?;
    }
    db.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_704_110_400);

    #[test]
    fn a_version_waits_once_a_day() {
        let accesses = Accesses::default();
        accesses.note("arn", "v1", NOON);
        accesses.note("arn", "v1", NOON.plus_secs(60));
        let midnight = NOON.plus_secs(-12 * 60 * 60);
        assert_eq!(accesses.waiting_for("arn"), Some(midnight));
        assert_eq!(accesses.take().len(), 1);
        accesses.note("arn", "v1", NOON.plus_secs(120));
        assert_eq!(accesses.take().len(), 0, "already written today");
        accesses.note("arn", "v1", NOON.plus_secs(24 * 60 * 60));
        assert_eq!(accesses.take().len(), 1);
    }

    #[test]
    fn what_could_not_be_written_waits_on() {
        let accesses = Accesses::default();
        accesses.note("arn", "v1", NOON);
        let taken = accesses.take();
        assert_eq!(accesses.waiting_for("arn"), None);
        accesses.put_back(taken);
        assert!(accesses.waiting_for("arn").is_some());
    }
}
