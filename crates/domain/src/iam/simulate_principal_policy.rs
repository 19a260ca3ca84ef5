//! `iam:SimulatePrincipalPolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        simulate_principal_policy::{Input, Output, SimulatePrincipalPolicy},
    },
};
use store::iam::EntityKind;

use super::{
    answer, simulated,
    simulation::{self, Policies, Question},
};
use crate::{Cx, Operation};

impl Operation for SimulatePrincipalPolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let source = simulated::source(cx, Self::ACTION, &input.policy_source_arn).await?;
        if source.kind == EntityKind::Role && input.resource_policy.is_some() {
            // AWS: resource policies are not simulated for roles.
            let text = "Resource policy simulation is not supported for roles.";
            return Err(Error::InvalidInput(text.to_owned()));
        }
        let mut identity = simulated::attached_to(cx, &source).await?;
        let more = input.policy_input_list.unwrap_or_default();
        identity.extend(simulated::given("PolicyInputList", more)?);
        // AWS: a boundary in the request takes the place of the one that is set.
        let boundary =
            match simulation::only_boundary(input.permissions_boundary_policy_input_list)? {
                Some(given) => Some(given),
                None => simulated::boundary_of(cx, &source).await?,
            };
        let itself =
            (source.kind == EntityKind::User).then(|| answer::arn(&source, cx.partition()));
        let question = Question {
            actions: input.action_names,
            resources: input.resource_arns,
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller: input.caller_arn.or(itself),
            context: input.context_entries,
            max_items: input.max_items,
            marker: input.marker,
        };
        let paged = simulation::answer(cx, &question, &Policies { identity, boundary })?;
        Ok(Output {
            evaluation_results: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
