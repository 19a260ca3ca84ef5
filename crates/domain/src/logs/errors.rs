//! What CloudWatch Logs answers when it refuses.

use api::logs::Error;

pub(super) fn no_group() -> Error {
    Error::ResourceNotFound("The specified log group does not exist.".to_owned())
}

pub(super) fn no_stream() -> Error {
    Error::ResourceNotFound("The specified log stream does not exist.".to_owned())
}

pub(super) fn invalid(text: impl Into<String>) -> Error {
    Error::InvalidParameter(text.into())
}

pub(super) fn invalid_token() -> Error {
    invalid("The specified nextToken is invalid.")
}
