//! `iam:GetContextKeysForCustomPolicy`

use std::collections::BTreeMap;

use api::{
    Modeled as _,
    iam::{
        Error,
        get_context_keys_for_custom_policy::{GetContextKeysForCustomPolicy, Input, Output},
    },
};

use super::simulated::{self, Simulated};
use crate::{Access, Cx, Operation};

impl Operation for GetContextKeysForCustomPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let policies = simulated::given("PolicyInputList", input.policy_input_list)?;
        Ok(Output {
            context_key_names: Some(asked_for(&policies)),
        })
    }
}

/// Every condition key that the policies ask for, once.
pub(super) fn asked_for(policies: &[Simulated]) -> Vec<String> {
    let mut keys = BTreeMap::new();
    for key in policies
        .iter()
        .flat_map(|one| one.attached.policy.context_keys())
    {
        keys.entry(key.to_ascii_lowercase())
            .or_insert_with(|| key.to_owned());
    }
    keys.into_values().collect()
}
