//! Yes or no, and why.

use std::fmt;

/// What [`evaluate`](crate::evaluate()) decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allowed { by: Grounds },
    Denied(Denial),
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// What allows a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grounds {
    /// The caller is the account's root user.
    AccountRoot,
    Statement(Matched),
    /// A KMS grant, by its id.
    Grant(String),
}

/// A statement that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    pub source: Source,
    /// The policy's name or ARN.
    pub policy: String,
    /// Its position in the document, from zero.
    pub statement: usize,
    pub sid: Option<String>,
}

/// Where a policy stands in the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Identity,
    Boundary,
    Session,
    Resource,
    Trust,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub kind: Kind,
    pub by: Source,
    /// The denying statement; a missing `Allow` has none.
    pub matched: Option<Matched>,
}

/// How a request came to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `Deny` statement matched.
    Explicit,
    /// Nothing allowed it.
    Implicit,
}

impl Denial {
    /// The reason at the end of AWS's denial text: `because no identity-based policy allows the kms:Decrypt action`.
    pub fn clause(&self, action: &str) -> String {
        let source = self.by;
        let article = match source {
            Source::Identity => "an",
            Source::Trust => "the",
            Source::Boundary | Source::Session | Source::Resource => "a",
        };
        match self.kind {
            Kind::Explicit => format!("with an explicit deny in {article} {source}"),
            Kind::Implicit => format!("because no {source} allows the {action} action"),
        }
    }
}

impl Denial {
    /// The ARN of the managed policy that denies: AWS names it since January 2026 where caller and policy are of one account.
    pub fn policy_arn(&self) -> Option<&str> {
        let matched = self.matched.as_ref()?;
        let policy = matched.policy.as_str();
        let managed = policy.starts_with("arn:") && matched.source != Source::Resource;
        managed.then_some(policy)
    }
}

impl fmt::Display for Decision {
    /// What decided, for the audit record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed { by } => by.fmt(f),
            Self::Denied(Denial {
                matched: Some(matched),
                ..
            }) => matched.fmt(f),
            Self::Denied(denial) => write!(f, "no {} allows it", denial.by),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
        })
    }
}

impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} statement {}",
            self.source, self.policy, self.statement
        )?;
        match &self.sid {
            Some(sid) => write!(f, " ({sid})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountRoot => f.write_str("account root"),
            Self::Statement(matched) => matched.fmt(f),
            Self::Grant(id) => write!(f, "grant {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_worded_as_aws_words_them() {
        let clause = |kind, by| {
            Denial {
                kind,
                by,
                matched: None,
            }
            .clause("sts:AssumeRole")
        };
        assert_eq!(
            [
                clause(Kind::Implicit, Source::Identity),
                clause(Kind::Explicit, Source::Identity),
                clause(Kind::Explicit, Source::Resource),
                clause(Kind::Explicit, Source::Boundary),
                clause(Kind::Implicit, Source::Session),
                clause(Kind::Explicit, Source::Trust),
                clause(Kind::Implicit, Source::Trust),
            ],
            [
                "because no identity-based policy allows the sts:AssumeRole action",
                "with an explicit deny in an identity-based policy",
                "with an explicit deny in a resource-based policy",
                "with an explicit deny in a permissions boundary",
                "because no session policy allows the sts:AssumeRole action",
                "with an explicit deny in the role trust policy",
                "because no role trust policy allows the sts:AssumeRole action",
            ]
        );
    }
}
