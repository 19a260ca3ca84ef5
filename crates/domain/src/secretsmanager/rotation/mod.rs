//! Rotation: what is to be rotated and when, and how far a rotation is.
//!
//! A rotation under way is a row: its version, the step that comes next, and the server that holds it for the moment.
//! Whoever carries out the steps claims it here, says here how each step ended, and may die at any point: the row is
//! claimed anew once its lease is over, and every step may be repeated. What a step does is the rotator's business; how
//! rotators are called is `server`'s.

mod answer;
mod cron;
mod rotators;
mod rules;
mod run_as_role;
mod runs;
mod schedule;
mod steps;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use api::secretsmanager::Error;
use store::rotations::{Rotation, RotationRun};
use tokio::sync::Notify;
use types::Timestamp;

pub use rotators::{Https, Program, Rotator, Rotators, Target, TaskTarget, User};
pub use run_as_role::{NoSession, RotationSession, open_session, values_to_hide};
pub use runs::{
    Claim, Found, Progress, attempt_failed, claim_due, release_all, renew, step_succeeded,
};
pub use steps::{Kind, Step};

pub(super) use answer::Answer;
pub(super) use rules::{attempts_until, counts_days, next_window, of_request};

use super::stages::{CURRENT, Labels, PENDING};
use crate::Cx;

/// Rung whenever there may be something to rotate.
#[derive(Default)]
pub struct Bell {
    changed: Notify,
    /// Secrets whose unfinished rotation is to be attempted at once.
    asked: Mutex<BTreeSet<String>>,
}

impl Bell {
    /// Waits until there may be something to do.
    pub async fn rung(&self) {
        self.changed.notified().await;
    }

    pub(super) fn ring(&self) {
        self.changed.notify_one();
    }

    /// Asks for another attempt now. It may be forgotten in a crash: the rotation has its own next attempt.
    pub(super) fn ask(&self, secret_arn: &str) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(secret_arn.to_owned());
        self.ring();
    }

    fn take_asked(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The version of a rotation that was begun and never finished.
pub(super) fn pending_version(labels: &Labels) -> Option<&str> {
    let pending = labels.holder(PENDING)?;
    (labels.holder(CURRENT) != Some(pending)).then_some(pending)
}

/// A run that begins now.
fn new_run(kind: Kind, version: &str, now: Timestamp, until: Timestamp) -> RotationRun {
    RotationRun {
        kind: kind.as_str().to_owned(),
        version: version.to_owned(),
        step: kind.first(false).as_str().to_owned(),
        failures: 0,
        due: now,
        until,
        lease: None,
    }
}

/// Has a rotation begin now, or a test of one, in this version.
pub(super) fn begin(rotation: &mut Rotation, kind: Kind, version: &str, now: Timestamp) {
    let until = attempts_until(rotation, now);
    rotation.run = Some(new_run(kind, version, now, until));
}

/// A value was written by hand: where rotations follow each other by days, they are counted from now.
pub(super) async fn note_new_value(
    cx: &mut Cx,
    secret_arn: &str,
    version: &str,
) -> Result<(), Error> {
    let Some(mut rotation) = cx.db.rotation(secret_arn).await? else {
        return Ok(());
    };
    let own = rotation
        .run
        .as_ref()
        .is_some_and(|run| run.version == version);
    if rotation.enabled && !own && counts_days(&rotation) {
        rotation.window = next_window(&rotation, cx.now());
        cx.db.save_rotation(&rotation).await?;
    }
    Ok(())
}
