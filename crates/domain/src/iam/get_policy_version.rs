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
};
use crate::{Cx, Operation, identity::aws_managed};

impl Operation for GetPolicyVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy = locate::policy(cx, Self::ACTION, &input.policy_arn).await?;
        let number = input.version_id.strip_prefix('v');
        let number: Option<i64> = number.and_then(|number| number.parse().ok());
        let version = match (policy, number) {
            (Managed::Customer(row), Some(number)) => {
                let version = cx.db.policy_version(&row.id, number).await?;
                version.map(|version| PolicyVersion {
                    document: Some(document::encode(&version.document)),
                    version_id: Some(answer::version_id(version.version)),
                    is_default_version: Some(version.version == row.default_version),
                    create_date: Some(version.created),
                })
            }
            (Managed::Aws(policy), Some(1)) => Some(PolicyVersion {
                document: Some(document::encode(&policy.document)),
                version_id: Some(answer::version_id(1)),
                is_default_version: Some(true),
                create_date: Some(aws_managed::CREATED),
            }),
            _ => None,
        };
        let Some(version) = version else {
            return Err(Error::NoSuchEntity(format!(
                "Policy {} version {} does not exist or is not attachable.",
                input.policy_arn, input.version_id
            )));
        };
        Ok(Output {
            policy_version: Some(version),
        })
    }
}
