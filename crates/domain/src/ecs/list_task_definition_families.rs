//! `ecs:ListTaskDefinitionFamilies`

use api::{
    Modeled,
    ecs::{
        Error, TaskDefinitionFamilyStatus,
        list_task_definition_families::{Input, ListTaskDefinitionFamilies, Output},
    },
};
use store::ecs::FamilyFilter;

use super::{here, page};
use crate::{Access, Cx, Operation};

impl Operation for ListTaskDefinitionFamilies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let filter = match input.status {
            Some(TaskDefinitionFamilyStatus::Active) => FamilyFilter::Active,
            Some(TaskDefinitionFamilyStatus::Inactive) => FamilyFilter::Inactive,
            Some(TaskDefinitionFamilyStatus::All) | None => FamilyFilter::All,
        };
        let prefix = input.family_prefix.unwrap_or_default();
        let mut families = cx.db.task_definition_families(&here(cx).0, filter).await?;
        families.retain(|family| family.starts_with(&prefix));
        let page = page::cut(families, input.max_results, input.next_token.as_deref())?;
        Ok(Output {
            families: Some(page.names),
            next_token: page.next_token,
        })
    }
}
