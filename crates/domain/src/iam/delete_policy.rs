//! `iam:DeletePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_policy::{DeletePolicy, Input, Output},
    },
};

use super::{locate, usage};
use crate::{Cx, Operation, identity};

impl Operation for DeletePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy =
            locate::own_policy(cx, Self::ACTION, &input.policy_arn, |access| access).await?;
        let usage = usage::count(cx, &policy.arn).await?;
        if usage.attachments > 0 || usage.boundaries > 0 {
            let text = "Cannot delete a policy attached to entities.".to_owned();
            return Err(Error::DeleteConflict(text));
        }
        if cx.db.policy_versions(&policy.id).await?.len() > 1 {
            let text = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.";
            return Err(Error::DeleteConflict(text.to_owned()));
        }
        cx.db.delete_managed_policy(&policy.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
