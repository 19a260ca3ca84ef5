//! Errors as the caller reads them.
//!
//! What the models say about a service's errors is in the generated tables. This file has what every service answers
//! beside them, and the few things that were observed and are in no model.

use std::fmt;

use types::Fault;

use crate::{Service, sigv4::SignatureError};

/// An error of one service's operations.
pub trait ServiceError:
    From<CommonError> + From<Fault> + std::error::Error + Send + 'static
{
    /// What the caller is told.
    fn report(&self) -> ErrorReport;

    /// The failure of ours behind it, for the operator's log.
    fn fault(&self) -> Option<&Fault>;
}

/// How a JSON service spells the member that holds an error's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKey {
    /// `Message`
    Capital,
    /// `message`
    Lower,
    /// `Message` and `message`: for errors that a service's model lacks, where clients read one or the other.
    Both,
    /// The shape has no message.
    Absent,
}

/// An error, ready to be put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReport {
    pub code: &'static str,
    pub status: u16,
    pub message: Option<String>,
    pub message_key: MessageKey,
}

impl ErrorReport {
    pub(crate) fn modelled(
        code: &'static str,
        status: u16,
        message: &str,
        message_key: MessageKey,
    ) -> Self {
        Self {
            code,
            status,
            message: Some(message.to_owned()).filter(|m| !m.is_empty()),
            message_key,
        }
    }

    /// Whether the request was at fault rather than the server.
    pub const fn is_senders_fault(&self) -> bool {
        self.status < 500
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => f.write_str(self.code),
        }
    }
}

/// What every service may answer. The texts are the caller's.
#[derive(Debug)]
pub enum CommonError {
    /// A constraint of the model is violated.
    Validation(String),
    AccessDenied(String),
    /// STS answers so for session tags, which its model does not say.
    InvalidParameterValue(String),
    /// A name that AWS keeps for itself. KMS answers it without a word, and its model lacks the code.
    NotAuthorized,
    /// The body is not of its format, or a value has another type than the model says.
    Serialization(String),
    /// No operation of this name exists: what was asked for.
    UnknownOperation(String),
    /// A protocol that the service does not speak here.
    UnknownProtocol(&'static str),
    /// A Query action that its version does not have.
    InvalidAction {
        action: String,
        version: String,
    },
    /// A Query request that names no action.
    MissingAction,
    /// The operation exists in AWS and not yet here: `ecs:CreateService`.
    Unsupported(String),
    Signature(SignatureError),
    RequestTooLarge,
    Throttling,
    Fault(Fault),
}

impl CommonError {
    /// What the caller is told, in the words and codes of the service's protocol.
    pub fn report(&self, service: Service) -> ErrorReport {
        let (code, status, message) = if service.is_query() {
            self.query(service)
        } else {
            self.json(service)
        };
        ErrorReport {
            code,
            status,
            message: Some(message).filter(|m| !m.is_empty()),
            message_key: match (service, self) {
                (Service::SecretsManager | Service::Ssm, Self::Fault(_)) => MessageKey::Capital,
                // AWS: ValidationException and AccessDeniedException are in no model of Secrets Manager, whose own
                // errors have a capital M.
                (Service::SecretsManager, _) => MessageKey::Both,
                _ => MessageKey::Lower,
            },
        }
    }

    fn json(&self, service: Service) -> (&'static str, u16, String) {
        let (code, status) = match self {
            Self::Validation(_) if matches!(service, Service::Ecs | Service::Ecr) => {
                ("InvalidParameterException", 400)
            }
            Self::InvalidParameterValue(_) => ("InvalidParameterException", 400),
            Self::Validation(_) => ("ValidationException", 400),
            Self::AccessDenied(_) => ("AccessDeniedException", 400),
            Self::NotAuthorized => ("NotAuthorizedException", 400),
            Self::Serialization(_) => ("SerializationException", 400),
            Self::UnknownOperation(_)
            | Self::UnknownProtocol(_)
            | Self::InvalidAction { .. }
            | Self::MissingAction => ("UnknownOperationException", 400),
            Self::Unsupported(_) => ("UnsupportedOperationException", 400),
            Self::Signature(error) => error.json_code(),
            Self::RequestTooLarge => ("RequestEntityTooLargeException", 413),
            Self::Throttling => ("ThrottlingException", 400),
            Self::Fault(_) => (internal_error(service), 500),
        };
        (code, status, self.message(service))
    }

