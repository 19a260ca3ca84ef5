//! `kms:GetKeyPolicy`

use api::kms::{
    Error,
    get_key_policy::{GetKeyPolicy, Input, Output},
};

use super::{authorize::Use, key_policy, locate, principals};
use crate::{Cx, Operation};

impl Operation for GetKeyPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.policy_name.as_deref().unwrap_or(key_policy::NAME);
        let intent = Use::of("kms:GetKeyPolicy").with("kms:PolicyName", name);
        let located = locate::locate_own(cx, &input.key_id).await?;
        let key = located.authorize(cx, intent).await?;
        key_policy::check_name(name)?;
        Ok(Output {
            policy: Some(principals::unbind(cx, &key.row.policy).await?),
            policy_name: Some(name.to_owned()),
        })
    }
}
