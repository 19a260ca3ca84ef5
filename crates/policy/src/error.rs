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

    /// Whether it is the document's shape that is wrong: AWS looks at that before anything else.
    pub fn is_about_shape(&self) -> bool {
        self.problem.rank() == 0
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
    #[error("The policy failed legacy parsing")]
    Legacy,
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
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    InvalidPartition { partition: String, resource: String },
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    NoResourceVendor,
    #[error("Invalid principal in policy: \"{kind}\":\"{value}\"")]
    InvalidPrincipal { kind: &'static str, value: String },
}

impl Problem {
    /// Where its check comes among AWS's, which goes through the whole document with one check after the other. The
    /// version of a managed policy is looked at after the shape.
    fn rank(&self) -> u8 {
        match self {
            Self::InvalidJson
            | Self::Syntax
            | Self::PrincipalInIdentityPolicy
            | Self::NoPrincipal
            | Self::InvalidPrincipal { .. } => 0,
            Self::Legacy => 1,
            Self::DuplicateSid | Self::SidCharacters => 2,
            Self::NoActions | Self::ForeignActionInTrustPolicy => 3,
            Self::NoResources | Self::ResourceInTrustPolicy => 4,
            Self::InvalidResource(_) | Self::InvalidPartition { .. } | Self::NoResourceVendor => 5,
            Self::NoVendor | Self::SecondColon | Self::InvalidVendor(_) => 6,
        }
    }
}

/// What was found wrong with a document so far: the first problem that AWS would have come upon.
#[derive(Default)]
pub(crate) struct Findings(Option<PolicyError>);

impl Findings {
    /// Takes note of a problem, if there is one.
    pub(crate) fn keep<T>(&mut self, result: Result<T, PolicyError>) -> Option<T> {
        match result {
            Ok(good) => Some(good),
            Err(error) => {
                let known = self.0.as_ref().map(|known| known.problem.rank());
                if known.is_none_or(|known| error.problem.rank() < known) {
                    self.0 = Some(error);
                }
                None
            }
        }
    }

    /// What was read, unless something was wrong.
    pub(crate) fn end<T>(self, read: T) -> Result<T, PolicyError> {
        match self.0 {
            Some(error) => Err(error),
            None => Ok(read),
        }
    }
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