    fn query(&self, service: Service) -> (&'static str, u16, String) {
        let (code, status) = match self {
            Self::Validation(_) => ("ValidationError", 400),
            Self::InvalidParameterValue(_) => ("InvalidParameterValue", 400),
            Self::AccessDenied(_) => ("AccessDenied", 403),
            Self::NotAuthorized => ("NotAuthorized", 403),
            Self::Serialization(_) => ("MalformedInput", 400),
            Self::UnknownOperation(_) | Self::UnknownProtocol(_) | Self::InvalidAction { .. } => {
                ("InvalidAction", 400)
            }
            Self::MissingAction => ("MissingAction", 400),
            Self::Unsupported(_) => ("UnsupportedOperation", 400),
            Self::Signature(error) => error.query_code(),
            Self::RequestTooLarge => ("RequestEntityTooLarge", 413),
            Self::Throttling => ("Throttling", 400),
            Self::Fault(_) => (internal_error(service), 500),
        };
        (code, status, self.message(service))
    }

    fn message(&self, service: Service) -> String {
        match self {
            Self::Validation(text) if service == Service::Ecr => invalid_parameter(text),
            Self::Validation(text)
            | Self::InvalidParameterValue(text)
            | Self::AccessDenied(text)
            | Self::Serialization(text) => text.clone(),
            Self::NotAuthorized => String::new(),
            Self::UnknownOperation(name) if name.is_empty() => {
                "The request names no operation.".to_owned()
            }
            Self::UnknownOperation(name) => format!("The operation {name} is not known."),
            Self::UnknownProtocol(name) => {
                let spoken = if service.is_query() {
                    "AWS Query"
                } else {
                    "AWS JSON 1.1"
                };
                format!("The protocol {name} is not spoken here; use {spoken}.")
            }
            Self::InvalidAction { action, version } => {
                format!("Could not find operation {action} for version {version}")
            }
            Self::MissingAction => "The request must contain the parameter Action".to_owned(),
            Self::Unsupported(action) => format!("sealift does not implement `{action}` yet"),
            Self::Signature(error) => error.message(service.is_query()),
            Self::RequestTooLarge => "The request body is too large.".to_owned(),
            Self::Throttling => "Rate exceeded".to_owned(),
            // The caller learns nothing of it; the operator finds it in the log under the request id.
            Self::Fault(_) => "An internal error occurred.".to_owned(),
        }
    }
}

impl From<Fault> for CommonError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SignatureError> for CommonError {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

/// The name each service gives to a failure of its own.
fn internal_error(service: Service) -> &'static str {
    match service {
        Service::SecretsManager => "InternalServiceError",
        Service::Ssm => "InternalServerError",
        Service::Kms => "KMSInternalException",
        Service::Iam => "ServiceFailure",
        Service::Sts => "InternalFailure",
        Service::S3 => "InternalError",
        Service::CloudWatchLogs => "ServiceUnavailableException",
        Service::Ecs | Service::Ecr => "ServerException",
    }
}

// AWS: ECR tells the first violated constraint alone, in words of its own:
// `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '…''`.
fn invalid_parameter(text: &str) -> String {
    let first = text
        .split_once(" detected: ")
        .map_or(text, |(_, rest)| rest);
    let first = first.split("; Value ").next().unwrap_or(first);
    let found = first
        .rsplit_once(" failed to satisfy constraint: ")
        .and_then(|(value, constraint)| Some((value.rsplit_once(" at '")?.1, constraint)));
    let Some((member, constraint)) = found else {
        return text.to_owned();
    };
    let member = member.trim_end_matches('\'');
    match constraint.split_once("regular expression pattern: ") {
        Some((_, pattern)) => format!(
            "Invalid parameter at '{member}' failed to satisfy constraint: 'must satisfy regular expression '{pattern}''"
        ),
        None => {
            format!("Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecr_tells_the_first_violated_constraint_in_its_own_words() {
        let report = |text: &str| CommonError::Validation(text.to_owned()).report(Service::Ecr);
        let pattern = report(
            "2 validation errors detected: Value 'A' at 'repositoryName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+; Value 'x' at 'y' failed to satisfy constraint: Member must not be null",
        );
        assert_eq!(pattern.code, "InvalidParameterException");
        assert_eq!(
            pattern.message.as_deref(),
            Some(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '[a-z]+''"
            )
        );
        let missing = report(
            "1 validation error detected: Value null at 'imageIds' failed to satisfy constraint: Member must not be null",
        );
        assert_eq!(
            missing.message.as_deref(),
            Some(
                "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must not be null'"
            )
        );
        assert_eq!(
            report("anything else").message.as_deref(),
            Some("anything else")
        );
    }
}
