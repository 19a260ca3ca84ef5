//! The deployment configuration: what a caller may say, what the scheduler makes of it, and how it is shown.

use api::ecs::{
    DeploymentCircuitBreaker, DeploymentConfiguration, DeploymentStrategy, Error,
    SchedulingStrategy, ThresholdType, create_service::Input,
};
use ecs::service::{Breaker, Rules, Strategy, Threshold};

/// The number of tasks and the limits that the call asks for, if AWS would take them.
pub(in crate::ecs) fn checked_counts(input: &Input) -> Result<(Strategy, usize), Error> {
    let refuse = |text: &str| Err(Error::InvalidParameter(text.to_owned()));
    let strategy = strategy(input);
    let (minimum, maximum) = percents(input);
    if minimum < 0 || maximum < 0 {
        return refuse("minimumHealthyPercent and maximumPercent cannot be negative.");
    }
    if maximum < minimum {
        return refuse("maximumPercent cannot be less than minimumHealthyPercent.");
    }
    let count = match (strategy, input.desired_count) {
        (Strategy::Daemon, Some(_)) => {
            return refuse("The daemon scheduling strategy does not support a desired count.");
        }
        (Strategy::Daemon, None) => 0,
        (Strategy::Replica, None) => return refuse("Desired count cannot be null."),
        (Strategy::Replica, Some(count)) => match usize::try_from(count) {
            Ok(count) => count,
            Err(_) => return refuse("Desired count cannot be negative."),
        },
    };
    if strategy == Strategy::Replica && maximum < 100 {
        return refuse("maximumPercent cannot be less than 100.");
    }
    // AWS: nothing could ever be started or stopped.
    if strategy == Strategy::Replica && minimum == 100 && maximum == 100 {
        return refuse(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        );
    }
    if strategy == Strategy::Daemon && maximum != 100 {
        return refuse(
            "The daemon scheduling strategy does not support values for maximumPercent other than 100.",
        );
    }
    let breaker = input.deployment_configuration.as_ref();
    let breaker = breaker.and_then(|c| c.deployment_circuit_breaker.as_ref());
    let threshold = breaker.and_then(|b| b.threshold_configuration.as_ref());
    if threshold.is_some_and(|threshold| threshold.value < 1) {
        return refuse("The value of thresholdConfiguration must be at least 1.");
    }
    let grace = input.health_check_grace_period_seconds;
    if grace.is_some_and(i32::is_negative) {
        return refuse("healthCheckGracePeriodSeconds cannot be negative.");
    }
    Ok((strategy, count))
}

fn strategy(input: &Input) -> Strategy {
    match input.scheduling_strategy {
        Some(SchedulingStrategy::Daemon) => Strategy::Daemon,
        Some(SchedulingStrategy::Replica) | None => Strategy::Replica,
    }
}

/// What is said of the minimum and the maximum, else what ECS takes.
fn percents(input: &Input) -> (i32, i32) {
    let given = input.deployment_configuration.as_ref();
    let (minimum, maximum) = match strategy(input) {
        Strategy::Replica => (100, 200),
        Strategy::Daemon => (0, 100),
    };
    (
        given
            .and_then(|c| c.minimum_healthy_percent)
            .unwrap_or(minimum),
        given.and_then(|c| c.maximum_percent).unwrap_or(maximum),
    )
}

/// What the scheduler goes by.
pub(in crate::ecs) fn rules(input: &Input, healthy_after_secs: i64) -> Rules {
    let (minimum, maximum) = percents(input);
    let percent = |value| usize::try_from(value).unwrap_or(0);
    let given = input.deployment_configuration.as_ref();
    let breaker = given.and_then(|c| c.deployment_circuit_breaker.as_ref());
    Rules {
        minimum_healthy_percent: percent(minimum),
        maximum_percent: percent(maximum),
        breaker: breaker
            .filter(|breaker| breaker.enable)
            .map(|breaker| Breaker {
                rollback: breaker.rollback,
                threshold: threshold(breaker),
                reset_on_healthy_task: breaker.reset_on_healthy_task.unwrap_or(true),
            }),
        grace_secs: i64::from(input.health_check_grace_period_seconds.unwrap_or(0)),
        healthy_after_secs,
    }
}

fn threshold(breaker: &DeploymentCircuitBreaker) -> Threshold {
    let Some(given) = &breaker.threshold_configuration else {
        return Threshold::default();
    };
    let value = usize::try_from(given.value).unwrap_or(0);
    match given.type_ {
        ThresholdType::Count => Threshold::Count(value),
        ThresholdType::BoundedPercent => Threshold::BoundedPercent(value),
        ThresholdType::UnboundedPercent => Threshold::UnboundedPercent(value),
    }
}

/// As it is described, with what ECS takes where nothing was said.
pub(in crate::ecs) fn shown(input: &Input) -> DeploymentConfiguration {
    let (minimum, maximum) = percents(input);
    let given = input.deployment_configuration.clone().unwrap_or_default();
    DeploymentConfiguration {
        minimum_healthy_percent: Some(minimum),
        maximum_percent: Some(maximum),
        deployment_circuit_breaker: Some(given.deployment_circuit_breaker.unwrap_or(
            DeploymentCircuitBreaker {
                enable: false,
                rollback: false,
                ..DeploymentCircuitBreaker::default()
            },
        )),
        strategy: Some(given.strategy.unwrap_or(DeploymentStrategy::Rolling)),
        bake_time_in_minutes: Some(given.bake_time_in_minutes.unwrap_or(0)),
        ..given
    }
}
