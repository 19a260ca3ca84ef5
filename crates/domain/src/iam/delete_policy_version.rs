//! `iam:DeletePolicyVersion`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_policy_version::{DeletePolicyVersion, Input, Output},
    },
};

use super::{locate, versions};
use crate::{Cx, Operation};

impl Operation for DeletePolicyVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy =
            locate::own_policy(cx, Self::ACTION, &input.policy_arn, |access| access).await?;
        let version = versions::find(cx, &policy, &input.version_id).await?;
        if version.version == policy.default_version {
            let text = "Cannot delete the default version of a policy.".to_owned();
            return Err(Error::DeleteConflict(text));
        }
        cx.db
            .delete_policy_version(&policy.id, version.version)
            .await?;
        Ok(Output {})
    }
}
