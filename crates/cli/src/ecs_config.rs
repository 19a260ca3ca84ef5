//! The configuration of ECS's agent: its variables, over its file, over what ECS's installer sets up.

use std::{env, fs, io, path::Path, sync::Arc};

use agent::{EcsConfig, HostLogins, LogLevel, ReadConfig, Wording};
use anyhow::{Context as _, Result};
use tracing_subscriber::filter::LevelFilter;
use types::SecretValue;

/// Where ECS's own agent is configured, if this host has it.
const ECS_CONFIG: &str = "/etc/ecs/ecs.config";
/// What ECS's installer sets up beyond the agent's own defaults.
const INSTALLED: &str = "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
ECS_ENABLE_TASK_IAM_ROLE=true
ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true
";

/// Reads the configuration, from the file that the user named or from where ECS has it.
pub fn read(named: Option<&Path>) -> Result<ReadConfig> {
    let file = file(named)?;
    let mut read = ReadConfig::from_variables(|name| lookup(file.as_deref(), name))
        .context("the configuration of the agent")?;
    if file.is_none() && env::var("ECS_AVAILABLE_LOGGING_DRIVERS").is_err() {
        // Whatever the engine has.
        read.config.available_logging_drivers = None;
    }
    Ok(read)
}

/// What the agent is told beside ECS's plain settings.
pub struct Around {
    /// Whose words the reasons of stopped tasks have.
    pub wording: Wording,
    pub logins: Arc<HostLogins>,
}

/// Reads it from the same places.
pub fn around(named: Option<&Path>) -> Result<Around> {
    let file = file(named)?;
    let of = |name| lookup(file.as_deref(), name);
    let data = of("ECS_ENGINE_AUTH_DATA").map(SecretValue::from);
    let logins = HostLogins::parse(of("ECS_ENGINE_AUTH_TYPE").as_deref(), data.as_ref())?;
    let wording = env::var("SEALIFT_AGENT_WORDING").ok();
    Ok(Around {
        wording: Wording::parse(wording.as_deref())?,
        logins: Arc::new(logins),
    })
}

/// The text of the file, if there is one.
fn file(named: Option<&Path>) -> Result<Option<String>> {
    let path = named.unwrap_or(Path::new(ECS_CONFIG));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

fn lookup(file: Option<&str>, name: &str) -> Option<String> {
    let variable = env::var(name).ok();
    variable.or_else(|| in_file(file.unwrap_or(INSTALLED), name))
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
