//! The rules about logs: what drivers ask for, and FireLens, where one container is the router of others' lines.

use std::collections::BTreeSet;

use api::ecs::{ContainerDefinition, FirelensConfiguration, LogConfiguration, LogDriver};

use super::{Definition, Invalid, name_of};

/// What Docker's `awslogs` driver understands, and ECS's prefix.
const AWSLOGS: [&str; 16] = [
    "awslogs-create-group",
    "awslogs-datetime-format",
    "awslogs-endpoint",
    "awslogs-force-flush-interval-seconds",
    "awslogs-format",
    "awslogs-group",
    "awslogs-max-buffered-events",
    "awslogs-multiline-pattern",
    "awslogs-region",
    "awslogs-stream",
    "awslogs-stream-prefix",
    "env",
    "labels",
    "max-buffer-size",
    "mode",
    "tag",
];
const FIRELENS: [&str; 3] = [
    "config-file-type",
    "config-file-value",
    "enable-ecs-log-metadata",
];

pub(super) fn validate(definition: &Definition) -> Result<(), Invalid> {
    for container in &definition.container_definitions {
        if let Some(log) = &container.log_configuration {
            required(log)?;
            allowed(log)?;
        }
        if let Some(router) = &container.firelens_configuration {
            self::router(router, container)?;
        }
    }
    firelens(definition)
}

fn names(log: &LogConfiguration) -> BTreeSet<&str> {
    let options = log.options.iter().flatten().map(|(name, _)| name.as_str());
    let secrets = log.secret_options.iter().flatten();
    options.chain(secrets.map(|s| s.name.as_str())).collect()
}

fn required(log: &LogConfiguration) -> Result<(), Invalid> {
    let required: &[&str] = match log.log_driver {
        LogDriver::Splunk => &["splunk-token", "splunk-url"],
        LogDriver::Awslogs => &["awslogs-group", "awslogs-region"],
        _ => &[],
    };
    let given = names(log);
    let missing = required.iter().filter(|name| !given.contains(*name));
    refuse(log, "requires", &missing.copied().collect::<Vec<_>>())
}

/// AWS: seen for awslogs alone; what other drivers do not know is told by the engine.
fn allowed(log: &LogConfiguration) -> Result<(), Invalid> {
    if log.log_driver != LogDriver::Awslogs {
        return Ok(());
    }
    let given = names(log).into_iter();
    let unknown = given.filter(|name| !AWSLOGS.contains(name));
    refuse(log, "disallows", &unknown.collect::<Vec<_>>())
}

fn refuse(log: &LogConfiguration, verb: &str, options: &[&str]) -> Result<(), Invalid> {
    if options.is_empty() {
        return Ok(());
    }
    Err(Invalid(format!(
        "Log driver {} {verb} options: {}",
        log.log_driver.as_str(),
        options.join(", ")
    )))
}

fn router(router: &FirelensConfiguration, container: &ContainerDefinition) -> Result<(), Invalid> {
    let option = |name: &str| {
        router
            .options
            .as_ref()
            .and_then(|options| options.get(name))
    };
    let given = router
        .options
        .iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    let unknown: Vec<&str> = given.filter(|name| !FIRELENS.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(Invalid(format!(
            "The firelensConfiguration of container '{}' disallows options: {}",
            name_of(container),
            unknown.join(", ")
        )));
    }
    let value = option("config-file-value");
    match option("config-file-type").map(String::as_str) {
        Some("file" | "s3") if value.is_none() => Err(Invalid::new(
            "The firelensConfiguration option config-file-type is specified but config-file-value is not specified.",
        )),
        // AWS: in these words (https://github.com/aws/aws-cli/issues/7147).
        Some("s3") if value.is_some_and(|value| value.parse::<types::Arn>().is_err()) => {
            Err(Invalid::new("Invalid arn syntax."))
        }
        None | Some("file" | "s3") => Ok(()),
        Some(other) => Err(Invalid(format!(
            "Invalid value {other} is specified for the firelensConfiguration option config-file-type."
        ))),
    }
}

