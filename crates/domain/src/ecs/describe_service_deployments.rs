//! `ecs:DescribeServiceDeployments`

use api::{
    Modeled,
    ecs::{
        Error,
        describe_service_deployments::{DescribeServiceDeployments, Input, Output},
    },
};

use super::{
    here, missing,
    services::{self, Attempt},
};
use crate::{Cx, Operation};

impl Operation for DescribeServiceDeployments {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arns = input.service_deployment_arns;
        services::check_number(arns.len(), "serviceDeploymentArns")?;
        let mut wanted = Vec::new();
        for arn in arns {
            let named = here(cx).1.of_service_deployment(&arn);
            let named = services::authorized(cx, Self::ACTION, &arn, named)?;
            wanted.push((arn, named));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for (arn, named) in wanted {
            let row = services::of(cx, &named).await?;
            let one = match &row {
                Some(row) => Attempt::find(&mut cx.db, row, &named.id).await?,
                None => None,
            };
            match one {
                Some(one) => found.push(one.describe()?),
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            service_deployments: Some(found),
            failures: Some(failures),
        })
    }
}
