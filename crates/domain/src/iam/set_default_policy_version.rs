//! `iam:SetDefaultPolicyVersion`

use api::{
    Modeled as _,
    iam::{
        Error,
        set_default_policy_version::{Input, Output, SetDefaultPolicyVersion},
    },
};

use super::{locate, versions};
use crate::{Cx, Operation};

impl Operation for SetDefaultPolicyVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arn = &input.policy_arn;
        let policy = locate::own_policy(cx, Self::ACTION, arn, |access| access).await;
        let missing = || versions::missing_text(arn, &input.version_id);
        let policy = policy.map_err(|error| locate::missing_as(error, missing))?;
        let version = versions::find(cx, &policy, &input.version_id).await?;
        versions::set_default(cx, &policy, version.version).await?;
        Ok(Output {})
    }
}
