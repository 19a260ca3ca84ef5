//! `ecs:DeregisterTaskDefinition`

use api::{
    Modeled,
    ecs::{
        Error,
        deregister_task_definition::{DeregisterTaskDefinition, Input, Output},
    },
};

use super::{cluster, definition, here};
use crate::{Access, Cx, Operation};

impl Operation for DeregisterTaskDefinition {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let (home, place) = here(cx);
        let named = place.family_and_revision(&input.task_definition);
        if matches!(named, Ok((_, None))) {
            return Err(Error::Client("Revision is missing.".to_owned()));
        }
        let mut row = definition::find(cx, &input.task_definition)
            .await?
            .ok_or_else(|| Error::Client("Unable to describe task definition.".to_owned()))?;
        if row.status != cluster::INACTIVE {
            let now = cx.now();
            cx.db
                .deregister_task_definition(&home, &row.family, row.revision, now)
                .await?;
            cluster::INACTIVE.clone_into(&mut row.status);
            row.deregistered_at = Some(now);
        }
        Ok(Output {
            task_definition: Some(definition::describe_row(&row, &place)?),
        })
    }
}
