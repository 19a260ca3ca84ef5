//! The settings as ECS's variables write them.
//!
//! AWS: the agent refuses to start for few things only. What it cannot read or finds too small it warns about, and goes on
//! with its default or its minimum.

use std::{collections::BTreeMap, time::Duration};

use super::{EcsConfig, ImagePullBehavior, LogLevel};

/// The drivers that ECS's agent knows, Docker's own `local`, and ECS's router.
const DRIVERS: [&str; 12] = [
    "json-file",
    "syslog",
    "journald",
    "gelf",
    "fluentd",
    "none",
    "awslogs",
    "splunk",
    "logentries",
    "sumologic",
    "local",
    "awsfirelens",
];
/// What the agent announces where nothing is said.
const DEFAULT_DRIVERS: [&str; 2] = ["json-file", "none"];

/// A setting with which the agent does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(String);

/// Settings, and what is to be said about how they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadConfig {
    pub config: EcsConfig,
    pub warnings: Vec<String>,
}

impl ReadConfig {
    /// The settings from ECS's variables, with the agent's own defaults for what is not set.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let default = EcsConfig::default();
        let mut reader = Reader {
            lookup: &lookup,
            warnings: Vec::new(),
        };
        let config = EcsConfig {
            cluster: reader.text("ECS_CLUSTER"),
            instance_attributes: reader.attributes()?,
            reserved_memory: reader.reserved_memory(),
            disable_privileged: reader.yes("ECS_DISABLE_PRIVILEGED"),
            log_level: reader.log_level(),
            image_pull_behavior: reader.pull_behavior(),
            engine_task_cleanup_wait_duration: reader
                .cleanup_wait(default.engine_task_cleanup_wait_duration),
            container_create_timeout: reader.timeout(
                "ECS_CONTAINER_CREATE_TIMEOUT",
                default.container_create_timeout,
                60,
            ),
            container_start_timeout: reader.timeout(
                "ECS_CONTAINER_START_TIMEOUT",
                default.container_start_timeout,
                45,
            ),
            container_stop_timeout: reader.timeout(
                "ECS_CONTAINER_STOP_TIMEOUT",
                default.container_stop_timeout,
                1,
            ),
            manifest_pull_timeout: reader.timeout(
                "ECS_MANIFEST_PULL_TIMEOUT",
                default.manifest_pull_timeout,
                30,
            ),
            image_pull_timeout: reader.timeout(
                "ECS_IMAGE_PULL_TIMEOUT",
                default.image_pull_timeout,
                1,
            ),
            image_pull_inactivity_timeout: reader.timeout(
                "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
                default.image_pull_inactivity_timeout,
                60,
            ),
            available_logging_drivers: Some(reader.logging_drivers()?),
            enable_awslogs_executionrole_override: reader
                .yes("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE"),
            enable_task_iam_role: reader.yes("ECS_ENABLE_TASK_IAM_ROLE"),
            enable_task_iam_role_network_host: reader.yes("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST"),
            enable_task_cpu_mem_limit: reader.text("ECS_ENABLE_TASK_CPU_MEM_LIMIT").is_none()
                || reader.yes("ECS_ENABLE_TASK_CPU_MEM_LIMIT"),
        };
        Ok(Self {
            config,
            warnings: reader.warnings,
        })
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let text = (self.lookup)(name)?;
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// AWS: what is not a yes or no is warned about, and is no.
    fn yes(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            Some("true" | "TRUE" | "True" | "t" | "T" | "1") => true,
            None | Some("false" | "FALSE" | "False" | "f" | "F" | "0") => false,
            Some(other) => {
                let warning = format!(
                    "Invalid format for {name}, expected boolean, got {other}; it counts as false"
                );
                self.warnings.push(warning);
                false
            }
        }
    }

    /// A duration; `None` where there is none, and 0 is none.
    fn duration(&mut self, name: &str) -> Option<Parsed> {
        let text = self.text(name)?;
        match parse_go_duration(&text) {
            Some(Parsed::Positive(Duration::ZERO)) => None,
            Some(parsed) => Some(parsed),
            None => {
                let warning = format!(
                    "Could not parse duration value: {text} for Environment Variable {name}; the default counts"
                );
                self.warnings.push(warning);
                None
            }
        }
    }

    /// AWS: a time that is too short becomes the shortest one.
    fn timeout(&mut self, name: &str, default: Duration, least_secs: u64) -> Duration {
        let least = Duration::from_secs(least_secs);
        match self.duration(name) {
            None => default,
            Some(Parsed::Positive(given)) if given >= least => given,
            Some(given) => {
                let warning = format!(
                    "Discarded invalid value for {name}, parsed as: {given}; the minimum of {least:?} counts"
                );
                self.warnings.push(warning);
                least
            }
        }
    }

    /// AWS: this one becomes the default where it is too short.
    fn cleanup_wait(&mut self, default: Duration) -> Duration {
        const NAME: &str = "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION";
        match self.duration(NAME) {
            None => default,
            Some(Parsed::Positive(given)) if given >= Duration::from_secs(1) => given,
            Some(given) => {
                self.warnings.push(format!(
                    "Invalid value for {NAME}, will be overridden with the default value: 3h0m0s. Parsed value: {given}, minimum value: 1s."
                ));
                default
            }
        }
    }

    fn reserved_memory(&mut self) -> u16 {
        let Some(text) = self.text("ECS_RESERVED_MEMORY") else {
            return 0;
        };
        text.parse().unwrap_or_else(|_| {
            let warning = format!("Invalid format for ECS_RESERVED_MEMORY environment variable, expected unsigned integer, got {text}; nothing is reserved");
            self.warnings.push(warning);
            0
        })
    }

    fn log_level(&mut self) -> Option<LogLevel> {
        let text = self.text("ECS_LOGLEVEL")?;
        match text.to_ascii_lowercase().as_str() {
            "debug" => Some(LogLevel::Debug),
            "info" => Some(LogLevel::Info),
            "warn" => Some(LogLevel::Warn),
            "error" | "crit" => Some(LogLevel::Error),
            _ => {
                let warning =
                    format!("log level {text} is not one of crit, error, warn, info, debug");
                self.warnings.push(warning);
                None
            }
        }
    }

    fn pull_behavior(&mut self) -> ImagePullBehavior {
        match self.text("ECS_IMAGE_PULL_BEHAVIOR").as_deref() {
            None | Some("default") => ImagePullBehavior::Default,
            Some("always") => ImagePullBehavior::Always,
            Some("once") => ImagePullBehavior::Once,
            Some("prefer-cached") => ImagePullBehavior::PreferCached,
            Some(other) => {
                let warning = format!(
                    "ECS_IMAGE_PULL_BEHAVIOR={other} is not one of default, always, once, prefer-cached; the default counts"
                );
                self.warnings.push(warning);
                ImagePullBehavior::Default
            }
        }
    }

    fn attributes(&self) -> Result<BTreeMap<String, String>, InvalidSetting> {
        let Some(text) = self.text("ECS_INSTANCE_ATTRIBUTES") else {
            return Ok(BTreeMap::new());
        };
        serde_json::from_str(&text).map_err(|error| {
            InvalidSetting(format!(
                "Invalid format for ECS_INSTANCE_ATTRIBUTES. Expected a json hash: {error}"
            ))
        })
    }

    fn logging_drivers(&mut self) -> Result<Vec<String>, InvalidSetting> {
        let default = || DEFAULT_DRIVERS.map(str::to_owned).to_vec();
        let Some(text) = self.text("ECS_AVAILABLE_LOGGING_DRIVERS") else {
            return Ok(default());
        };
        let Ok(drivers) = serde_json::from_str::<Vec<String>>(&text) else {
            self.warnings.push(
                "Invalid format for \"ECS_AVAILABLE_LOGGING_DRIVERS\" environment variable; expected a JSON array like [\"json-file\",\"syslog\"]; the default counts".to_owned(),
            );
            return Ok(default());
        };
        let unknown: Vec<&str> = drivers
            .iter()
            .map(String::as_str)
            .filter(|driver| !DRIVERS.contains(driver))
            .collect();
        if unknown.is_empty() {
            Ok(drivers)
        } else {
            Err(InvalidSetting(format!(
                "Invalid logging drivers: {}",
                unknown.join(", ")
            )))
        }
    }
}

