//! What an agent of a host knows of itself over restarts: which container instance it is. Nothing of it is secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use types::{Entropy, Region};

/// The state, and where it is kept.
#[derive(Debug)]
pub struct AgentState {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    /// Tells this agent's containers from those of others on the same engine.
    installation: String,
    cluster: String,
    region: String,
    container_instance_arn: Option<String>,
}

impl AgentState {
    /// What was kept in this directory, else a beginning, which is written at once: containers are found by it.
    pub fn open(dir: &Path, cluster: &str, region: &Region, entropy: &dyn Entropy) -> Result<Self> {
        let path = dir.join("agent.json");
        let kept: Kept = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("`{}` is not what an agent keeps", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let state = Self {
                    path,
                    kept: Kept {
                        installation: entropy.hex::<8>(),
                        cluster: cluster.to_owned(),
                        region: region.to_string(),
                        container_instance_arn: None,
                    },
                };
                state.write()?;
                return Ok(state);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        if kept.cluster != cluster || kept.region != region.as_str() {
            bail!(
                "this host is a container instance of the cluster `{}` in {}, not of `{cluster}` in {region}; \
                 name another place with --data-dir to join that one too",
                kept.cluster,
                kept.region
            );
        }
        Ok(Self { path, kept })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn installation(&self) -> &str {
        &self.kept.installation
    }

    pub fn container_instance_arn(&self) -> Option<&str> {
        self.kept.container_instance_arn.as_deref()
    }

    /// Keeps which container instance this is.
    pub fn remember(&mut self, container_instance_arn: &str) -> Result<()> {
        if self.container_instance_arn() == Some(container_instance_arn) {
            return Ok(());
        }
        self.kept.container_instance_arn = Some(container_instance_arn.to_owned());
        self.write()
    }

    /// Whole or not at all, and there after a loss of power.
    fn write(&self) -> Result<()> {
        let beside = self.path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&serde_json::to_vec(&self.kept)?)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            let dir = self.path.parent().unwrap_or(Path::new("."));
            File::open(dir)?.sync_all()
        };
        write().with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use types::OsEntropy;

    use super::*;

    #[test]
    fn an_agent_is_who_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let region: Region = "eu-west-1".parse().unwrap();
        let open = |cluster| AgentState::open(dir.path(), cluster, &region, &OsEntropy);
        let mut state = open("web").unwrap();
        assert_eq!(state.container_instance_arn(), None);
        state
            .remember("arn:aws:ecs:eu-west-1:1:container-instance/web/a")
            .unwrap();
        let again = open("web").unwrap();
        assert_eq!(again.kept, state.kept);
        let refused = open("other").unwrap_err().to_string();
        assert!(refused.contains("cluster `web` in eu-west-1"), "{refused}");
        fs::write(state.path(), "{}").unwrap();
        assert!(open("web").is_err());
    }
}
