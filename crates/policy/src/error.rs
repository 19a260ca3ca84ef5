//! What is wrong with a policy document.

use std::fmt;

/// A policy document that breaks IAM's grammar: AWS's `MalformedPolicyDocument` text, and where the offending element is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PolicyError {
    problem: Problem,
    path: String,
}

impl PolicyError {
    pub(crate) fn new(problem: Problem, path: &Path<'_>) -> Self {
        Self {
            problem,
            path: path.to_string(),
        }
    }

    /// The offending element, such as `Statement[1].Condition.StringLike`; empty for the document as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// AWS's messages, word for word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("This policy contains invalid Json")]
    InvalidJson,
    #[error("Syntax errors in policy.")]
    Syntax,
    #[error("Policy statement must contain actions.")]
    NoActions,
    #[error("Policy statement must contain resources.")]
    NoResources,
    #[error("Policy document should not specify a principal.")]
    PrincipalInIdentityPolicy,
    #[error("Missing required field Principal cannot be empty!")]
    NoPrincipal,
    #[error("Has prohibited field Resource")]
    ResourceInTrustPolicy,
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    ForeignActionInTrustPolicy,
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid,
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    SidCharacters,
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    #[error("Actions/Condition can contain only one colon.")]
    SecondColon,
    #[error("Vendor {0} is not valid")]
    InvalidVendor(String),
    #[error("Resource {0} must be in ARN format or \"*\".")]
    InvalidResource(String),
    #[error("Invalid principal in policy: \"{kind}\":\"{value}\"")]
    InvalidPrincipal { kind: &'static str, value: String },
}

/// The way from the document's root to the element in hand.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(crate) fn problem(&self, problem: Problem) -> PolicyError {
        PolicyError::new(problem, self)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
