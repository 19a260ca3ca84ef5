//! `ecs:DescribeTaskDefinition`

use api::{
    Modeled,
    ecs::{
        Error, TaskDefinitionField,
        describe_task_definition::{DescribeTaskDefinition, Input, Output},
    },
};

use super::{definition, here, tags};
use crate::{Access, Cx, Operation};

impl Operation for DescribeTaskDefinition {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let row = definition::find(cx, &input.task_definition)
            .await?
            .ok_or_else(|| Error::Client("Unable to describe task definition.".to_owned()))?;
        let include = input.include.unwrap_or_default();
        let tags = if include.contains(&TaskDefinitionField::Tags) {
            Some(tags::from_json(&row.tags)?)
        } else {
            None
        };
        Ok(Output {
            task_definition: Some(definition::describe_row(&row, &here(cx).1)?),
            tags,
        })
    }
}
