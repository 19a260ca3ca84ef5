//! `iam:CreatePolicyVersion`

use api::{
    Modeled as _,
    iam::{
        Error, PolicyVersion,
        create_policy_version::{CreatePolicyVersion, Input, Output},
    },
};
use store::iam::PolicyVersionRow;

use super::{answer, document, locate, versions};
use crate::{Cx, Operation};

/// How many versions a managed policy can have.
pub(super) const QUOTA: usize = 5;

impl Operation for CreatePolicyVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy =
            locate::own_policy(cx, Self::ACTION, &input.policy_arn, |access| access).await?;
        document::check_managed(&input.policy_document)?;
        if cx.db.policy_versions(&policy.id).await?.len() >= QUOTA {
            let text = format!(
                "A managed policy can have up to {QUOTA} versions. Before you create a new version, you must delete an existing version."
            );
            return Err(Error::LimitExceeded(text));
        }
        let version = PolicyVersionRow {
            version: policy.last_version + 1,
            document: input.policy_document,
            created: cx.now(),
        };
        cx.db.insert_policy_version(&policy.id, &version).await?;
        let is_default = input.set_as_default == Some(true);
        if is_default {
            versions::set_default(cx, &policy, version.version).await?;
        }
        // AWS: the answer has no document.
        Ok(Output {
            policy_version: Some(PolicyVersion {
                is_default_version: Some(is_default),
                ..answer::version(&policy, &version)
            }),
        })
    }
}
