//! `iam:GetContextKeysForPrincipalPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        get_context_keys_for_principal_policy::{GetContextKeysForPrincipalPolicy, Input, Output},
    },
};

use super::{get_context_keys_for_custom_policy::asked_for, simulated};
use crate::{Cx, Operation};

impl Operation for GetContextKeysForPrincipalPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let source = simulated::source(cx, Self::ACTION, &input.policy_source_arn).await?;
        let mut policies = simulated::attached_to(cx, &source).await?;
        let more = input.policy_input_list.unwrap_or_default();
        policies.extend(simulated::given("PolicyInputList", more)?);
        Ok(Output {
            context_key_names: Some(asked_for(&policies)),
        })
    }
}
