//! Who makes a request.

use types::AccountId;

/// An authenticated caller, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user.
    Root {
        partition: String,
        account: AccountId,
    },
    User {
        partition: String,
        account: AccountId,
        /// `/`, or `/…/`.
        path: String,
        name: String,
        /// `AIDA…`
        id: String,
    },
    /// A session of a role.
    RoleSession {
        partition: String,
        account: AccountId,
        /// `/`, or `/…/`.
        role_path: String,
        role_name: String,
        /// `AROA…`
        role_id: String,
        session_name: String,
    },
    /// A session that a user or the root user made with `GetFederationToken`.
    FederatedUser {
        partition: String,
        account: AccountId,
        name: String,
    },
    /// An AWS service acting for itself, such as `ecs-tasks.amazonaws.com`.
    Service(String),
}

impl Principal {
    /// The caller's ARN, as `GetCallerIdentity` answers and denials print it. Of a role session it is the session's, which
    /// does not show the role's path. A service has no ARN; its name stands in.
    pub fn arn(&self) -> String {
        match self {
            Self::Root { partition, account } => format!("arn:{partition}:iam::{account}:root"),
            Self::User {
                partition,
                account,
                path,
                name,
                ..
            } => format!("arn:{partition}:iam::{account}:user{path}{name}"),
            Self::RoleSession {
                partition,
                account,
                role_name,
                session_name,
                ..
            } => format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}"),
            Self::FederatedUser {
                partition,
                account,
                name,
            } => format!("arn:{partition}:sts::{account}:federated-user/{name}"),
            Self::Service(name) => name.clone(),
        }
    }

    /// `aws:PrincipalArn`: for a role session the ARN of the role, with its path.
    pub fn principal_arn(&self) -> String {
        match self {
            Self::RoleSession {
                partition,
                account,
                role_path,
                role_name,
                ..
            } => format!("arn:{partition}:iam::{account}:role{role_path}{role_name}"),
            other => other.arn(),
        }
    }

    /// `aws:userid`: the unique id, with the session name for a role session; the account id for its root user.
    pub fn user_id(&self) -> String {
        match self {
            Self::Root { account, .. } => account.to_string(),
            Self::User { id, .. } => id.clone(),
            Self::RoleSession {
                role_id,
                session_name,
                ..
            } => format!("{role_id}:{session_name}"),
            Self::FederatedUser { account, name, .. } => format!("{account}:{name}"),
            Self::Service(name) => name.clone(),
        }
    }

    /// The caller's account; a service has none.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Root { account, .. }
            | Self::User { account, .. }
            | Self::RoleSession { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Service(_) => None,
        }
    }

    /// The partition of the caller's ARNs; a service has none.
    pub fn partition(&self) -> Option<&str> {
        match self {
            Self::Root { partition, .. }
            | Self::User { partition, .. }
            | Self::RoleSession { partition, .. }
            | Self::FederatedUser { partition, .. } => Some(partition),
            Self::Service(_) => None,
        }
    }

    /// `aws:PrincipalType`.
    pub fn principal_type(&self) -> &'static str {
        match self {
            Self::Root { .. } => "Account",
            Self::User { .. } => "User",
            Self::RoleSession { .. } => "AssumedRole",
            Self::FederatedUser { .. } => "FederatedUser",
            Self::Service(_) => "AWSService",
        }
    }

    /// Whether this is an account's root user.
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_federated_user_is_of_its_account() {
        let bob = Principal::FederatedUser {
            partition: "aws".to_owned(),
            account: "111122223333".parse().unwrap(),
            name: "bob".to_owned(),
        };
        assert_eq!(bob.arn(), "arn:aws:sts::111122223333:federated-user/bob");
        assert_eq!(bob.principal_arn(), bob.arn());
        assert_eq!(bob.user_id(), "111122223333:bob");
        assert_eq!(bob.principal_type(), "FederatedUser");
    }

    #[test]
    fn a_role_session_hides_the_path_in_its_arn_but_not_in_the_principal_arn() {
        let session = Principal::RoleSession {
            partition: "aws".to_owned(),
            account: "111122223333".parse().unwrap(),
            role_path: "/team/".to_owned(),
            role_name: "reader".to_owned(),
            role_id: "AROAEXAMPLE".to_owned(),
            session_name: "s1".to_owned(),
        };
        assert_eq!(
            session.arn(),
            "arn:aws:sts::111122223333:assumed-role/reader/s1"
        );
        assert_eq!(
            session.principal_arn(),
            "arn:aws:iam::111122223333:role/team/reader"
        );
        assert_eq!(session.user_id(), "AROAEXAMPLE:s1");
    }
}
