//! Principals as policies name them, and how a caller relates to each.

use types::{AccountId, Arn};

use crate::{
    error::{Path, PolicyError, Problem},
    json::Json,
    principal::Principal,
};

/// `Principal` or `NotPrincipal` of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principals {
    /// The element is absent, as in every identity policy.
    Unnamed,
    These(Vec<Named>),
    AllBut(Vec<Named>),
}

/// One principal a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `*`: anyone, also from other accounts.
    Anyone,
    /// A whole account: its id, or the ARN of its root. Leaves it to that account whom of its own it allows.
    Account(AccountId),
    /// The ARN of a user, a role, a role session, or a federated user.
    Arn(String),
    /// The unique id of a user (`AIDA…`) or role (`AROA…`).
    Id(String),
    Service(String),
    /// A web identity or a canonical user: nobody who can call here.
    Elsewhere,
}

/// How directly a policy names a caller. The order matters: the most direct one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// Only the caller's account is named.
    Account,
    /// The role is named whose session the caller is.
    Role,
    /// The caller itself is named, or everyone is.
    Direct,
}

impl Named {
    fn naming(&self, caller: &Principal) -> Option<Naming> {
        match self {
            Self::Anyone => Some(Naming::Direct),
            Self::Account(account) => {
                (caller.account() == Some(account)).then_some(Naming::Account)
            }
            Self::Arn(arn) if *arn == caller.arn() => Some(Naming::Direct),
            Self::Arn(arn) => (matches!(caller, Principal::RoleSession { .. })
                && *arn == caller.principal_arn())
            .then_some(Naming::Role),
            Self::Id(unique) => match caller {
                Principal::User { id, .. } => (id == unique).then_some(Naming::Direct),
                Principal::RoleSession { role_id, .. } => {
                    (role_id == unique).then_some(Naming::Role)
                }
                Principal::Root { .. }
                | Principal::FederatedUser { .. }
                | Principal::Service(_) => None,
            },
            Self::Service(name) => matches!(caller, Principal::Service(service) if service == name)
                .then_some(Naming::Direct),
            Self::Elsewhere => None,
        }
    }
}

impl Principals {
    /// How an `Allow` or `Deny` with these principals reaches the caller; `None` where it does not.
    pub(crate) fn naming(&self, caller: &Principal) -> Option<Naming> {
        match self {
            Self::Unnamed => Some(Naming::Direct),
            Self::These(named) => named.iter().filter_map(|one| one.naming(caller)).max(),
            Self::AllBut(exempt) => (!exempts(exempt, caller)).then_some(Naming::Direct),
        }
    }
}

/// Whether a `NotPrincipal` list exempts the caller.
///
/// AWS: a role session is exempt only where its account, its role and the session itself are all listed, a user where
/// its account and the user are.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn exempts(exempt: &[Named], caller: &Principal) -> bool {
    let listed = |naming| exempt.iter().any(|one| one.naming(caller) == Some(naming));
    if exempt.contains(&Named::Anyone) {
        return true;
    }
    match caller {
        Principal::Root { .. } => listed(Naming::Account),
        Principal::User { .. } | Principal::FederatedUser { .. } => {
            listed(Naming::Account) && listed(Naming::Direct)
        }
        Principal::RoleSession { .. } => {
            listed(Naming::Account) && listed(Naming::Role) && listed(Naming::Direct)
        }
        Principal::Service(_) => listed(Naming::Direct),
    }
}

/// Reads the value of `Principal` or `NotPrincipal`.
pub(crate) fn parse(value: &Json, path: &Path<'_>) -> Result<Vec<Named>, PolicyError> {
    let members = match value {
        Json::Text(text) if text == "*" => return Ok(vec![Named::Anyone]),
        Json::Object(members) if !members.is_empty() => members,
        _ => return Err(path.problem(Problem::Syntax)),
    };
    let mut named = Vec::new();
    for (kind, values) in members {
        let path = Path::Member(path, kind);
        if values.items().is_empty() {
            return Err(path.problem(Problem::NoPrincipal));
        }
        for value in values.items() {
            let value = value
                .as_text()
                .ok_or_else(|| path.problem(Problem::Syntax))?;
            named.push(one(kind, value).map_err(|problem| path.problem(problem))?);
        }
    }
    Ok(named)
}

