//! Rotations under way, as whoever carries them out sees them: claimed, and reported on step by step.

use std::collections::BTreeSet;

use store::{
    Session,
    rotations::{Lease, Rotation, RotationRun},
    secrets::Secret,
};
use types::{AccountId, Fault, Region, Timestamp};

use super::{
    new_run, pending_version, rules,
    steps::{Kind, Step, retry},
};
use crate::{
    World,
    secretsmanager::{
        replicas,
        stages::{CURRENT, Labels, PENDING},
        versions,
    },
};

/// How long a claim holds without being renewed.
const LEASE_SECS: i64 = 30;

/// One attempt, held by this server until it is reported on or its lease is over.
#[derive(Debug, Clone)]
pub struct Claim {
    pub secret_arn: String,
    pub account: AccountId,
    pub region: Region,
    pub function_arn: String,
    pub kind: Kind,
    pub version: String,
    pub step: Step,
    /// How many attempts have failed before.
    pub failures: i64,
    /// No attempt begins after this, which tells one run with a version from a later one.
    pub until: Timestamp,
}

impl Claim {
    /// Stands for this step of this attempt, whoever carries it out and how often it is begun.
    pub fn step_token(&self) -> String {
        let parts = [
            &self.secret_arn,
            &self.version,
            self.step.as_str(),
            &self.failures.to_string(),
            &self.until.as_millis().to_string(),
        ];
        let digest = crypto::sha256_hex(parts.join(" ").as_bytes());
        digest.chars().take(32).collect()
    }
}

/// What a look at the due rotations found.
#[derive(Debug)]
pub enum Found {
    /// To be carried out now.
    Run(Claim),
    /// Its pending version was taken away; there is nothing left to finish.
    Abandoned(Claim),
}

/// Where a rotation stands after a report.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    Next(Step),
    Done,
    /// It is attempted again then.
    Again(Timestamp),
    /// It is given up until its schedule or somebody wants it again.
    GivenUp,
    /// It was cancelled, or another server has it.
    Gone,
}

/// Claims what is due, at most so many.
pub async fn claim_due(world: &World, owner: &str, limit: i64) -> Result<Vec<Found>, Fault> {
    let asked = world.rotation.take_asked();
    let mut due = world
        .store
        .read()
        .await?
        .due_rotations(world.clock.now(), limit)
        .await?;
    due.extend(
        asked
            .iter()
            .filter(|arn| !due.contains(arn))
            .cloned()
            .collect::<Vec<_>>(),
    );
    let mut found = Vec::new();
    for arn in due {
        found.extend(claim(world, owner, &arn, &asked).await?);
    }
    Ok(found)
}

async fn claim(
    world: &World,
    owner: &str,
    arn: &str,
    asked: &BTreeSet<String>,
) -> Result<Option<Found>, Fault> {
    let mut db = world.store.write().await?;
    let now = world.clock.now();
    // Another server may have been quicker: what was read before is read again under the lock.
    let Some((mut secret, mut rotation)) = locked(&mut db, arn).await? else {
        return Ok(None);
    };
    if !rotation.enabled || secret.deletion.is_some() {
        return Ok(None);
    }
    let labels = versions::labels(&db.secret_versions(arn).await?);
    let due = Due {
        now,
        asked: asked.contains(arn),
    };
    let Some(mut run) = due.run(world, &rotation, &labels) else {
        return Ok(None);
    };
    let kind = Kind::from_column(&run.kind);
    let fresh = rotation.run.is_none();
    if fresh && labels.holder(PENDING) != Some(&run.version) {
        db.insert_empty_version(arn, &run.version, now).await?;
        // Replicas have no version that waits for its value, and so nothing that is pending any more.
        detach_pending(&mut db, &mut secret, now).await?;
        db.attach_label(arn, PENDING, &run.version).await?;
    }
    let promoted = kind == Kind::Rotate && labels.holder(CURRENT) == Some(&run.version);
    if promoted {
        kind.first(true).as_str().clone_into(&mut run.step);
    }
    let claim = Claim {
        secret_arn: arn.to_owned(),
        account: secret.account,
        region: secret.region,
        function_arn: rotation.function_arn.clone(),
        kind,
        step: Step::from_column(&run.step),
        failures: run.failures,
        until: run.until,
        version: run.version.clone(),
    };
    let lost = !fresh && !promoted && labels.holder(PENDING) != Some(&run.version);
    let found = if lost {
        rotation.run = None;
        rotation.window = rules::next_window(&rotation, now);
        Found::Abandoned(claim)
    } else {
        run.lease = Some(lease(owner, now));
        rotation.run = Some(run);
        Found::Run(claim)
    };
    db.save_rotation(&rotation).await?;
    db.commit().await?;
    Ok(Some(found))
}

