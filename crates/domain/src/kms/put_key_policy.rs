//! `kms:PutKeyPolicy`

use api::kms::{
    Error,
    put_key_policy::{Input, Output, PutKeyPolicy},
};

use super::{authorize::Use, key_policy, locate};
use crate::{Cx, Operation};

impl Operation for PutKeyPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.policy_name.as_deref().unwrap_or(key_policy::NAME);
        let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
        let intent = Use::of("kms:PutKeyPolicy")
            .with("kms:PolicyName", name)
            .with("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string());
        let located = locate::locate_own(cx, &input.key_id).await?;
        let mut key = located.authorize(cx, intent).await?;
        key_policy::check_name(name)?;

        key.row.policy = key_policy::accept(cx, &key.row.address, &input.policy, bypass).await?;
        cx.db.save_kms_key(&key.row).await?;
        Ok(Output {})
    }
}