fn one(kind: &str, value: &str) -> Result<Named, Problem> {
    let invalid = |kind| {
        Err(Problem::InvalidPrincipal {
            kind,
            value: value.to_owned(),
        })
    };
    match kind {
        "AWS" => aws(value).map_or_else(|| invalid("AWS"), Ok),
        "Service" if value.is_empty() || value.contains(['*', '?']) => invalid("SERVICE"),
        "Service" => Ok(Named::Service(value.to_owned())),
        "Federated" | "CanonicalUser" if !value.is_empty() => Ok(Named::Elsewhere),
        _ => Err(Problem::Syntax),
    }
}

fn aws(value: &str) -> Option<Named> {
    if value == "*" {
        return Some(Named::Anyone);
    }
    if let Ok(account) = value.parse() {
        return Some(Named::Account(account));
    }
    let is_id = value.len() >= 16
        && value
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id && (value.starts_with("AIDA") || value.starts_with("AROA")) {
        return Some(Named::Id(value.to_owned()));
    }
    let arn: Arn = value.parse().ok()?;
    let account: AccountId = arn.account.parse().ok()?;
    // AWS: no wildcard inside a principal's ARN.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    if !arn.region.is_empty() || arn.resource.contains(['*', '?']) {
        return None;
    }
    match (arn.service.as_str(), arn.resource.split_once('/')) {
        ("iam", None) if arn.resource == "root" => Some(Named::Account(account)),
        ("iam", Some(("user" | "role", name)))
        | ("sts", Some(("assumed-role" | "federated-user", name)))
            if !name.is_empty() =>
        {
            Some(Named::Arn(value.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Principal {
        Principal::RoleSession {
            partition: "aws".to_owned(),
            account: "111122223333".parse().unwrap(),
            role_path: "/team/".to_owned(),
            role_name: "reader".to_owned(),
            role_id: "AROAAAAAAAAAAAAAAAAAA".to_owned(),
            session_name: "s1".to_owned(),
        }
    }

    fn naming(value: &str) -> Option<Naming> {
        let named = one("AWS", value).unwrap();
        Principals::These(vec![named]).naming(&session())
    }

    #[test]
    fn a_session_is_named_by_account_role_or_itself() {
        assert_eq!(naming("111122223333"), Some(Naming::Account));
        assert_eq!(
            naming("arn:aws:iam::111122223333:root"),
            Some(Naming::Account)
        );
        assert_eq!(
            naming("arn:aws:iam::111122223333:role/team/reader"),
            Some(Naming::Role)
        );
        assert_eq!(naming("AROAAAAAAAAAAAAAAAAAA"), Some(Naming::Role));
        assert_eq!(
            naming("arn:aws:sts::111122223333:assumed-role/reader/s1"),
            Some(Naming::Direct)
        );
        assert_eq!(naming("*"), Some(Naming::Direct));
        assert_eq!(naming("arn:aws:iam::111122223333:role/reader"), None);
        assert_eq!(naming("444455556666"), None);
    }

    #[test]
    fn an_exemption_must_list_account_role_and_session() {
        let list = |values: &[&str]| {
            Principals::AllBut(values.iter().map(|v| one("AWS", v).unwrap()).collect())
        };
        let account = "111122223333";
        let role = "arn:aws:iam::111122223333:role/team/reader";
        let exact = "arn:aws:sts::111122223333:assumed-role/reader/s1";
        assert!(list(&[account, role]).naming(&session()).is_some());
        assert!(list(&[role, exact]).naming(&session()).is_some());
        assert!(list(&[account, role, exact]).naming(&session()).is_none());
    }

    #[test]
    fn wildcards_inside_a_principal_are_refused() {
        for bad in [
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::*:root",
            "reader",
            "",
            "arn:aws:s3:::bucket",
        ] {
            assert!(one("AWS", bad).is_err(), "{bad}");
        }
    }
}
