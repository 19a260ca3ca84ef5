//! What services are asked for that sealift does not have. Nothing of it is quietly left out.

use api::ecs::{DeploymentControllerType, DeploymentStrategy, Error, create_service::Input};

/// Refuses by name what does not exist here.
pub(in crate::ecs) fn check(input: &Input) -> Result<(), Error> {
    let any = |wanted: bool, what: &str| {
        if wanted {
            let text = format!("{what} is not supported yet by sealift.");
            Err(Error::Client(text))
        } else {
            Ok(())
        }
    };
    any(some(input.load_balancers.as_ref()), "loadBalancers")?;
    any(some(input.service_registries.as_ref()), "serviceRegistries")?;
    let connect = input.service_connect_configuration.as_ref();
    any(
        connect.is_some_and(|c| c.enabled),
        "serviceConnectConfiguration",
    )?;
    any(
        some(input.vpc_lattice_configurations.as_ref()),
        "vpcLatticeConfigurations",
    )?;
    any(
        some(input.volume_configurations.as_ref()),
        "volumeConfigurations",
    )?;
    any(input.role.is_some(), "role")?;
    let controller = input.deployment_controller.as_ref().map(|c| c.type_);
    if let Some(other) = controller.filter(|c| *c != DeploymentControllerType::Ecs) {
        any(
            true,
            &format!("The deployment controller {}", other.as_str()),
        )?;
    }
    check_deployment(input, any)
}

fn check_deployment(
    input: &Input,
    any: impl Fn(bool, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(given) = &input.deployment_configuration else {
        return Ok(());
    };
    if let Some(other) = given.strategy.filter(|s| *s != DeploymentStrategy::Rolling) {
        any(true, &format!("The deployment strategy {}", other.as_str()))?;
    }
    let alarms = given.alarms.as_ref();
    any(
        alarms.is_some_and(|alarms| alarms.enable),
        "alarms of deploymentConfiguration",
    )?;
    any(some(given.lifecycle_hooks.as_ref()), "lifecycleHooks")?;
    any(
        given.bake_time_in_minutes.unwrap_or(0) != 0,
        "bakeTimeInMinutes",
    )?;
    any(given.linear_configuration.is_some(), "linearConfiguration")?;
    any(given.canary_configuration.is_some(), "canaryConfiguration")
}

fn some<T>(list: Option<&Vec<T>>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}
