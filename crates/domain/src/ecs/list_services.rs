//! `ecs:ListServices`

use api::{
    Modeled,
    ecs::{
        Error, LaunchType, SchedulingStrategy,
        list_services::{Input, ListServices, Output},
    },
};
use store::ecs::ServiceFilter;

use super::{cluster, here, page};
use crate::{Access, Cx, Operation};

/// AWS: ten, where the caller does not say.
const USUAL: i32 = 10;

impl Operation for ListServices {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        cx.authorize(Access::new(Self::ACTION, "*").with("ecs:cluster", &found.arn))?;
        let cluster = found.active()?;
        let (home, place) = here(cx);
        let filter = ServiceFilter {
            launch_type: input.launch_type.map(LaunchType::as_str),
            scheduling_strategy: input.scheduling_strategy.map(SchedulingStrategy::as_str),
        };
        let size = page::size(Some(input.max_results.unwrap_or(USUAL)))?;
        let after = page::after(input.next_token.as_deref())?;
        let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let mut rows = cx
            .db
            .list_services(&home, &cluster.name, filter, &after, limit)
            .await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more);
        Ok(Output {
            next_token: last.map(|row| page::token(&row.key.name)),
            service_arns: Some(
                rows.iter()
                    .map(|row| place.service(&cluster.name, &row.key.name).to_string())
                    .collect(),
            ),
        })
    }
}
