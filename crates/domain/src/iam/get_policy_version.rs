//! `iam:GetPolicyVersion`

use api::{
    Modeled as _,
    iam::{
        Error, PolicyVersion,
        get_policy_version::{GetPolicyVersion, Input, Output},
    },
};

use super::{
    answer, document,
    locate::{self, Managed},
    versions,
};
use crate::{Cx, Operation};

impl Operation for GetPolicyVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arn = &input.policy_arn;
        let missing = || versions::missing_text(arn, &input.version_id);
        let found = locate::policy(cx, Self::ACTION, arn).await;
        let found = found.map_err(|error| locate::missing_as(error, missing))?;
        let version = match found {
            Managed::Customer(row) => {
                let version = versions::find(cx, &row, &input.version_id).await?;
                PolicyVersion {
                    document: Some(document::encode(&version.document)),
                    ..answer::version(&row, &version)
                }
            }
            // Of AWS's policies only the version in force is here.
            Managed::Aws(policy) if versions::number(&input.version_id) == Some(policy.version) => {
                PolicyVersion {
                    document: Some(document::encode(&policy.document)),
                    ..answer::aws_version(policy)
                }
            }
            Managed::Aws(_) => return Err(versions::missing(arn, &input.version_id)),
        };
        Ok(Output {
            policy_version: Some(version),
        })
    }
}
