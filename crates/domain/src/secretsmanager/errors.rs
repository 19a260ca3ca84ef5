//! What several operations answer, in AWS's words.

use api::{CommonError, secretsmanager::Error};
use store::secrets::Secret;

use super::secret_id::InvalidName;

pub(super) fn not_found() -> Error {
    Error::ResourceNotFound("Secrets Manager can't find the specified secret.".to_owned())
}

pub(super) fn no_value_for_stage(stage: &str) -> Error {
    Error::ResourceNotFound(format!(
        "Secrets Manager can't find the specified secret value for staging label: {stage}"
    ))
}

pub(super) fn no_value_for_version(version: &str) -> Error {
    Error::ResourceNotFound(format!(
        "Secrets Manager can't find the specified secret value for VersionId: {version}"
    ))
}

pub(super) fn invalid_name(invalid: InvalidName) -> Error {
    Error::Common(CommonError::Validation(invalid.to_string()))
}

pub(super) fn token_in_use(token: &str, arn: &str) -> Error {
    Error::ResourceExists(format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    ))
}

/// Refuses an operation on a secret that is marked for deletion.
pub(super) fn refuse_marked(secret: &Secret) -> Result<(), Error> {
    match secret.deletion {
        None => Ok(()),
        Some(_) => Err(Error::InvalidRequest(
            "You can't perform this operation on the secret because it was marked for deletion."
                .to_owned(),
        )),
    }
}

/// Refuses a change of a secret that is marked for deletion, or is a replica: those change with their primary.
pub(super) fn refuse_unwritable(secret: &Secret) -> Result<(), Error> {
    refuse_marked(secret)?;
    refuse_replica(secret)
}

/// Refuses what only the primary of a replicated secret can do.
pub(super) fn refuse_replica(secret: &Secret) -> Result<(), Error> {
    if secret.is_replica() {
        return Err(Error::InvalidParameter(
            "Operation not permitted on a replica secret. Call must be made in primary secret's region."
                .to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn invalid_next_token() -> Error {
    Error::InvalidNextToken("Invalid NextToken".to_owned())
}

/// The token of a request that makes a version. SDKs fill it in; whoever speaks plain HTTP must give it.
pub(super) fn required_token(token: Option<String>) -> Result<String, Error> {
    token.ok_or_else(|| {
        Error::InvalidRequest(
            "You must provide a ClientRequestToken value. We recommend a UUID-type value."
                .to_owned(),
        )
    })
}

/// Neither the request nor the secret says what is to rotate it.
pub(super) fn no_rotation_function() -> Error {
    Error::InvalidRequest(
        "No Lambda rotation function ARN is associated with this secret.".to_owned(),
    )
}

/// Refuses by name what a request asks for and this server cannot do yet.
pub(super) fn refuse_unsupported(member: &str, given: bool) -> Result<(), Error> {
    if given {
        Err(Error::InvalidRequest(format!(
            "{member} is not supported yet by sealift."
        )))
    } else {
        Ok(())
    }
}
