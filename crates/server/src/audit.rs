//! The audit log: one JSON line for every request, in an append-only file of its own.
//!
//! A line is written before its answer is given and survives the rollback of what the request did. It reaches the
//! disk within [`FLUSH_WITHIN`]; values never reach it, because it is made of names, ARNs and decisions alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{Decided, identity::Caller};
use policy::Principal;
use serde::Serialize;
use types::{Region, Timestamp};

/// The longest a written line waits for the disk.
pub const FLUSH_WITHIN: Duration = Duration::from_millis(100);

/// What one line tells. Absent members are left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    pub time: String,
    pub request_id: &'a str,
    /// `service:Operation`, as IAM names actions.
    pub event: &'a str,
    /// ARN of the caller, once the signature was good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The session's name, for callers that are role sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<&'a str>,
    /// The task on whose behalf the session was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// Absent for what comes from this process itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<IpAddr>,
    /// What an event is about that no request made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'a str>,
    /// What an event has to say beside its outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
    /// Every decision on the way, in order.
    pub decisions: Vec<Decision<'a>>,
    /// `ok`, or the error code that was answered.
    pub outcome: &'a str,
    /// What this process did by itself, and to what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

/// What becomes known of a request on its way.
#[derive(Default)]
pub struct Trail {
    pub source_address: Option<IpAddr>,
    pub access_key_id: Option<String>,
    pub region: Option<Region>,
    pub caller: Option<Caller>,
    pub decided: Vec<Decided>,
}

impl<'a> Record<'a> {
    /// The record of a request that began then and ended so: `ok`, or an error code.
    pub fn of(
        trail: &'a Trail,
        begun: Timestamp,
        request_id: &'a str,
        event: &'a str,
        outcome: &'a str,
    ) -> Self {
        let caller = trail.caller.as_ref();
        let session_name = caller.and_then(|caller| match &caller.principal {
            Principal::RoleSession { session_name, .. } => Some(session_name.as_str()),
            _ => None,
        });
        let decisions = trail.decided.iter().map(|decided| Decision {
            action: &decided.action,
            resource: &decided.resource,
            verdict: if decided.allowed { "allow" } else { "deny" },
            statement: &decided.statement,
        });
        Self {
            time: begun.to_iso8601_millis(),
            request_id,
            event,
            caller: caller.map(|caller| caller.principal.arn()),
            session: session_name,
            access_key_id: trail.access_key_id.as_deref(),
            task: caller.and_then(|caller| caller.session.as_ref()?.task.as_deref()),
            account: caller.map(|caller| caller.account.as_str()),
            region: trail.region.as_ref().map(Region::as_str),
            source_address: trail.source_address,
            resource: None,
            detail: None,
            decisions: decisions.collect(),
            outcome,
            details: None,
        }
    }
}

/// One yes or no, and the statement that made it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    /// `allow` or `deny`.
    #[serde(rename = "decision")]
    pub verdict: &'static str,
    /// The policy and statement, or why there is none.
    pub statement: &'a str,
}

/// The open file, and the thread that flushes it.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: Mutex<File>,
    dirty: AtomicBool,
}

impl AuditLog {
    /// Opens (or makes, readable by its owner alone) the log, and starts flushing it in the background.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        let flushed = file.try_clone()?;
        let shared = Arc::new(Shared {
            file: Mutex::new(file),
            dirty: AtomicBool::new(false),
        });
        let watched = Arc::downgrade(&shared);
        std::thread::Builder::new()
            .name("audit-flush".into())
            .spawn(move || {
                while let Some(shared) = watched.upgrade() {
                    if shared.dirty.swap(false, Ordering::AcqRel)
                        && let Err(error) = flushed.sync_data()
                    {
                        tracing::error!(%error, "the audit log could not be flushed");
                    }
                    drop(shared);
                    std::thread::sleep(FLUSH_WITHIN / 2);
                }
            })?;
        Ok(Self(shared))
    }

    /// Writes one line. An error means that the request must not be answered as if it had been recorded.
    pub fn write(&self, record: &Record<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write of one buffer: lines of concurrent requests never mix, and a crash leaves at most one half line.
        file.write_all(&line)?;
        self.0.dirty.store(true, Ordering::Release);
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Whoever stops the server has nobody left to tell; the operating system still holds the lines.
        let _ = file.sync_data();
    }
}