/// Why a rotation is looked at: its time has come, or somebody asked for another attempt.
struct Due {
    now: Timestamp,
    asked: bool,
}

impl Due {
    /// What to do now, if anything.
    fn run(&self, world: &World, rotation: &Rotation, labels: &Labels) -> Option<RotationRun> {
        if let Some(run) = &rotation.run {
            let free = run
                .lease
                .as_ref()
                .is_none_or(|lease| lease.until <= self.now);
            return (free && (self.asked || run.due <= self.now)).then(|| run.clone());
        }
        let pending = pending_version(labels);
        let window = rotation.window.filter(|window| window.opens <= self.now);
        if window.is_none() && !(self.asked && pending.is_some()) {
            return None;
        }
        // What was given up with its pending version is taken up with it; what missed its window is made up for.
        let version = pending.map_or_else(|| world.entropy.uuid(), str::to_owned);
        let until = match window {
            Some(window) if window.closes > self.now => window.closes,
            _ => rules::attempts_until(rotation, self.now),
        };
        Some(new_run(Kind::Rotate, &version, self.now, until))
    }
}

fn lease(owner: &str, now: Timestamp) -> Lease {
    Lease {
        owner: owner.to_owned(),
        until: now.plus_secs(LEASE_SECS),
    }
}

/// The secret and its rotation, which do not change until the session ends.
async fn locked(db: &mut Session, arn: &str) -> Result<Option<(Secret, Rotation)>, Fault> {
    let secret = db.secret_by_arn(arn).await?;
    Ok(secret.zip(db.rotation(arn).await?))
}

/// The secret and its replicas, which have the same versions and labels.
async fn copies(db: &mut Session, secret: &Secret) -> Result<Vec<Secret>, Fault> {
    let mut all = vec![secret.clone()];
    for replica in db.secret_replicas(&secret.arn).await? {
        let arn = replicas::arn_in(&secret.arn, &replica.region)?;
        all.extend(db.secret_by_arn(&arn).await?);
    }
    Ok(all)
}

/// Takes AWSPENDING away, here and in the replicas, which is a change of the secret.
async fn detach_pending(
    db: &mut Session,
    secret: &mut Secret,
    now: Timestamp,
) -> Result<(), Fault> {
    secret.changed = now;
    for mut copy in copies(db, secret).await? {
        db.detach_label(&copy.arn, PENDING).await?;
        copy.changed = now;
        db.update_secret(&copy).await?;
    }
    Ok(())
}

/// A claim under the lock, if it still holds.
struct Held {
    db: Session,
    secret: Secret,
    rotation: Rotation,
    run: RotationRun,
    labels: Labels,
    now: Timestamp,
}

impl Held {
    async fn lock(world: &World, claim: &Claim, owner: &str) -> Result<Option<Self>, Fault> {
        let mut db = world.store.write().await?;
        let Some((secret, rotation)) = locked(&mut db, &claim.secret_arn).await? else {
            return Ok(None);
        };
        let ours = |run: &RotationRun| {
            let lease = run.lease.as_ref();
            run.version == claim.version && lease.is_some_and(|lease| lease.owner == owner)
        };
        let Some(run) = rotation.run.clone().filter(ours) else {
            return Ok(None);
        };
        let labels = versions::labels(&db.secret_versions(&claim.secret_arn).await?);
        let now = world.clock.now();
        Ok(Some(Self {
            db,
            secret,
            rotation,
            run,
            labels,
            now,
        }))
    }

