//! How a task is launched: under which launch type, on which platform, and in which network.

use api::ecs::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, Compatibility, LaunchType,
    NetworkConfiguration, NetworkMode,
};

use crate::{
    refusals::NotSupported,
    task_definition::{Definition, compatibilities},
};

/// What Fargate calls the platform of today.
pub const PLATFORM_VERSION: &str = "1.4.0";
pub const PLATFORM_FAMILY: &str = "Linux";

/// GiB that every Fargate task has without asking.
pub const EPHEMERAL_STORAGE: i32 = 20;

const MOST_SUBNETS: usize = 16;
const MOST_SECURITY_GROUPS: usize = 5;
const MOST_PROVIDERS: usize = 20;

const WEIGHTS: std::ops::RangeInclusive<i32> = 0..=1000;
const BASES: std::ops::RangeInclusive<i32> = 0..=100_000;

/// The capacity providers that there are: those that every account of AWS's has.
pub const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// What a call that starts tasks says about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub launch_type: Option<LaunchType>,
    pub capacity_provider_strategy: &'a [CapacityProviderStrategyItem],
    pub platform_version: Option<&'a str>,
    pub network_configuration: Option<&'a NetworkConfiguration>,
    pub has_placement_constraints: bool,
    pub has_placement_strategy: bool,
}

/// What comes of it, for every task of the call.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    pub launch_type: LaunchType,
    strategy: Vec<CapacityProviderStrategyItem>,
    /// The network of tasks that have one of their own.
    pub network: Option<AwsVpcConfiguration>,
}

/// Why the tasks of a definition cannot be launched so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LaunchError {
    /// An `InvalidParameterException`.
    #[error("{0}")]
    Invalid(String),
    /// A `PlatformUnknownException`.
    #[error("The specified platform does not exist.")]
    UnknownPlatform,
    /// A `ClientException`.
    #[error(transparent)]
    NotSupported(#[from] NotSupported),
}

impl LaunchError {
    fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}

impl Launch {
    /// Decides how tasks of this definition are launched.
    pub fn decide(definition: &Definition, wanted: &Wanted<'_>) -> Result<Self, LaunchError> {
        let launch_type = launch_type(wanted)?;
        supported(definition, launch_type)?;
        match launch_type {
            LaunchType::Fargate => fargate(wanted)?,
            _ if wanted.platform_version.is_some() => {
                return Err(LaunchError::invalid(
                    "The platform version must be null when specifying an EC2 launch type.",
                ));
            }
            _ => {}
        }
        Ok(Self {
            launch_type,
            strategy: wanted.capacity_provider_strategy.to_vec(),
            network: network(definition, wanted, launch_type)?,
        })
    }

    /// The capacity provider of the next task beside living ones of these providers: first the base of the strategy is
    /// filled, then what is behind its weight.
    pub fn capacity_provider<'a>(&self, living: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        let mut living: Vec<&str> = living.into_iter().collect();
        (0..=living.len()).find_map(|nth| {
            let wanted = self.nth_provider(nth)?;
            match living.iter().position(|one| *one == wanted) {
                Some(has_it) => {
                    living.swap_remove(has_it);
                    None
                }
                None => Some(wanted),
            }
        })
    }

    /// The capacity provider of the task that is this many tasks after the first, where none has ended.
    fn nth_provider(&self, nth: usize) -> Option<&str> {
        let count = |number: Option<i32>| usize::try_from(number.unwrap_or(0)).unwrap_or(0);
        let base = self.strategy.iter().find(|item| count(item.base) > 0);
        let after_base = match base {
            Some(item) if nth < count(item.base) => return Some(&item.capacity_provider),
            Some(item) => nth - count(item.base),
            None => nth,
        };
        let total: usize = self.strategy.iter().map(|item| count(item.weight)).sum();
        let mut position = after_base % total.max(1);
        for item in &self.strategy {
            let weight = count(item.weight);
            if position < weight || total == 0 {
                return Some(&item.capacity_provider);
            }
            position -= weight;
        }
        None
    }

    /// Whether the task runs on the platform that AWS looks after.
    pub fn is_fargate(&self) -> bool {
        self.launch_type == LaunchType::Fargate
    }
}

