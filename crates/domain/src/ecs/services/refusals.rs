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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use api::{codec::from_json_str, ecs::DeploymentConfiguration};
    use serde_json::{Value, json};

    use super::*;

    /// A member, a value for it, and whether it is refused by name. What is not refused is done, or kept and told where it
    /// changes nothing on one host.
    type Row = (&'static str, &'static str, bool);

    const SERVICE: &[Row] = &[
        // One availability zone is always in balance.
        ("availabilityZoneRebalancing", r#""ENABLED""#, false),
        (
            "capacityProviderStrategy",
            r#"[{"capacityProvider":"FARGATE"}]"#,
            false,
        ),
        ("clientToken", r#""t""#, false),
        ("cluster", r#""c""#, false),
        ("deploymentConfiguration", "{}", false),
        ("deploymentController", r#"{"type":"EXTERNAL"}"#, true),
        ("desiredCount", "1", false),
        ("enableECSManagedTags", "true", false),
        ("enableExecuteCommand", "true", false),
        ("healthCheckGracePeriodSeconds", "5", false),
        ("launchType", r#""EC2""#, false),
        ("loadBalancers", r#"[{"containerName":"a"}]"#, true),
        ("networkConfiguration", "{}", false),
        // `memberOf` is refused with RunTask's.
        (
            "placementConstraints",
            r#"[{"type":"distinctInstance"}]"#,
            false,
        ),
        ("placementStrategy", r#"[{"type":"random"}]"#, false),
        ("platformVersion", r#""LATEST""#, false),
        ("propagateTags", r#""SERVICE""#, false),
        ("role", r#""r""#, true),
        ("schedulingStrategy", r#""DAEMON""#, false),
        ("serviceConnectConfiguration", r#"{"enabled":true}"#, true),
        ("serviceName", r#""web""#, false),
        ("serviceRegistries", r#"[{"registryArn":"a"}]"#, true),
        ("tags", r#"[{"key":"k","value":"v"}]"#, false),
        ("taskDefinition", r#""app""#, false),
        ("volumeConfigurations", r#"[{"name":"v"}]"#, true),
        (
            "vpcLatticeConfigurations",
            r#"[{"roleArn":"r","targetGroupArn":"t","portName":"p"}]"#,
            true,
        ),
    ];

    const DEPLOYMENT: &[Row] = &[
        (
            "alarms",
            r#"{"alarmNames":["a"],"enable":true,"rollback":true}"#,
            true,
        ),
        ("bakeTimeInMinutes", "5", true),
        ("canaryConfiguration", r#"{"canaryPercent":5.0}"#, true),
        (
            "deploymentCircuitBreaker",
            r#"{"enable":true,"rollback":true}"#,
            false,
        ),
        (
            "lifecycleHooks",
            r#"[{"lifecycleStages":["PRE_SCALE_UP"]}]"#,
            true,
        ),
        ("linearConfiguration", r#"{"stepPercent":5.0}"#, true),
        ("maximumPercent", "150", false),
        ("minimumHealthyPercent", "50", false),
        ("strategy", r#""CANARY""#, true),
    ];

    fn refusal(change: &Value) -> Option<String> {
        let mut call = json!({"serviceName": "web"});
        call.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let input: Input = from_json_str(&call.to_string()).unwrap();
        check(&input).err().map(|error| error.to_string())
    }

    fn complete(members: &[&str], table: &[Row]) {
        let known: BTreeSet<&str> = table.iter().map(|(name, ..)| *name).collect();
        let modelled: BTreeSet<&str> = members.iter().copied().collect();
        assert_eq!(known, modelled, "what becomes of the difference?");
    }

    #[test]
    fn every_member_of_a_service_is_done_or_refused_by_name() {
        complete(Input::MEMBERS, SERVICE);
        complete(DeploymentConfiguration::MEMBERS, DEPLOYMENT);
        let of_service = SERVICE.iter().map(|row| (row, false));
        let of_deployment = DEPLOYMENT.iter().map(|row| (row, true));
        for ((member, sample, refused), nested) in of_service.chain(of_deployment) {
            let sample: Value = serde_json::from_str(sample).unwrap();
            let mut change = json!({ *member: sample });
            if nested {
                change = json!({ "deploymentConfiguration": change });
            }
            let text = refusal(&change);
            assert_eq!(text.is_some(), *refused, "{member}: {text:?}");
        }
    }

    #[test]
    fn strategies_are_refused_by_their_names() {
        for strategy in ["BLUE_GREEN", "LINEAR", "CANARY"] {
            let change = json!({"deploymentConfiguration": {"strategy": strategy}});
            let text = refusal(&change).unwrap();
            let named =
                format!("The deployment strategy {strategy} is not supported yet by sealift.");
            assert!(text.contains(&named), "{text}");
        }
        let plain = json!({"deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": 0,
            "alarms": {"alarmNames": [], "enable": false, "rollback": false}}});
        assert_eq!(refusal(&plain), None);
    }
}
