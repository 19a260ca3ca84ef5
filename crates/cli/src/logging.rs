//! The operator's log, on standard error.

use std::{io::IsTerminal as _, str::FromStr as _};

use anyhow::{Result, bail};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Our own crates. INVARIANT: no other target is ever enabled, at any level: libraries log what they handle, and the
/// Docker client logs the bodies of container creations, secrets included.
const OWN_TARGETS: [&str; 10] = [
    "sealift", "server", "agent", "domain", "api", "store", "ecs", "policy", "crypto", "types",
];

/// Starts logging at the level that `SEALIFT_LOG` names (`error`, `warn`, `info`, `debug`, `trace`, `off`). What the agent
/// logs, its own configuration may say otherwise.
pub fn start(default: LevelFilter, agent: Option<LevelFilter>) -> Result<()> {
    let level = match std::env::var("SEALIFT_LOG") {
        Err(_) => default,
        Ok(text) => match LevelFilter::from_str(&text) {
            Ok(level) => level,
            Err(_) => bail!("SEALIFT_LOG must be one of off, error, warn, info, debug, trace"),
        },
    };
    let own = Targets::new()
        .with_targets(OWN_TARGETS.map(|target| (target, level)))
        .with_target("agent", agent.unwrap_or(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(own).with(lines).init();
    Ok(())
}
