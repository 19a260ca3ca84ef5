//! `iam:UpdateAssumeRolePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        update_assume_role_policy::{Input, Output, UpdateAssumeRolePolicy},
    },
};

use super::{locate, trust};
use crate::{Cx, Operation, identity};

impl Operation for UpdateAssumeRolePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        let kept = trust::accept(cx, &input.policy_document).await?;
        cx.db.update_trust_policy(&role.id, &kept).await?;
        identity::note_change(cx).await?;
        Ok(Output {})
    }
}
