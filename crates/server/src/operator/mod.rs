//! The operator's channel: what whoever owns the data directory may do to a server, running or not.
//!
//! Owning the data directory (and the root key beside it) is the whole authority: no policy decides here, and no network
//! leads here. A running server serves [`socket`], a Unix socket in its data directory; where none runs, [`Channel`]
//! opens the store in its own process and calls the same functions. Either way each command leaves an audit record.
//!
//! A command is one file here: a struct that is its input, with an [`impl Command`](Command); and one line in the table
//! below.

mod accounts;
mod backup;
mod channel;
mod end_access_keys;
mod key;
mod new_access_key;
mod rotate_root_key;
mod socket;
mod stale;
mod wire;

use std::{collections::HashMap, future::Future, path::PathBuf, pin::Pin, sync::Arc};

use domain::World;
use serde::{Serialize, de::DeserializeOwned};
use types::{Fault, SecretValue};

use crate::{
    audit::{AuditLog, Decision, Record, Trail},
    root_key::RootKeySource,
};

pub use accounts::{Account, CreateAccount, ListAccounts};
pub use backup::{BackedUp, Backup};
pub use channel::{Channel, OperatorError};
pub use end_access_keys::EndAccessKeys;
pub use key::{AccessKey, Pair};
pub use new_access_key::NewAccessKey;
pub use rotate_root_key::{RootKeyRotated, RotateRootKey};
pub(crate) use socket::{remove as remove_socket, serve};
pub use stale::{HeldBy, ReadableBy, Stale, Trace, Traced};

/// One command of the operator's: its own input, what it does, and what it answers.
pub trait Command: Serialize + DeserializeOwned + Send + 'static {
    /// The name on the wire and, behind `operator:`, in the audit log.
    const NAME: &'static str;
    type Answer: Serialize + DeserializeOwned + Send;

    /// What it acts on, as the audit log names it.
    fn subject(&self) -> String;

    /// Acts. It opens and ends its own transactions: it may take longer than one should last.
    fn run(self, operator: &Operator)
    -> impl Future<Output = Result<Self::Answer, Refusal>> + Send;
}

/// Every command by its name.
fn table() -> HashMap<&'static str, Perform> {
    HashMap::from([
        entry::<CreateAccount>(),
        entry::<ListAccounts>(),
        entry::<NewAccessKey>(),
        entry::<EndAccessKeys>(),
        entry::<RotateRootKey>(),
        entry::<Backup>(),
        entry::<Stale>(),
        entry::<Trace>(),
    ])
}

/// What commands work with.
#[derive(Clone)]
pub struct Operator {
    pub world: Arc<World>,
    pub places: Places,
    audit: AuditLog,
}

/// Where the server keeps what it keeps.
#[derive(Debug, Clone)]
pub struct Places {
    pub data_dir: PathBuf,
    pub root_key_file: PathBuf,
    pub root_key: RootKeySource,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something to be done differently: the text says what.
    #[error("{0}")]
    Told(String),
    /// A failure of ours. The operator, unlike a caller, is told its whole cause.
    #[error("{}", .0.chain())]
    Fault(#[from] Fault),
}

impl Refusal {
    pub fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// A command on the wire and its answer: JSON, which may hold an access key.
type Perform =
    for<'a> fn(&'a Operator, &'a [u8]) -> Pin<Box<dyn Future<Output = Performed> + Send + 'a>>;
type Performed = Result<SecretValue, Refusal>;

fn entry<C: Command>() -> (&'static str, Perform) {
    (C::NAME, |operator, input| {
        Box::pin(async move {
            let command: C = serde_json::from_slice(input)
                .map_err(|error| Refusal::told(format!("cannot read the command: {error}")))?;
            wire::to_json(&operator.perform(command).await?)
        })
    })
}

impl Operator {
    pub(crate) fn new(world: Arc<World>, places: Places, audit: AuditLog) -> Self {
        Self {
            world,
            places,
            audit,
        }
    }

    /// Carries out one command and writes it into the audit log, before anybody learns of its outcome.
    pub(crate) async fn perform<C: Command>(&self, command: C) -> Result<C::Answer, Refusal> {
        let (begun, id) = (self.world.clock.now(), self.world.entropy.uuid());
        let (event, subject) = (format!("operator:{}", C::NAME), command.subject());
        let outcome = command.run(self).await;
        let trail = Trail::default();
        let code = match &outcome {
            Ok(_) => "ok",
            Err(Refusal::Told(_)) => "Refused",
            Err(Refusal::Fault(fault)) => {
                tracing::error!(request.id = id, event, cause = %fault.chain(), "an operator command failed");
                "Fault"
            }
        };
        let mut record = Record::of(&trail, begun, &id, &event, code);
        record.caller = Some("operator".to_owned());
        record.decisions.push(Decision {
            action: &event,
            resource: &subject,
            verdict: "allow",
            statement: "owner of the data directory",
        });
        self.audit.write(&record).map_err(Fault::new)?;
        outcome
    }
}
