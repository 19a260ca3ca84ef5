//! `iam:SimulateCustomPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        simulate_custom_policy::{Input, Output, SimulateCustomPolicy},
    },
};

use super::{
    simulated,
    simulation::{self, Policies, Question},
};
use crate::{Access, Cx, Operation};

impl Operation for SimulateCustomPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let policies = Policies {
            identity: simulated::given("PolicyInputList", input.policy_input_list)?,
            boundary: simulation::only_boundary(input.permissions_boundary_policy_input_list)?,
        };
        let question = Question {
            actions: input.action_names,
            resources: input.resource_arns,
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller: input.caller_arn,
            context: input.context_entries,
            max_items: input.max_items,
            marker: input.marker,
        };
        let paged = simulation::answer(cx, &question, &policies)?;
        Ok(Output {
            evaluation_results: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
