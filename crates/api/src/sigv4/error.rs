//! Why a request is not who it says it is from.

/// A signature that is missing, unreadable or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The request is not signed at all.
    Missing,
    /// The signature cannot be read, or lacks parts.
    Incomplete(String),
    /// The access key is unknown or inactive, or its session token is missing or wrong.
    InvalidToken,
    /// The session of these credentials is over.
    ExpiredToken,
    /// The signature does not fit: the text says what about it.
    Invalid(String),
    /// The clocks of caller and server are too far apart: the text says how.
    Skewed(String),
    /// A presigned request after its time.
    RequestExpired,
}

impl SignatureError {
    /// The signature is another one than the one we calculate.
    pub fn mismatch() -> Self {
        Self::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }

    pub(crate) const fn json_code(&self) -> (&'static str, u16) {
        match self {
            Self::Missing => ("MissingAuthenticationTokenException", 400),
            Self::Incomplete(_) => ("IncompleteSignatureException", 400),
            Self::InvalidToken => ("UnrecognizedClientException", 400),
            Self::ExpiredToken => ("ExpiredTokenException", 400),
            Self::Invalid(_) | Self::Skewed(_) => ("InvalidSignatureException", 400),
            Self::RequestExpired => ("RequestExpired", 400),
        }
    }

    pub(crate) const fn query_code(&self) -> (&'static str, u16) {
        match self {
            Self::Missing => ("MissingAuthenticationToken", 403),
            Self::Incomplete(_) => ("IncompleteSignature", 400),
            Self::InvalidToken => ("InvalidClientTokenId", 403),
            Self::ExpiredToken => ("ExpiredToken", 403),
            Self::Invalid(_) | Self::Skewed(_) => ("SignatureDoesNotMatch", 403),
            Self::RequestExpired => ("RequestExpired", 400),
        }
    }

    pub(crate) fn message(&self, is_query: bool) -> String {
        match self {
            Self::Missing if is_query => "Request is missing Authentication Token".to_owned(),
            Self::Missing => "Missing Authentication Token".to_owned(),
            Self::Incomplete(text) | Self::Invalid(text) | Self::Skewed(text) => text.clone(),
            Self::InvalidToken => {
                "The security token included in the request is invalid.".to_owned()
            }
            Self::ExpiredToken => {
                "The security token included in the request is expired".to_owned()
            }
            Self::RequestExpired => "Request has expired.".to_owned(),
        }
    }
}

impl std::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message(false))
    }
}

impl std::error::Error for SignatureError {}
