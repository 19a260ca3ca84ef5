//! The rules about one container by itself.

use api::ecs::{ContainerDefinition, HealthCheck};

use super::{Definition, Invalid};
use crate::names::is_name;

/// The least memory a container may have, in MiB.
const LEAST_MEMORY: i32 = 6;

const MOST_IGNORED_EXIT_CODES: usize = 50;

pub(super) fn validate(
    container: &ContainerDefinition,
    definition: &Definition,
) -> Result<(), Invalid> {
    let name = name(container)?;
    image(container)?;
    memory(container, name, definition)?;
    at_least(name, "cpu", container.cpu, 0)?;
    at_least(name, "startTimeout", container.start_timeout, 0)?;
    at_least(name, "stopTimeout", container.stop_timeout, 0)?;
    if let Some(check) = &container.health_check {
        health_check(check, name)?;
    }
    if let Some(policy) = &container.restart_policy {
        within(
            name,
            "restartAttemptPeriod",
            policy.restart_attempt_period,
            60,
            1800,
        )?;
        let ignored = policy.ignored_exit_codes.as_ref().map_or(0, Vec::len);
        if ignored > MOST_IGNORED_EXIT_CODES {
            return Err(Invalid(format!(
                "Invalid setting for container '{name}'. At most {MOST_IGNORED_EXIT_CODES} exit codes can be in 'ignoredExitCodes'."
            )));
        }
    }
    for ulimit in container.ulimits.iter().flatten() {
        // AWS: -1 is no limit at all.
        let hard_is_lower = ulimit.hard_limit >= 0 && ulimit.soft_limit > ulimit.hard_limit;
        if hard_is_lower || (ulimit.soft_limit < 0 && ulimit.hard_limit >= 0) {
            return Err(Invalid(format!(
                "Invalid setting for container '{name}'. The soft limit of ulimit '{}' must not exceed the hard limit.",
                ulimit.name.as_str()
            )));
        }
    }
    Ok(())
}

fn name(container: &ContainerDefinition) -> Result<&str, Invalid> {
    match container.name.as_deref() {
        None | Some("") => Err(Invalid::new("Container.name should not be null or empty.")),
        Some(name) if is_name(name) => Ok(name),
        Some(_) => Err(Invalid::new("Container.name contains invalid characters.")),
    }
}

fn image(container: &ContainerDefinition) -> Result<(), Invalid> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_:./#@+".contains(&b);
    match container.image.as_deref() {
        None | Some("") => Err(Invalid::new("Container.image should not be null or empty.")),
        Some(image) if image.len() > 255 => Err(Invalid::new(
            "Container.image repository names can be up to 255 characters.",
        )),
        Some(image) if !image.bytes().all(fits) => {
            Err(Invalid::new("Container.image contains invalid characters."))
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn memory(
    container: &ContainerDefinition,
    name: &str,
    definition: &Definition,
) -> Result<(), Invalid> {
    let (hard, soft) = (container.memory, container.memory_reservation);
    if hard.is_none() && soft.is_none() && definition.memory.is_none() {
        return Err(Invalid(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        )));
    }
    at_least(name, "memory", hard, LEAST_MEMORY)?;
    at_least(name, "memoryReservation", soft, LEAST_MEMORY)?;
    match (hard, soft) {
        (Some(hard), Some(soft)) if soft > hard => Err(Invalid(format!(
            "Invalid setting for container '{name}'. The 'memoryReservation' must not be greater than the 'memory'."
        ))),
        _ => Ok(()),
    }
}

fn health_check(check: &HealthCheck, name: &str) -> Result<(), Invalid> {
    let known = matches!(
        check.command.first().map(String::as_str),
        Some("CMD" | "CMD-SHELL" | "NONE")
    );
    if !known {
        return Err(Invalid(format!(
            "Invalid setting for container '{name}'. The health check command must start with CMD or CMD-SHELL."
        )));
    }
    within(name, "healthCheck.interval", check.interval, 5, 300)?;
    within(name, "healthCheck.timeout", check.timeout, 2, 120)?;
    within(name, "healthCheck.retries", check.retries, 1, 10)?;
    within(name, "healthCheck.startPeriod", check.start_period, 0, 300)
}

fn at_least(name: &str, member: &str, value: Option<i32>, least: i32) -> Result<(), Invalid> {
    within(name, member, value, least, i32::MAX)
}

fn within(
    name: &str,
    member: &str,
    value: Option<i32>,
    least: i32,
    most: i32,
) -> Result<(), Invalid> {
    let Some(value) = value.filter(|v| !(least..=most).contains(v)) else {
        return Ok(());
    };
    let range = if most == i32::MAX {
        format!("at least {least}")
    } else {
        format!("between {least} and {most}")
    };
    Err(Invalid(format!(
        "Invalid setting for container '{name}'. The value {value} of '{member}' must be {range}."
    )))
}