/// One router, if any container logs through it, and only then.
fn firelens(definition: &Definition) -> Result<(), Invalid> {
    let containers = &definition.container_definitions;
    let mut routers = containers
        .iter()
        .filter(|c| c.firelens_configuration.is_some());
    let logs_to_router = |container: &ContainerDefinition| {
        let log = container.log_configuration.as_ref();
        log.is_some_and(|log| log.log_driver == LogDriver::Awsfirelens)
    };
    let is_used = containers.iter().any(logs_to_router);
    match (routers.next(), routers.next()) {
        (None, _) if is_used => Err(Invalid::new(
            "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.",
        )),
        (Some(_), _) if !is_used => Err(Invalid::new(
            "When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.",
        )),
        (Some(_), Some(_)) => Err(Invalid::new(
            "Only one container of a task definition can have a firelensConfiguration.",
        )),
        (Some(router), None) if logs_to_router(router) => Err(Invalid(format!(
            "Container '{}' has a firelensConfiguration and cannot use the log driver awsfirelens itself.",
            name_of(router)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use api::ecs::{FirelensConfigurationType, Secret};

    use super::*;
    use crate::task_definition::tests::{container, definition};

    fn logging(name: &str, driver: LogDriver, options: &[&str]) -> ContainerDefinition {
        let mut made = container(name);
        made.log_configuration = Some(LogConfiguration {
            log_driver: driver,
            options: Some(
                options
                    .iter()
                    .map(|o| ((*o).to_owned(), "x".to_owned()))
                    .collect(),
            ),
            secret_options: None,
        });
        made
    }

    fn router(options: &[(&str, &str)]) -> ContainerDefinition {
        let mut made = container("router");
        made.firelens_configuration = Some(FirelensConfiguration {
            type_: FirelensConfigurationType::Fluentbit,
            options: Some(
                options
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
        });
        made
    }

    fn refusal(containers: Vec<ContainerDefinition>) -> String {
        validate(&definition(containers)).unwrap_err().to_string()
    }

    #[test]
    fn a_driver_s_required_options_may_be_secrets() {
        let mut splunk = logging("app", LogDriver::Splunk, &["splunk-url"]);
        assert_eq!(
            refusal(vec![splunk.clone()]),
            "Log driver splunk requires options: splunk-token"
        );
        let log = splunk.log_configuration.as_mut().unwrap();
        log.secret_options = Some(vec![Secret {
            name: "splunk-token".into(),
            value_from: "token".into(),
        }]);
        assert_eq!(validate(&definition(vec![splunk])), Ok(()));
    }

    #[test]
    fn awslogs_disallows_options_of_other_drivers() {
        let options = ["awslogs-group", "awslogs-region", "log_key"];
        assert_eq!(
            refusal(vec![logging("app", LogDriver::Awslogs, &options)]),
            "Log driver awslogs disallows options: log_key"
        );
    }

    #[test]
    fn a_router_and_who_logs_to_it_belong_together() {
        let web = || logging("web", LogDriver::Awsfirelens, &["Name"]);
        assert_eq!(validate(&definition(vec![router(&[]), web()])), Ok(()));
        assert_eq!(
            refusal(vec![web()]),
            "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers."
        );
        assert_eq!(
            refusal(vec![router(&[])]),
            "When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver."
        );
        assert!(refusal(vec![router(&[]), router(&[]), web()]).starts_with("Only one container"));
        let mut own = router(&[]);
        own.log_configuration = web().log_configuration;
        assert!(refusal(vec![own]).contains("cannot use the log driver awsfirelens itself"));
    }

    #[test]
    fn a_router_s_options_are_checked() {
        let web = || logging("web", LogDriver::Awsfirelens, &["Name"]);
        let of = |options: &[(&str, &str)]| refusal(vec![router(options), web()]);
        let s3 = "arn:aws:s3:::bucket/fluent.conf";
        let fits = [("config-file-type", "s3"), ("config-file-value", s3)];
        assert_eq!(validate(&definition(vec![router(&fits), web()])), Ok(()));
        let no_arn = [
            ("config-file-type", "s3"),
            ("config-file-value", "s3://bucket/x"),
        ];
        assert_eq!(of(&no_arn), "Invalid arn syntax.");
        assert_eq!(
            of(&[("colour", "red")]),
            "The firelensConfiguration of container 'router' disallows options: colour"
        );
        assert!(of(&[("config-file-type", "file")]).contains("config-file-value is not specified"));
        assert!(
            of(&[("config-file-type", "ftp"), ("config-file-value", "x")])
                .starts_with("Invalid value ftp")
        );
    }
}
