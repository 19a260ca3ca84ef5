//! One call of a rotator, whatever it is, and why it failed.

use std::{io, sync::Arc, time::Duration};

use domain::{
    World,
    secretsmanager::rotation::{self, Claim, NoSession, RotationSession, Rotator, Target},
};
use types::Fault;

use super::{
    https::{self, HttpsError},
    output, program, task,
};

/// A step that is to be carried out.
pub(super) struct Invocation<'a> {
    pub world: &'a Arc<World>,
    pub claim: &'a Claim,
    pub rotator: &'a Rotator,
    pub session: &'a RotationSession,
}

/// Why a step failed. None of these texts comes from the rotator: it may say what it must not.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvokeError {
    #[error("the operator's rotators have no function {0} for this secret any more")]
    Unknown(String),
    #[error("{0}")]
    Session(String),
    #[error("the program could not be started: {0}")]
    Start(io::Error),
    #[error("it did not end within {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("the program ended with {0}")]
    Exit(std::process::ExitStatus),
    #[error(transparent)]
    Https(#[from] HttpsError),
    #[error("the task could not be started: {0}")]
    TaskRefused(String),
    #[error("the task {arn} {why}")]
    Task { arn: String, why: String },
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<NoSession> for InvokeError {
    fn from(error: NoSession) -> Self {
        match error {
            NoSession::Fault(fault) => Self::Fault(fault),
            error => Self::Session(error.to_string()),
        }
    }
}

impl Invocation<'_> {
    /// Calls the rotator. Without an error, it says that it has done its step.
    pub(super) async fn call(&self) -> Result<(), InvokeError> {
        match &self.rotator.target {
            Target::Program(target) => {
                let ran = program::run(self, target).await?;
                if ran.status.success() {
                    return Ok(());
                }
                self.log(&[&ran.errors, &ran.answers]).await;
                Err(InvokeError::Exit(ran.status))
            }
            Target::Https(target) => {
                let answer = https::ask(self, target).await?;
                if !answer.is_good() {
                    self.log(&[&answer.body]).await;
                }
                answer.verdict()
            }
            Target::Task(target) => task::run(self, target).await,
        }
    }

    /// The address of this server, as the rotator reaches it.
    pub(super) fn endpoint(&self) -> &str {
        self.rotator
            .endpoint
            .as_deref()
            .unwrap_or_else(|| self.world.endpoint())
    }

    /// Has the operator's log repeat what the rotator said, where the operator wants that and it holds no value.
    async fn log(&self, said: &[&[u8]]) {
        let name = super::describe(self.rotator);
        if !self.rotator.log_output {
            return;
        }
        let hidden = rotation::values_to_hide(self.world, self.claim, self.session).await;
        let text = match hidden {
            Ok(Some(values)) => output::harmless(said, &values),
            _ => None,
        };
        let text = text.as_deref().unwrap_or("withheld: it may hold a secret");
        tracing::warn!(rotator = name, output = text, "what the rotator said");
    }
}
