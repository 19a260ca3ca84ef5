//! Task definitions: kept as the JSON they are described with, found by family and revision.

use api::{
    codec::{from_json_str, to_json_string},
    ecs::{Error, TaskDefinition},
};
use ecs::{
    names::Place,
    task_definition::{Definition, Registration, describe},
};
use store::ecs::{Home, TaskDefinitionRow};
use types::Fault;

use super::{cluster, here};
use crate::Cx;

/// The definition's JSON. What registering adds is not in it, so that it is read back in the shape it was registered.
pub(super) fn to_json(
    definition: &Definition,
    registration: &Registration,
    place: &Place,
) -> String {
    to_json_string(&describe(definition.clone(), registration, place))
}

/// The definition, in the shape it is registered with.
pub(super) fn read(row: &TaskDefinitionRow) -> Result<Definition, Fault> {
    from_json_str(&row.definition).map_err(|_| Fault::new(UnreadableDefinition))
}

#[derive(Debug, thiserror::Error)]
#[error("a stored task definition cannot be read")]
struct UnreadableDefinition;

/// The definition as it is given back.
pub(super) fn describe_row(
    row: &TaskDefinitionRow,
    place: &Place,
) -> Result<TaskDefinition, Fault> {
    let registration = Registration {
        revision: row.revision,
        active: row.status == cluster::ACTIVE,
        registered_at: row.registered_at,
        registered_by: row.registered_by.clone(),
        deregistered_at: row.deregistered_at,
    };
    Ok(describe(read(row)?, &registration, place))
}

/// The revision that a text names: the latest active one of a family where it says no number.
pub(super) async fn find(cx: &mut Cx, text: &str) -> Result<Option<TaskDefinitionRow>, Error> {
    let (home, place) = here(cx);
    let (family, revision) = place
        .family_and_revision(text)
        .map_err(|_| Error::Client(format!("Invalid identifier: {text}")))?;
    load(cx, &home, &family, revision).await
}

async fn load(
    cx: &mut Cx,
    home: &Home,
    family: &str,
    revision: Option<i64>,
) -> Result<Option<TaskDefinitionRow>, Error> {
    Ok(match revision {
        Some(revision) => cx.db.task_definition(home, family, revision).await?,
        None => cx.db.latest_task_definition(home, family).await?,
    })
}
