//! When access keys and roles were last used: noted in memory by every authenticated request, written to the store by a
//! job. A request never waits for a write, and one that comes within a minute of the last, for the same service and
//! region, is not even noted.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use api::Service;
use store::iam::LastUse;
use types::{Fault, Timestamp};

use crate::{Cx, World};

/// How far apart two uses are noted, in seconds. AWS's dates are coarser still.
const GRAIN: i64 = 60;
/// More than this are not remembered at once.
const CAPACITY: usize = 10_000;

/// The last uses of access keys and roles.
#[derive(Default)]
pub struct Uses(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    /// By access key id or role id.
    seen: HashMap<String, LastUse>,
    /// What of it is not written yet.
    waiting: HashMap<String, LastUse>,
}

impl Uses {
    /// Notes that an access key, or a session of a role, has signed a request.
    pub(super) fn note(&self, id: &str, service: Service, region: &str, now: Timestamp) {
        let service = service.signing_name();
        let mut noted = self.lock();
        if let Some(last) = noted.seen.get(id) {
            let recent = now < last.at.plus_secs(GRAIN);
            if recent && last.service == service && last.region == region {
                return;
            }
        }
        if noted.seen.len() >= CAPACITY {
            noted.seen.clear();
        }
        let used = LastUse {
            at: now,
            service: service.to_owned(),
            region: region.to_owned(),
        };
        noted.seen.insert(id.to_owned(), used.clone());
        noted.waiting.insert(id.to_owned(), used);
    }

    /// A use that is not written yet.
    fn waiting_for(&self, id: &str) -> Option<LastUse> {
        self.lock().waiting.get(id).cloned()
    }

    fn take(&self) -> HashMap<String, LastUse> {
        std::mem::take(&mut self.lock().waiting)
    }

    fn put_back(&self, unwritten: HashMap<String, LastUse>) {
        let mut noted = self.lock();
        for (id, used) in unwritten {
            noted.waiting.entry(id).or_insert(used);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last use of an access key or role, written or not.
pub(crate) async fn last_use(cx: &mut Cx, id: &str) -> Result<Option<LastUse>, Fault> {
    match cx.world.identity.uses().waiting_for(id) {
        Some(used) => Ok(Some(used)),
        None => cx.db.last_use(id).await,
    }
}

/// Writes the uses that wait. A background job calls this every few moments.
pub async fn write_uses(world: &World) -> Result<(), Fault> {
    let uses = world.identity.uses();
    let waiting = uses.take();
    if waiting.is_empty() {
        return Ok(());
    }
    let written = write(world, &waiting).await;
    if written.is_err() {
        uses.put_back(waiting);
    }
    written
}

async fn write(world: &World, waiting: &HashMap<String, LastUse>) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    for (id, used) in waiting {
        db.record_use(id, used).await?;
    }
    db.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_704_110_400);

    #[test]
    fn a_key_in_steady_use_waits_once_a_minute() {
        let uses = Uses::default();
        uses.note("AKIA1", Service::Ssm, "us-east-1", NOON);
        uses.note("AKIA1", Service::Ssm, "us-east-1", NOON.plus_secs(59));
        assert_eq!(uses.take().len(), 1);
        uses.note("AKIA1", Service::Ssm, "us-east-1", NOON.plus_secs(59));
        assert_eq!(uses.take().len(), 0);
        uses.note("AKIA1", Service::Ssm, "us-east-1", NOON.plus_secs(60));
        assert_eq!(uses.take().len(), 1);
    }

    #[test]
    fn another_service_is_noted_at_once_and_what_was_not_written_waits_on() {
        let uses = Uses::default();
        uses.note("AKIA1", Service::Ssm, "us-east-1", NOON);
        let taken = uses.take();
        uses.note("AKIA1", Service::Kms, "us-east-1", NOON.plus_secs(1));
        uses.put_back(taken);
        let waiting = uses.waiting_for("AKIA1").map(|used| used.service);
        assert_eq!(waiting.as_deref(), Some("kms"));
        assert_eq!(uses.take().len(), 1);
    }
}
