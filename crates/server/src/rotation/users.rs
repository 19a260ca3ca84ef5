//! Whom programs run as: a user of this host, by name or by numbers, and never root.

use std::fs;

use domain::secretsmanager::rotation::User;

/// Why a user cannot be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UserError {
    #[error("there is no user `{0}` on this host")]
    Unknown(String),
    #[error("a rotator never runs as root: name a user without its rights")]
    Root,
    #[error("this server runs as root: name a user without its rights with `user`")]
    Missing,
    #[error(
        "this server does not run as root and cannot run a program as `{0}`; say `same-user = true` instead"
    )]
    NotRoot(String),
    #[error(
        "this server does not run as root: say `same-user = true` to have the program run as the server's own user, \
             who can read its database and root key"
    )]
    NotSaid,
}

/// Whom a program runs as, from what its entry says and who the server is; `None` is the server's own user.
pub(super) fn resolve(
    user: Option<&str>,
    same_user: bool,
    server_uid: u32,
) -> Result<Option<User>, UserError> {
    match (user, server_uid) {
        (None, 0) => Err(UserError::Missing),
        (None, _) if same_user => Ok(None),
        (None, _) => Err(UserError::NotSaid),
        (Some(name), 0) => find(name).map(Some),
        (Some(name), _) => Err(UserError::NotRoot(name.to_owned())),
    }
}

fn find(name: &str) -> Result<User, UserError> {
    let unknown = || UserError::Unknown(name.to_owned());
    let user = match numbers(name) {
        Some(user) => user,
        None => named(
            &fs::read_to_string("/etc/passwd").map_err(|_| unknown())?,
            name,
        )
        .ok_or_else(unknown)?,
    };
    if user.uid == 0 || user.gid == 0 {
        return Err(UserError::Root);
    }
    Ok(user)
}

/// `UID:GID`
fn numbers(text: &str) -> Option<User> {
    let (uid, gid) = text.split_once(':')?;
    Some(User {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
    })
}

fn named(passwd: &str, name: &str) -> Option<User> {
    let line = passwd
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(User {
        uid: fields.next()?.parse().ok()?,
        gid: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_never_runs_as_root() {
        assert_eq!(resolve(Some("root"), false, 0), Err(UserError::Root));
        assert_eq!(resolve(Some("0:0"), false, 0), Err(UserError::Root));
        assert_eq!(resolve(Some("1000:0"), false, 0), Err(UserError::Root));
        assert_eq!(resolve(None, true, 0), Err(UserError::Missing));
        let user = User {
            uid: 1000,
            gid: 1001,
        };
        assert_eq!(resolve(Some("1000:1001"), false, 0), Ok(Some(user)));
    }

    #[test]
    fn without_root_only_ones_own_user_will_do_and_only_if_it_is_said() {
        assert_eq!(resolve(None, true, 1000), Ok(None));
        assert_eq!(resolve(None, false, 1000), Err(UserError::NotSaid));
        assert!(matches!(
            resolve(Some("nobody"), true, 1000),
            Err(UserError::NotRoot(_))
        ));
    }

    #[test]
    fn users_are_found_by_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(
            named(passwd, "nobody"),
            Some(User {
                uid: 65534,
                gid: 65533
            })
        );
        assert_eq!(named(passwd, "no"), None);
    }
}
