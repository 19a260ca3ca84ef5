//! One call of a rotator, whatever it is: what it is told, and why it failed.

use std::{io, sync::Arc, time::Duration};

use domain::{
    World,
    secretsmanager::rotation::{self, Claim, NoSession, RotationSession, Rotator, Target},
};
use serde_json::{Value, json};
use types::Fault;
use zeroize::Zeroizing;

use super::{output, program};

/// A step that is to be carried out.
pub(super) struct Invocation<'a> {
    pub world: &'a Arc<World>,
    pub claim: &'a Claim,
    pub rotator: &'a Rotator,
    pub session: &'a RotationSession,
}

/// Why a step failed. None of these texts comes from the rotator: it may print what it must not.
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
    Fault(Fault),
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
                self.log(&ran.output).await;
                Err(InvokeError::Exit(ran.status))
            }
        }
    }

    /// The address of this server, as the rotator reaches it.
    pub(super) fn endpoint(&self) -> &str {
        self.rotator
            .endpoint
            .as_deref()
            .unwrap_or_else(|| self.world.endpoint())
    }

    /// What AWS hands to a rotation function.
    pub(super) fn event(&self) -> Value {
        json!({
            "Step": self.claim.step.as_str(),
            "SecretId": self.claim.secret_arn,
            "ClientRequestToken": self.claim.version,
        })
    }

    /// The event, with what the function needs to act on it.
    pub(super) fn message(&self) -> Result<Zeroizing<Vec<u8>>, InvokeError> {
        let credentials = &self.session.credentials;
        let message = json!({
            "event": self.event(),
            "endpoint": self.endpoint(),
            "region": self.claim.region.as_str(),
            "credentials": {
                "AccessKeyId": credentials.access_key_id,
                "SecretAccessKey": credentials.secret_access_key.expose_secret_str(),
                "SessionToken": credentials.session_token.expose_secret_str(),
                "Expiration": credentials.expiration.to_iso8601(),
            },
        });
        let message =
            serde_json::to_vec(&message).map_err(|error| InvokeError::Fault(Fault::new(error)))?;
        Ok(Zeroizing::new(message))
    }

    /// Has the operator's log repeat what the rotator printed, where the operator wants that and it holds no value.
    async fn log(&self, printed: &[u8]) {
        let name = super::describe(self.rotator);
        if !self.rotator.log_output {
            return;
        }
        let hidden = rotation::values_to_hide(self.world, self.claim, self.session).await;
        let text = match hidden {
            Ok(Some(values)) => output::harmless(printed, &values),
            _ => None,
        };
        let text = text.as_deref().unwrap_or("withheld: it may hold a secret");
        tracing::warn!(rotator = name, output = text, "what the rotator printed");
    }
}
