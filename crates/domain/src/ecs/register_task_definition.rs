//! `ecs:RegisterTaskDefinition`

use api::{
    Modeled,
    ecs::{
        Error,
        register_task_definition::{Input, Output, RegisterTaskDefinition},
    },
};
use ecs::task_definition::{LONGEST_DEFINITION, Registration, too_long, validate, with_defaults};
use store::ecs::TaskDefinitionRow;

use super::{cluster, definition, here, roles, tags};
use crate::{Access, Cx, Operation};

impl Operation for RegisterTaskDefinition {
    async fn run(cx: &mut Cx, mut input: Input) -> Result<Output, Error> {
        let given = input.tags.take();
        let new_tags = given.as_deref().unwrap_or_default();
        cx.authorize(Access::new(Self::ACTION, "*").with_request_tags(tags::pairs(new_tags)))?;
        let (home, place) = here(cx);
        validate(&input, &place.account, &place.region)
            .map_err(|invalid| Error::Client(invalid.0))?;
        let any_revision = place.task_definition(&input.family, "*").to_string();
        tags::authorize(cx, new_tags, Self::NAME, &any_revision)?;
        roles::authorize_passing_execution_role(cx, input.execution_role_arn.as_deref()).await?;
        roles::authorize_passing(cx, input.task_role_arn.as_deref()).await?;

        let registered = with_defaults(input);
        let registration = Registration {
            revision: cx.db.next_revision(&home, &registered.family).await?,
            active: true,
            registered_at: cx.now(),
            registered_by: cx.caller.principal.arn(),
            deregistered_at: None,
        };
        let json = definition::to_json(&registered, &registration, &place);
        if json.len() > LONGEST_DEFINITION {
            return Err(Error::Client(too_long(json.len()).0));
        }
        let row = TaskDefinitionRow {
            family: registered.family,
            revision: registration.revision,
            status: cluster::ACTIVE.to_owned(),
            definition: json,
            tags: tags::to_json(new_tags)?,
            registered_by: registration.registered_by,
            registered_at: registration.registered_at,
            deregistered_at: None,
        };
        cx.db.insert_task_definition(&home, &row).await?;
        Ok(Output {
            task_definition: Some(definition::describe_row(&row, &place)?),
            tags: given,
        })
    }
}