/// What a text says as a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parsed {
    Positive(Duration),
    Negative(Duration),
}

impl std::fmt::Display for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Positive(duration) => write!(f, "{duration:?}"),
            Self::Negative(duration) => write!(f, "-{duration:?}"),
        }
    }
}

/// A duration as Go writes it: numbers with units, the larger ones first.
fn parse_go_duration(text: &str) -> Option<Parsed> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(Parsed::Negative(positive(rest)?));
    }
    let rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Parsed::Positive(Duration::ZERO));
    }
    positive(rest).map(Parsed::Positive)
}

fn positive(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = next;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ReadConfig, InvalidSetting> {
        ReadConfig::from_variables(|name| {
            let mut variables = variables.iter();
            let found = variables.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn accepted(variables: &[(&str, &str)]) -> EcsConfig {
        let read = read(variables).unwrap();
        assert_eq!(read.warnings, Vec::<String>::new());
        read.config
    }

    #[test]
    fn what_is_not_set_is_as_the_agent_has_it() {
        let config = accepted(&[]);
        let drivers = vec!["json-file".to_owned(), "none".to_owned()];
        assert_eq!(config.available_logging_drivers, Some(drivers));
        assert_eq!(
            EcsConfig {
                available_logging_drivers: None,
                ..config
            },
            EcsConfig::default()
        );
    }

    #[test]
    fn settings_come_from_ecs_variables() {
        let config = accepted(&[
            ("ECS_CLUSTER", "web"),
            ("ECS_INSTANCE_ATTRIBUTES", r#"{"stack":"prod"}"#),
            ("ECS_RESERVED_MEMORY", "256"),
            ("ECS_DISABLE_PRIVILEGED", "true"),
            ("ECS_LOGLEVEL", "warn"),
            ("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached"),
            ("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "1h30m"),
            ("ECS_CONTAINER_START_TIMEOUT", "1.5h"),
            (
                "ECS_AVAILABLE_LOGGING_DRIVERS",
                r#"["json-file","awslogs"]"#,
            ),
            ("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", "1"),
        ]);
        let expected = EcsConfig {
            cluster: Some("web".into()),
            instance_attributes: [("stack".to_owned(), "prod".to_owned())].into(),
            reserved_memory: 256,
            disable_privileged: true,
            log_level: Some(LogLevel::Warn),
            image_pull_behavior: ImagePullBehavior::PreferCached,
            engine_task_cleanup_wait_duration: Duration::from_mins(90),
            container_start_timeout: Duration::from_mins(90),
            available_logging_drivers: Some(vec!["json-file".into(), "awslogs".into()]),
            enable_awslogs_executionrole_override: true,
            ..EcsConfig::default()
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn what_is_too_short_becomes_the_minimum_or_the_default_with_a_warning() {
        let cases = [
            ("ECS_CONTAINER_START_TIMEOUT", "1s", 45),
            ("ECS_CONTAINER_START_TIMEOUT", "-10s", 45),
            ("ECS_CONTAINER_STOP_TIMEOUT", "10ms", 1),
            ("ECS_CONTAINER_CREATE_TIMEOUT", "5s", 60),
        ];
        for (name, text, seconds) in cases {
            let read = read(&[(name, text)]).unwrap();
            let config = read.config;
            let got = match name {
                "ECS_CONTAINER_START_TIMEOUT" => config.container_start_timeout,
                "ECS_CONTAINER_STOP_TIMEOUT" => config.container_stop_timeout,
                _ => config.container_create_timeout,
            };
            assert_eq!(got, Duration::from_secs(seconds), "{name}={text}");
            assert!(read.warnings.concat().contains(name), "{:?}", read.warnings);
        }
        let read = read(&[("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "1ms")]).unwrap();
        assert_eq!(
            read.config.engine_task_cleanup_wait_duration,
            Duration::from_hours(3)
        );
        assert!(read.warnings.concat().contains("minimum value: 1s"));
    }

    #[test]
    fn what_cannot_be_read_is_warned_about_and_left_at_its_default() {
        for (name, text) in [
            ("ECS_CONTAINER_STOP_TIMEOUT", "soon"),
            ("ECS_AVAILABLE_LOGGING_DRIVERS", "json-file"),
            ("ECS_IMAGE_PULL_BEHAVIOR", "never"),
            ("ECS_RESERVED_MEMORY", "-1"),
            ("ECS_DISABLE_PRIVILEGED", "maybe"),
            ("ECS_LOGLEVEL", "loud"),
        ] {
            let read = read(&[(name, text)]).unwrap();
            assert_eq!(read.config, accepted(&[]), "{name}");
            assert_eq!(read.warnings.len(), 1, "{name}");
        }
        // A zero is nothing at all.
        assert_eq!(
            accepted(&[("ECS_CONTAINER_STOP_TIMEOUT", "0s")]),
            accepted(&[])
        );
    }

    #[test]
    fn with_unknown_drivers_and_broken_attributes_the_agent_does_not_start() {
        let drivers = [("ECS_AVAILABLE_LOGGING_DRIVERS", r#"["a","json-file","b"]"#)];
        assert_eq!(
            read(&drivers).unwrap_err().to_string(),
            "Invalid logging drivers: a, b"
        );
        let attributes = [("ECS_INSTANCE_ATTRIBUTES", "stack=prod")];
        let error = read(&attributes).unwrap_err().to_string();
        assert!(
            error.starts_with("Invalid format for ECS_INSTANCE_ATTRIBUTES. Expected a json hash: ")
        );
    }
}
