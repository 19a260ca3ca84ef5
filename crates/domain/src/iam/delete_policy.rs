//! `iam:DeletePolicy`

use api::{
    CommonError, Modeled as _,
    iam::{
        Error,
        delete_policy::{DeletePolicy, Input, Output},
    },
};

use super::{
    locate::{self, Managed},
    usage,
};
use crate::{Cx, Operation, identity};

impl Operation for DeletePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let policy = locate::policy(cx, Self::ACTION, &input.policy_arn).await?;
        let Managed::Customer(policy) = policy else {
            // AWS: its own policies are no account's, so nobody's policies let anyone change them.
            let text = "Policy is outside your own account.".to_owned();
            return Err(CommonError::AccessDenied(text).into());
        };
        let usage = usage::count(cx, &policy.arn).await?;
        if usage.attachments > 0 || usage.boundaries > 0 {
            let text = "Cannot delete a policy attached to entities.".to_owned();
            return Err(Error::DeleteConflict(text));
        }
        cx.db.delete_managed_policy(&policy.id).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
