//! The services, and how each appears on the wire.

use std::fmt;

use crate::generated::{ecr, ecs, iam, kms, logs, s3, secretsmanager, ssm, sts};

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    SecretsManager,
    Ssm,
    Kms,
    Iam,
    Sts,
    Ecs,
    CloudWatchLogs,
    Ecr,
    S3,
}

/// How a service's operations are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.1: `X-Amz-Target: <target>.<Operation>`.
    Json { target: &'static str },
    /// Query: a form with `Action` and `Version`, answered in XML.
    Query {
        version: &'static str,
        namespace: &'static str,
    },
    /// S3's: the operation is in method, path and parameters, documents are XML.
    RestXml,
}

/// What the model says about a service as a whole.
pub(crate) struct Metadata {
    pub signing_name: &'static str,
    pub protocol: Protocol,
    pub implemented: &'static [&'static str],
    pub known: &'static [&'static str],
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 9] = [
        Self::SecretsManager,
        Self::Ssm,
        Self::Kms,
        Self::Iam,
        Self::Sts,
        Self::Ecs,
        Self::CloudWatchLogs,
        Self::Ecr,
        Self::S3,
    ];

    fn metadata(self) -> &'static Metadata {
        match self {
            Self::SecretsManager => &secretsmanager::METADATA,
            Self::Ssm => &ssm::METADATA,
            Self::Kms => &kms::METADATA,
            Self::Iam => &iam::METADATA,
            Self::Sts => &sts::METADATA,
            Self::Ecs => &ecs::METADATA,
            Self::CloudWatchLogs => &logs::METADATA,
            Self::Ecr => &ecr::METADATA,
            Self::S3 => &s3::METADATA,
        }
    }

    /// The name in credential scopes, ARNs and IAM actions.
    pub fn signing_name(self) -> &'static str {
        self.metadata().signing_name
    }

    /// How its operations are called.
    pub fn protocol(self) -> Protocol {
        self.metadata().protocol
    }

    /// Whether it speaks the Query protocol; the others speak JSON 1.1.
    pub fn is_query(self) -> bool {
        matches!(self.protocol(), Protocol::Query { .. })
    }

    /// The service of a credential scope.
    pub fn by_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.signing_name() == name)
    }

    /// The service of the part of `X-Amz-Target` before the full stop.
    pub fn by_target(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|s| matches!(s.protocol(), Protocol::Json { target } if target == prefix))
    }

    /// The service of a Query request's `Version`.
    pub fn by_version(wanted: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|s| matches!(s.protocol(), Protocol::Query { version, .. } if version == wanted))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signing_name())
    }
}

/// The operations of a service that sealift implements, in the order of their names.
pub fn implemented_operations(service: Service) -> &'static [&'static str] {
    service.metadata().implemented
}

/// Every operation of a service, implemented or not, in the order of their names.
pub fn known_operations(service: Service) -> &'static [&'static str] {
    service.metadata().known
}
