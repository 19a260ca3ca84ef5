//! What several operations answer, in AWS's words.

use api::{CommonError, ssm::Error};

use super::names::NameError;

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        match error {
            // AWS: this one text answers every malformed name, whatever is wrong with it.
            NameError::Malformed => validation(
                "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
            ),
            NameError::ReservedPrefix => validation(
                "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
            ),
            NameError::ReservedPath(name) => CommonError::AccessDenied(format!(
                "No access to reserved parameter name: {name}."
            ))
            .into(),
            NameError::TooDeep => Self::HierarchyLevelLimitExceeded(
                "A hierarchy can have a maximum of 15 levels. For more information, see the requirements for parameter names."
                    .to_owned(),
            ),
            NameError::TooLong(name) => validation(format!(
                "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 1011"
            )),
            NameError::NotFound => not_found(),
        }
    }
}

/// AWS: the error comes without a message.
pub(super) fn not_found() -> Error {
    Error::ParameterNotFound(String::new())
}

/// A version or a label that a parameter does not have.
pub(super) fn version_not_found(version: &str, name: &str) -> Error {
    Error::ParameterVersionNotFound(format!(
        "Systems Manager could not find version {version} of {name}. Verify the version and try again."
    ))
}

pub(super) fn validation(text: impl Into<String>) -> Error {
    CommonError::Validation(text.into()).into()
}

pub(super) fn malformed_path() -> Error {
    // AWS: the backslashes are in its text.
    validation(
        r#"The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_."#,
    )
}

pub(super) fn invalid_token() -> Error {
    Error::InvalidNextToken("The specified token is not valid.".to_owned())
}
