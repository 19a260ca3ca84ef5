//! Sealing under the current root key whatever an earlier one sealed.

use store::{Session, sealed::SealedRow};
use types::Fault;

use crate::{World, identity, kms, logs, s3, ssm};

/// So many rows at most change in one write, which bounds how long others wait for theirs.
const BATCH: i64 = 100;

/// How much was sealed anew.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    pub changed: u64,
    /// Rows that no root key opens which is known. They were lost before, and stay as they are.
    pub unreadable: u64,
}

/// Seals everything under the current root key. What is there already stays as it is, so it can be done again and
/// again; reads and other writes go on meanwhile.
pub async fn reseal(world: &World) -> Result<Resealed, Fault> {
    let mut done = Resealed::default();
    let mut after = None;
    loop {
        let mut db = world.store.write().await?;
        let rows = db.sealed_rows(after.as_ref(), BATCH).await?;
        let Some(last) = rows.last().map(SealedRow::place) else {
            return Ok(done);
        };
        for row in &rows {
            match renew(world, &mut db, row).await? {
                Outcome::Renewed => done.changed += 1,
                Outcome::Current => {}
                Outcome::Unreadable => done.unreadable += 1,
            }
        }
        db.commit().await?;
        after = Some(last);
    }
}

enum Outcome {
    Renewed,
    Current,
    Unreadable,
}

async fn renew(world: &World, db: &mut Session, row: &SealedRow) -> Result<Outcome, Fault> {
    let purpose = purpose(row);
    let entropy = world.entropy.as_ref();
    match world.root_key.reseal(&purpose, row.sealed(), entropy) {
        Ok(None) => Ok(Outcome::Current),
        Ok(Some(sealed)) => {
            db.replace_sealed(row, &sealed).await?;
            Ok(Outcome::Renewed)
        }
        Err(_) => {
            tracing::error!(
                purpose,
                "what was sealed for this cannot be opened by any root key that is known"
            );
            Ok(Outcome::Unreadable)
        }
    }
}

/// What a row was sealed for, in the words of whoever sealed it.
fn purpose(row: &SealedRow) -> String {
    match row {
        SealedRow::Material { key, id, .. } => kms::material_purpose(key, id),
        SealedRow::AccessKey { id, .. } => identity::access_key_purpose(id),
        SealedRow::LogGroup { id, .. } => logs::key_purpose(id),
        SealedRow::Bucket { id, .. } => s3::key_purpose(id),
        SealedRow::Parameter {
            account,
            region,
            path,
            version,
            ..
        } => ssm::plain_purpose(account, region, path, *version),
    }
}