fn launch_type(wanted: &Wanted<'_>) -> Result<LaunchType, LaunchError> {
    let strategy = wanted.capacity_provider_strategy;
    if strategy.is_empty() {
        // AWS: the account's default decides where nothing is said; here it is EC2.
        let launch_type = wanted.launch_type.unwrap_or(LaunchType::Ec2);
        return match launch_type {
            LaunchType::Ec2 | LaunchType::External | LaunchType::Fargate => Ok(launch_type),
            other @ LaunchType::ManagedInstances => {
                Err(NotSupported::new(format!("The launch type {}", other.as_str())).into())
            }
        };
    }
    if wanted.launch_type.is_some() {
        return Err(LaunchError::invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    check_strategy(strategy)?;
    Ok(LaunchType::Fargate)
}

/// Refuses a strategy that cannot be followed.
pub fn check_strategy(strategy: &[CapacityProviderStrategyItem]) -> Result<(), LaunchError> {
    if strategy.len() > MOST_PROVIDERS {
        return Err(LaunchError::invalid(format!(
            "A capacity provider strategy can contain a maximum of {MOST_PROVIDERS} capacity providers."
        )));
    }
    let names = strategy.iter().map(|item| item.capacity_provider.as_str());
    names.clone().try_for_each(check_provider)?;
    for item in strategy {
        for (number, range, what) in [(item.weight, WEIGHTS, "weight"), (item.base, BASES, "base")]
        {
            if number.is_some_and(|number| !range.contains(&number)) {
                return Err(LaunchError::invalid(format!(
                    "The {what} of a capacity provider must be between {} and {}.",
                    range.start(),
                    range.end()
                )));
            }
        }
    }
    if strategy.iter().filter(|item| item.base > Some(0)).count() > 1 {
        return Err(LaunchError::invalid(
            "Only one capacity provider in a capacity provider strategy can have a base defined.",
        ));
    }
    if strategy.len() > 1 && strategy.iter().all(|item| item.weight.unwrap_or(0) == 0) {
        return Err(LaunchError::invalid(
            "At least one capacity provider in a capacity provider strategy must have a weight greater than zero.",
        ));
    }
    Ok(())
}

/// Refuses the name of a capacity provider that is not there.
pub fn check_provider(name: &str) -> Result<(), LaunchError> {
    if PROVIDERS.contains(&name) {
        return Ok(());
    }
    Err(LaunchError::invalid(format!(
        "The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again."
    )))
}

fn supported(definition: &Definition, launch_type: LaunchType) -> Result<(), LaunchError> {
    let required = definition.requires_compatibilities.as_deref();
    let supported = match launch_type {
        LaunchType::Fargate => required
            .unwrap_or_default()
            .contains(&Compatibility::Fargate),
        LaunchType::External => compatibilities(definition).contains(&Compatibility::External),
        _ => true,
    };
    if supported {
        return Ok(());
    }
    Err(LaunchError::invalid(format!(
        "Task definition does not support launch_type {}.",
        launch_type.as_str()
    )))
}

fn fargate(wanted: &Wanted<'_>) -> Result<(), LaunchError> {
    if !matches!(
        wanted.platform_version,
        None | Some("LATEST" | PLATFORM_VERSION)
    ) {
        return Err(LaunchError::UnknownPlatform);
    }
    let placed = [
        (wanted.has_placement_constraints, "constraints"),
        (wanted.has_placement_strategy, "strategies"),
    ];
    match placed.into_iter().find(|(given, _)| *given) {
        Some((_, what)) => Err(LaunchError::invalid(format!(
            "Placement {what} are not supported with FARGATE launch type."
        ))),
        None => Ok(()),
    }
}

fn network(
    definition: &Definition,
    wanted: &Wanted<'_>,
    launch_type: LaunchType,
) -> Result<Option<AwsVpcConfiguration>, LaunchError> {
    let given = wanted
        .network_configuration
        .and_then(|network| network.awsvpc_configuration.as_ref());
    let shares_one = definition.network_mode == Some(NetworkMode::Awsvpc);
    let network = match (shares_one, given) {
        (false, None) => return Ok(None),
        (false, Some(_)) => {
            return Err(LaunchError::invalid(
                "Network Configuration is not valid for the given networkMode of this task definition.",
            ));
        }
        (true, None) => {
            return Err(LaunchError::invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ));
        }
        (true, Some(network)) => network,
    };
    if network.subnets.is_empty() || network.subnets.iter().any(String::is_empty) {
        return Err(LaunchError::invalid("subnets can not be empty."));
    }
    let groups = network.security_groups.as_deref().unwrap_or_default();
    for (count, most, what) in [
        (network.subnets.len(), MOST_SUBNETS, "subnets"),
        (groups.len(), MOST_SECURITY_GROUPS, "securityGroups"),
    ] {
        if count > most {
            return Err(LaunchError::invalid(format!(
                "{what} can have at most {most} items."
            )));
        }
    }
    let public = network.assign_public_ip == Some(AssignPublicIp::Enabled);
    if public && launch_type != LaunchType::Fargate {
        return Err(LaunchError::invalid(
            "Assign public IP is not supported for this launch type.",
        ));
    }
    Ok(Some(network.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_definition::tests::{container, definition};

    fn in_awsvpc() -> Definition {
        Definition {
            network_mode: Some(NetworkMode::Awsvpc),
            requires_compatibilities: Some(vec![Compatibility::Fargate]),
            cpu: Some("256".into()),
            memory: Some("512".into()),
            ..definition(vec![container("app")])
        }
    }

    fn subnets(names: &[&str]) -> NetworkConfiguration {
        NetworkConfiguration {
            awsvpc_configuration: Some(AwsVpcConfiguration {
                subnets: names.iter().map(|n| (*n).to_owned()).collect(),
                ..AwsVpcConfiguration::default()
            }),
        }
    }

    fn refusal(definition: &Definition, wanted: &Wanted<'_>) -> String {
        match Launch::decide(definition, wanted) {
            Ok(_) => "launched".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    fn item(name: &str, weight: i32, base: i32) -> CapacityProviderStrategyItem {
        CapacityProviderStrategyItem {
            capacity_provider: name.into(),
            weight: Some(weight),
            base: Some(base),
        }
    }

    #[test]
    fn a_network_is_for_tasks_that_have_one_of_their_own_and_those_must_have_it() {
        let network = subnets(&["subnet-1"]);
        let with = Wanted {
            network_configuration: Some(&network),
            ..Wanted::default()
        };
        assert_eq!(
            refusal(&in_awsvpc(), &Wanted::default()),
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        );
        assert_eq!(
            refusal(&definition(vec![container("app")]), &with),
            "Network Configuration is not valid for the given networkMode of this task definition."
        );
        assert_eq!(refusal(&in_awsvpc(), &with), "launched");
        let none = subnets(&[]);
        let without = Wanted {
            network_configuration: Some(&none),
            ..Wanted::default()
        };
        assert_eq!(refusal(&in_awsvpc(), &without), "subnets can not be empty.");
    }

    #[test]
    fn only_fargate_assigns_public_addresses() {
        let mut network = subnets(&["subnet-1"]);
        let own = network.awsvpc_configuration.as_mut().unwrap();
        own.assign_public_ip = Some(AssignPublicIp::Enabled);
        let mut wanted = Wanted {
            network_configuration: Some(&network),
            ..Wanted::default()
        };
        assert_eq!(
            refusal(&in_awsvpc(), &wanted),
            "Assign public IP is not supported for this launch type."
        );
        wanted.launch_type = Some(LaunchType::Fargate);
        assert_eq!(refusal(&in_awsvpc(), &wanted), "launched");
    }

    #[test]
    fn a_definition_says_which_launch_types_it_is_for() {
        let wanted = |launch_type| Wanted {
            launch_type: Some(launch_type),
            ..Wanted::default()
        };
        let plain = definition(vec![container("app")]);
        assert_eq!(
            refusal(&plain, &wanted(LaunchType::Fargate)),
            "Task definition does not support launch_type FARGATE."
        );
        assert_eq!(
            refusal(&in_awsvpc(), &wanted(LaunchType::External)),
            "Task definition does not support launch_type EXTERNAL."
        );
        assert_eq!(refusal(&plain, &wanted(LaunchType::External)), "launched");
    }

    #[test]
    fn fargate_has_one_platform_and_places_tasks_itself() {
        let network = subnets(&["subnet-1"]);
        let on = |version| Wanted {
            launch_type: Some(LaunchType::Fargate),
            platform_version: Some(version),
            network_configuration: Some(&network),
            ..Wanted::default()
        };
        for version in ["LATEST", "1.4.0"] {
            assert_eq!(refusal(&in_awsvpc(), &on(version)), "launched");
        }
        assert_eq!(
            refusal(&in_awsvpc(), &on("9.9.9")),
            "The specified platform does not exist."
        );
        let constrained = Wanted {
            has_placement_constraints: true,
            ..on("LATEST")
        };
        assert_eq!(
            refusal(&in_awsvpc(), &constrained),
            "Placement constraints are not supported with FARGATE launch type."
        );
        let elsewhere = Wanted {
            launch_type: None,
            ..on("LATEST")
        };
        assert_eq!(
            refusal(&in_awsvpc(), &elsewhere),
            "The platform version must be null when specifying an EC2 launch type."
        );
    }

    #[test]
    fn a_strategy_fills_its_base_first_and_shares_the_rest_by_weight() {
        let network = subnets(&["subnet-1"]);
        let strategy = [item("FARGATE", 1, 2), item("FARGATE_SPOT", 3, 0)];
        let wanted = Wanted {
            capacity_provider_strategy: &strategy,
            network_configuration: Some(&network),
            ..Wanted::default()
        };
        let launch = Launch::decide(&in_awsvpc(), &wanted).unwrap();
        assert!(launch.is_fargate());
        let (on_demand, spot) = ("FARGATE", "FARGATE_SPOT");
        let mut providers = Vec::new();
        for _ in 0..6 {
            providers.push(launch.capacity_provider(providers.iter().copied()).unwrap());
        }
        assert_eq!(
            providers,
            [on_demand, on_demand, on_demand, spot, spot, spot]
        );
        // What has ended is made up for.
        let next = |living: &[&'static str]| launch.capacity_provider(living.iter().copied());
        assert_eq!(next(&[spot, on_demand, spot, spot]), Some(on_demand));
        assert_eq!(next(&[on_demand, on_demand, on_demand, spot]), Some(spot));

        let alone = [item("FARGATE_SPOT", 0, 0)];
        let wanted = Wanted {
            capacity_provider_strategy: &alone,
            ..wanted
        };
        let launch = Launch::decide(&in_awsvpc(), &wanted).unwrap();
        assert_eq!(
            launch.capacity_provider(["FARGATE_SPOT"; 4]),
            Some("FARGATE_SPOT")
        );
    }

    #[test]
    fn strategies_that_cannot_be_followed_are_refused() {
        let refused = |launch_type, strategy: &[CapacityProviderStrategyItem]| {
            let wanted = Wanted {
                launch_type,
                capacity_provider_strategy: strategy,
                ..Wanted::default()
            };
            refusal(&in_awsvpc(), &wanted)
        };
        assert!(
            refused(Some(LaunchType::Fargate), &[item("FARGATE", 1, 0)])
                .starts_with("Specifying both a launch type and capacity provider strategy")
        );
        assert!(refused(None, &[item("mine", 1, 0)]).contains("'mine' was not found"));
        let bases = [item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)];
        assert!(refused(None, &bases).starts_with("Only one capacity provider"));
        let nothing = [item("FARGATE", 0, 0), item("FARGATE_SPOT", 0, 0)];
        assert!(refused(None, &nothing).starts_with("At least one capacity provider"));
        assert!(refused(None, &[item("FARGATE", 1001, 0)]).contains("between 0 and 1000"));
        assert!(refused(None, &[item("FARGATE", 1, -1)]).contains("between 0 and 100000"));
    }
}