    async fn save(mut self, progress: Progress) -> Result<Progress, Fault> {
        self.db.save_rotation(&self.rotation).await?;
        self.db.commit().await?;
        Ok(progress)
    }

    /// The version that a test was made with goes again.
    async fn remove_test_version(&mut self) -> Result<(), Fault> {
        if self.labels.on(&self.run.version) == [PENDING] {
            for copy in copies(&mut self.db, &self.secret).await? {
                self.db
                    .delete_secret_version(&copy.arn, &self.run.version)
                    .await?;
            }
        }
        Ok(())
    }

    /// Settles what `finishSecret` has done: the version is current and waits for nothing any more.
    async fn settle(&mut self) -> Result<(), Fault> {
        if self.labels.holder(PENDING) == Some(&self.run.version) {
            detach_pending(&mut self.db, &mut self.secret, self.now).await?;
        }
        rules::note_rotated(&mut self.rotation, self.now);
        Ok(())
    }

    /// Counts a failure; the next attempt begins anew, unless there is none.
    async fn fail(mut self, first_delay_secs: i64) -> Result<Progress, Fault> {
        let kind = Kind::from_column(&self.run.kind);
        let failures = self.run.failures + 1;
        if let Some(due) = retry(kind, failures, first_delay_secs, self.now, self.run.until) {
            self.rotation.run = Some(RotationRun {
                failures,
                due,
                step: kind.first(false).as_str().to_owned(),
                lease: None,
                ..self.run.clone()
            });
            return self.save(Progress::Again(due)).await;
        }
        if kind == Kind::Test {
            self.remove_test_version().await?;
        } else {
            self.rotation.window = rules::next_window(&self.rotation, self.now);
        }
        self.rotation.run = None;
        self.save(Progress::GivenUp).await
    }
}

/// Says that this server is still at it; false where the rotation is no longer its own.
pub async fn renew(world: &World, claim: &Claim, owner: &str) -> Result<bool, Fault> {
    let Some(mut held) = Held::lock(world, claim, owner).await? else {
        return Ok(false);
    };
    held.run.lease = Some(lease(owner, held.now));
    held.rotation.run = Some(held.run.clone());
    held.save(Progress::Done).await.map(|_| true)
}

/// The step of the claim has succeeded.
pub async fn step_succeeded(world: &World, claim: &Claim, owner: &str) -> Result<Progress, Fault> {
    let Some(mut held) = Held::lock(world, claim, owner).await? else {
        return Ok(Progress::Gone);
    };
    if let Some(next) = claim.step.next(claim.kind) {
        next.as_str().clone_into(&mut held.run.step);
        held.run.lease = Some(lease(owner, held.now));
        held.rotation.run = Some(held.run.clone());
        return held.save(Progress::Next(next)).await;
    }
    if claim.kind == Kind::Test {
        held.remove_test_version().await?;
    } else if held.labels.holder(CURRENT) == Some(&claim.version) {
        held.settle().await?;
    } else {
        // The rotator said that it was done, and moved no label.
        return held.fail(first_delay(world)).await;
    }
    held.rotation.run = None;
    held.save(Progress::Done).await
}

/// The attempt has failed.
pub async fn attempt_failed(world: &World, claim: &Claim, owner: &str) -> Result<Progress, Fault> {
    match Held::lock(world, claim, owner).await? {
        Some(held) => held.fail(first_delay(world)).await,
        None => Ok(Progress::Gone),
    }
}

fn first_delay(world: &World) -> i64 {
    i64::try_from(world.settings.rotators.retry_after.as_secs()).unwrap_or(i64::MAX)
}

/// Whatever this server was at before it ended may be claimed at once.
pub async fn release_all(world: &World, owner: &str) -> Result<(), Fault> {
    let mut db = world.store.write().await?;
    db.release_rotations(owner).await?;
    db.commit().await
}
