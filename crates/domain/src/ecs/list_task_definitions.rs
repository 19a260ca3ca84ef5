//! `ecs:ListTaskDefinitions`

use api::{
    Modeled,
    ecs::{
        Error, SortOrder, TaskDefinitionStatus,
        list_task_definitions::{Input, ListTaskDefinitions, Output},
    },
};

use super::{here, page};
use crate::{Access, Cx, Operation};

impl Operation for ListTaskDefinitions {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let (home, place) = here(cx);
        let status = input.status.unwrap_or(TaskDefinitionStatus::Active);
        // AWS: the family is named in full here, unlike in ListTaskDefinitionFamilies.
        let family = input.family_prefix.as_deref();
        let mut names = cx
            .db
            .task_definition_names(&home, family, status.as_str())
            .await?;
        if input.sort == Some(SortOrder::Desc) {
            names.reverse();
        }
        let arns = names
            .into_iter()
            .map(|(family, revision)| place.task_definition(&family, revision).to_string());
        let page = page::cut(
            arns.collect(),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(Output {
            task_definition_arns: Some(page.names),
            next_token: page.next_token,
        })
    }
}
