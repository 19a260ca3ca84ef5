//! How a task is made: the same for `RunTask` and for services.

use std::collections::BTreeSet;

use api::ecs::{Failure, run_task};
use ecs::{
    launch::Launch,
    placement::Needs,
    states::{Interface, Progress},
    task_definition::{Definition, placement_attributes},
};
use store::{
    Session,
    ecs::{Home, NewTask, TaskDefinitionRow, TaskRow},
};
use types::Fault;

use super::{
    account_settings::log_driver_mode,
    elsewhere::Elsewhere,
    place_of, roles,
    scheduling::{Among, Instances, Spot},
    task,
};
use crate::World;

/// What an instance must be able to do for tasks with `enableExecuteCommand`.
const EXECUTE_COMMAND: &str = "ecs.capability.execute-command";

/// What tasks are made from that are started together.
pub(super) struct Blueprint<'a> {
    pub home: &'a Home,
    pub cluster: &'a str,
    pub row: &'a TaskDefinitionRow,
    /// The definition, with the overrides merged in.
    pub definition: &'a Definition,
    /// The call of `RunTask`, or what one for a service's task would be.
    pub call: &'a run_task::Input,
    pub launch: &'a Launch,
    pub group: &'a str,
    /// As JSON.
    pub tags: &'a str,
    /// What the call asked for.
    pub request: &'a str,
    /// Whose account settings hold; nobody's but the account's where a service starts it.
    pub started_for: Option<&'a str>,
}

/// What came of it.
pub(super) enum Made {
    Task(Box<TaskRow>),
    /// There is no instance at all.
    NoInstances,
    /// No instance fits, each for its reason.
    NoPlace(Vec<Failure>),
    /// ECS cannot assume a role of the task, in the words of the refusal.
    NoRole(String),
}

impl Blueprint<'_> {
    fn needs(&self) -> Needs {
        Needs::of(self.definition).under(self.launch.launch_type)
    }

    fn attributes(&self) -> BTreeSet<String> {
        let (account, region) = (&self.home.account, &self.home.region);
        let mut attributes =
            placement_attributes(self.definition, self.launch.launch_type, account, region);
        if self.executes() {
            attributes.insert(EXECUTE_COMMAND.to_owned());
        }
        attributes
    }

    fn executes(&self) -> bool {
        self.call.enable_execute_command == Some(true)
    }

    /// Makes one task beside those that have capacity providers already: its row is all there is of it.
    pub(super) async fn make(
        &self,
        world: &World,
        db: &mut Session,
        instances: &mut Instances,
        among: Among<'_>,
        providers: &mut Vec<String>,
    ) -> Result<Made, Fault> {
        let needs = self.needs();
        let (instance, architecture) = match instances.place(&needs, &self.attributes(), among) {
            Spot::On { id, architecture } => (Some(id), architecture),
            Spot::Later => (None, None),
            Spot::NoInstances => return Ok(Made::NoInstances),
            Spot::Nowhere(reasons) => return Ok(Made::NoPlace(reasons)),
        };
        let id = world.entropy.hex::<16>();
        if let Err(refused) = self.check_roles(world, db, &id).await? {
            return Ok(Made::NoRole(refused));
        }
        let (tags, request) = (self.tags.to_owned(), self.request.to_owned());
        let overrides = self.call.overrides.clone().unwrap_or_default();
        let mut details = task::Details::new(&overrides, tags, &needs, request);
        details.cpu_architecture = architecture;
        details.credentials = Some(world.entropy.hex::<16>());
        details.execute_command = self.executes();
        details.log_mode = log_driver_mode(db, self.home, self.started_for).await?;
        let entropy = world.entropy.as_ref();
        let living = providers.iter().map(String::as_str);
        let provider = self.launch.capacity_provider(living);
        details.elsewhere = Elsewhere::new(self.definition, self.launch, provider, entropy);
        providers.extend(provider.map(str::to_owned));
        if world.settings.reads_from_aws(&self.home.account) {
            details.secrets_from = world.settings.secrets_from.note().map(str::to_owned);
        }
        let new = NewTask {
            home: self.home.clone(),
            cluster: self.cluster.to_owned(),
            id,
            family: self.row.family.clone(),
            revision: self.row.revision,
            launch_type: self.launch.launch_type.to_string(),
            group: self.group.to_owned(),
            started_by: self.call.started_by.clone(),
            client_token: self.call.client_token.clone(),
            details: details.to_json()?,
            created_at: world.clock.now(),
        };
        let containers = task::containers(self.definition, world.entropy.as_ref());
        let mut progress = Progress::new(containers);
        if details.elsewhere.has_interface() {
            progress.interface = Interface::Detached;
        }
        if instance.is_some() {
            progress.place();
        }
        let state = task::state(progress, instance, task::Told::default())?;
        db.insert_task(&new, &state).await?;
        Ok(Made::Task(Box::new(TaskRow {
            task: new,
            state,
            version: 1,
        })))
    }

    async fn check_roles(
        &self,
        world: &World,
        db: &mut Session,
        id: &str,
    ) -> Result<Result<(), String>, Fault> {
        let arn = place_of(self.home).task(self.cluster, id).to_string();
        let definition = self.definition;
        // Whether a role in AWS can be assumed shows when its task starts.
        let is_in_aws = world.settings.reads_from_aws(&self.home.account);
        let execution_role = definition.execution_role_arn.as_ref();
        let execution_role = execution_role.filter(|_| !is_in_aws);
        let roles = [execution_role, definition.task_role_arn.as_ref()];
        for role in roles.into_iter().flatten() {
            let assumed = roles::assume(world, db, role, self.home, &arn, id, None).await?;
            if let Err(refused) = assumed {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(()))
    }
}
