//! The configuration of ECS's agent: its variables, over its file, over what ECS's installer sets up.

use std::{env, fs, io, path::Path};

use agent::{EcsConfig, LogLevel, ReadConfig, Wording};
use anyhow::{Context as _, Result};
use tracing_subscriber::filter::LevelFilter;

/// Where ECS's own agent is configured, if this host has it.
const ECS_CONFIG: &str = "/etc/ecs/ecs.config";
/// What ECS's installer sets up beyond the agent's own defaults.
const INSTALLED: &str = "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
ECS_ENABLE_TASK_IAM_ROLE=true
ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true
";

/// Reads the configuration, from the file that the user named or from where ECS has it.
pub fn read(named: Option<&Path>) -> Result<ReadConfig> {
    let path = named.unwrap_or(Path::new(ECS_CONFIG));
    let file = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
        }
    };
    let variable = |name: &str| env::var(name).ok();
    let mut read = ReadConfig::from_variables(|name| {
        let text = file.as_deref().unwrap_or(INSTALLED);
        variable(name).or_else(|| in_file(text, name))
    })
    .context("the configuration of the agent")?;
    if file.is_none() && variable("ECS_AVAILABLE_LOGGING_DRIVERS").is_none() {
        // Whatever the engine has.
        read.config.available_logging_drivers = None;
    }
    Ok(read)
}

/// Whose words the reasons of stopped tasks have.
pub fn wording() -> Result<Wording> {
    let named = env::var("SEALIFT_AGENT_WORDING").ok();
    Ok(Wording::parse(named.as_deref())?)
}

/// The value of a variable in a file of `NAME=value` lines; of two, the last.
fn in_file(text: &str, name: &str) -> Option<String> {
    let lines = text
        .lines()
        .map(|line| line.trim_start().trim_start_matches("export "))
        .filter(|line| !line.starts_with('#'));
    let mut pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .rfind(|(key, _)| key.trim() == name)
        .map(|(_, value)| unquoted(value.trim()).to_owned())
}

/// Shells and systemd take quotation marks around a value away.
fn unquoted(value: &str) -> &str {
    for mark in ['"', '\''] {
        let inside = value.strip_prefix(mark).and_then(|v| v.strip_suffix(mark));
        if let Some(inside) = inside {
            return inside;
        }
    }
    value
}

/// How much the agent logs by its own configuration.
pub fn log_level(config: &EcsConfig) -> Option<LevelFilter> {
    config.log_level.map(|level| match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_its_comments_and_quotation_marks() {
        let text = "# ECS_CLUSTER=not this\n ECS_CLUSTER = web \nECS_LOGLEVEL=\"warn\"\nexport A='b c'\nECS_LOGLEVEL=info";
        assert_eq!(in_file(text, "ECS_CLUSTER").as_deref(), Some("web"));
        assert_eq!(in_file(text, "ECS_LOGLEVEL").as_deref(), Some("info"));
        assert_eq!(in_file(text, "A").as_deref(), Some("b c"));
        assert_eq!(in_file(text, "ECS_RESERVED_MEMORY"), None);
        let drivers = "ECS_AVAILABLE_LOGGING_DRIVERS=[\"json-file\"]";
        assert_eq!(
            in_file(drivers, "ECS_AVAILABLE_LOGGING_DRIVERS").as_deref(),
            Some("[\"json-file\"]")
        );
    }
}
