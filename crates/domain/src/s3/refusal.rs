//! Why a request is not answered with what it asks for: S3's codes, statuses and words.

use api::{CommonError, Service, sigv4::SignatureError};
use types::Fault;

/// An error of S3, or a failure of ours.
#[derive(Debug)]
pub enum Refusal {
    Told {
        status: u16,
        code: &'static str,
        message: String,
    },
    Fault(Fault),
}

impl Refusal {
    pub fn told(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Told {
            status,
            code,
            message: message.into(),
        }
    }

    pub fn no_such_bucket() -> Self {
        Self::told(404, "NoSuchBucket", "The specified bucket does not exist")
    }

    pub fn no_such_key() -> Self {
        Self::told(404, "NoSuchKey", "The specified key does not exist.")
    }

    pub fn precondition_failed() -> Self {
        let text = "At least one of the pre-conditions you specified did not hold";
        Self::told(412, "PreconditionFailed", text)
    }

    pub fn too_large() -> Self {
        let text = "Your proposed upload exceeds the maximum allowed size";
        Self::told(400, "EntityTooLarge", text)
    }

    /// What S3 has and sealift does not.
    pub fn not_implemented(what: &str) -> Self {
        let text =
            format!("sealift does not implement {what} of S3; see docs/environment-files.md");
        Self::told(501, "NotImplemented", text)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Missing => Self::told(403, "AccessDenied", "Access Denied"),
            SignatureError::Incomplete(text) => {
                let text = format!("The authorization header is malformed; {text}");
                Self::told(400, "AuthorizationHeaderMalformed", text)
            }
            SignatureError::InvalidToken => Self::told(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            SignatureError::ExpiredToken => {
                Self::told(400, "ExpiredToken", "The provided token has expired.")
            }
            SignatureError::Invalid(text) => Self::told(403, "SignatureDoesNotMatch", text),
            SignatureError::Skewed(_) => Self::told(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            SignatureError::RequestExpired => {
                Self::told(403, "AccessDenied", "Request has expired")
            }
        }
    }
}

impl From<CommonError> for Refusal {
    fn from(error: CommonError) -> Self {
        match error {
            CommonError::AccessDenied(text) => Self::told(403, "AccessDenied", text),
            CommonError::Fault(fault) => Self::Fault(fault),
            CommonError::Signature(error) => error.into(),
            other => Self::told(400, "InvalidRequest", other.report(Service::S3).to_string()),
        }
    }
}
