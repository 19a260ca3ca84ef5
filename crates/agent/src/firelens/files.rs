//! What a router mounts: its configuration, and the directory in which it makes its socket. They go with the task.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::fs;

/// The longest path that a socket can have.
const LONGEST_SOCKET: usize = 107;
const SOCKET: &str = "fluent.sock";

/// Where sockets are whose path in the data directory would be too long.
const SHORT: &str = "/run/sealift/firelens";

/// The files of one task's router, below the agent's data directory.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    root: PathBuf,
    sockets: PathBuf,
}

impl Files {
    pub fn of_task(data_dir: &Path, task_id: &str) -> Self {
        let root = data_dir.join("firelens").join(task_id);
        let mut sockets = root.join("socket");
        if sockets.join(SOCKET).as_os_str().len() > LONGEST_SOCKET {
            sockets = Path::new(SHORT).join(task_id);
        }
        Self { root, sockets }
    }

    pub fn config(&self) -> PathBuf {
        self.root.join("config").join("fluent.conf")
    }

    pub fn socket_directory(&self) -> PathBuf {
        self.sockets.clone()
    }

    pub fn socket(&self) -> PathBuf {
        self.sockets.join(SOCKET)
    }

    /// Makes the directories and writes the configuration, whole or not at all.
    pub async fn write(&self, config: &str) -> io::Result<()> {
        fs::create_dir_all(&self.sockets).await?;
        fs::create_dir_all(self.root.join("config")).await?;
        let new = self.root.join("config").join("fluent.conf.new");
        fs::write(&new, config).await?;
        fs::rename(new, self.config()).await
    }

    /// Removes them. Where there are none, nothing is left to do.
    pub async fn remove(&self) -> io::Result<()> {
        for directory in [&self.sockets, &self.root] {
            match fs::remove_dir_all(directory).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
