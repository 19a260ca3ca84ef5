//! Temporary credentials: as answers show them, and the ones that long-term credentials can ask for.

use api::{
    CommonError,
    sts::{Credentials, Error},
};
use policy::Principal;
use types::Fault;

use crate::{
    Cx,
    identity::{SessionCredentials, session::Holder},
};

/// How long credentials of the root user last at most, whatever is asked for.
const ROOT_LIMIT: i64 = 3600;
/// How long others last when nobody says.
const DEFAULT_DURATION: i64 = 43_200;

/// Who asks for temporary credentials with long-term ones.
pub(super) enum Asker {
    Root,
    /// By unique id.
    User(String),
}

impl Asker {
    /// Refuses whoever has temporary credentials already.
    pub(super) fn of(cx: &Cx, operation: &str) -> Result<Self, Error> {
        if cx.caller.session.is_some() {
            let text = format!("Cannot call {operation} with session credentials");
            return Err(CommonError::AccessDenied(text).into());
        }
        match &cx.caller.principal {
            Principal::Root { .. } => Ok(Self::Root),
            Principal::User { id, .. } => Ok(Self::User(id.clone())),
            other => {
                let text = format!("{} has no long-term credentials", other.arn());
                Err(CommonError::from(Fault::new(text)).into())
            }
        }
    }

    /// How long the credentials last, in seconds.
    pub(super) fn duration(&self, wanted: Option<i32>) -> i64 {
        let wanted = wanted.map_or(DEFAULT_DURATION, i64::from);
        match self {
            // AWS: a longer wish is shortened, not refused.
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
            Self::Root => wanted.min(ROOT_LIMIT),
            Self::User(_) => wanted,
        }
    }

    /// Whose session it is if the asker is to have it.
    pub(super) fn holder(self, cx: &Cx) -> Holder {
        match self {
            Self::Root => Holder::Root {
                account: cx.account().clone(),
            },
            Self::User(id) => Holder::User { id },
        }
    }

    /// The unique id of a user.
    pub(super) fn user_id(self) -> Option<String> {
        match self {
            Self::Root => None,
            Self::User(id) => Some(id),
        }
    }
}

/// Credentials as answers show them.
pub(super) fn show(made: SessionCredentials) -> Credentials {
    Credentials {
        access_key_id: Some(made.access_key_id),
        secret_access_key: Some(made.secret_access_key),
        session_token: Some(made.session_token),
        expiration: Some(made.expiration),
    }
}

/// Refuses one-time passwords: nobody can have a device that makes them here.
pub(super) fn refuse_mfa(serial: Option<&str>, code: Option<&str>) -> Result<(), Error> {
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    let text = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
    Err(CommonError::AccessDenied(text.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_the_root_user_last_an_hour_at_most() {
        assert_eq!(Asker::Root.duration(None), 3600);
        assert_eq!(Asker::Root.duration(Some(129_600)), 3600);
        assert_eq!(Asker::Root.duration(Some(900)), 900);
        let user = Asker::User("AIDA1".to_owned());
        assert_eq!(user.duration(None), 43_200);
        assert_eq!(user.duration(Some(129_600)), 129_600);
    }
}
