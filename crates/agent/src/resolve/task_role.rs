//! Whose credentials a task's values are read with.

use std::sync::Arc;

use ecs::acs::Credentials;
use tokio::sync::OnceCell;

use super::{AwsAccount, ResolveError};

/// The role of one task, for everything that is read for it.
#[derive(Clone)]
pub(crate) enum TaskRole {
    /// A session that the control plane sent.
    Sent(Credentials),
    /// A role in the operator's AWS account, assumed when it is first needed.
    InAws(Arc<RoleInAws>),
}

pub(crate) struct RoleInAws {
    account: Arc<AwsAccount>,
    role_arn: String,
    task_arn: String,
    assumed: OnceCell<Result<Credentials, ResolveError>>,
}

impl TaskRole {
    pub fn new(sent: Credentials, task_arn: &str, aws: Option<&Arc<AwsAccount>>) -> Self {
        match aws {
            None => Self::Sent(sent),
            Some(account) => Self::InAws(Arc::new(RoleInAws {
                account: account.clone(),
                role_arn: sent.role_arn,
                task_arn: task_arn.to_owned(),
                assumed: OnceCell::new(),
            })),
        }
    }

    /// The credentials to read with. A role is assumed once, whatever comes of it: where that failed, the task stops.
    pub async fn credentials(&self) -> Result<Credentials, ResolveError> {
        match self {
            Self::Sent(credentials) => Ok(credentials.clone()),
            Self::InAws(role) => {
                let assume = || role.account.assume(&role.role_arn, &role.task_arn);
                role.assumed.get_or_init(assume).await.clone()
            }
        }
    }
}
