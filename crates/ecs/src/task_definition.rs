//! Task definitions: what ECS accepts, what it adds, and what it makes of them.
//!
//! A definition is kept in the shape it was registered with. [`validate()`] refuses what ECS refuses, [`with_defaults`]
//! fills in what ECS fills in, [`describe()`] gives it back.

mod attributes;
mod container;
mod defaults;
mod dependencies;
mod describe;
mod environment_files;
mod fargate;
mod logs;
mod network;
mod ports;
mod secrets;
mod sizes;
mod validate;

pub use attributes::{placement_attributes, requires_attributes};
pub use defaults::with_defaults;
pub use describe::{Registration, compatibilities, describe};
pub use environment_files::place as environment_file_place;
pub(crate) use environment_files::validate as validate_environment_files;
pub use sizes::{task_cpu, task_memory};
pub use validate::{LONGEST_DEFINITION, too_long, validate, validate_sizes};

/// A task definition, in the shape it is registered with.
pub type Definition = api::ecs::register_task_definition::Input;

/// Why a task definition is refused: the text of a `ClientException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The name of a container that [`validate()`] has let pass, which every container has.
pub fn name_of(container: &api::ecs::ContainerDefinition) -> &str {
    container.name.as_deref().unwrap_or_default()
}

/// Whether the task's life hangs on this container: it does unless the definition says otherwise.
pub(crate) fn is_essential(container: &api::ecs::ContainerDefinition) -> bool {
    container.essential.unwrap_or(true)
}

#[cfg(test)]
pub(crate) mod tests;
