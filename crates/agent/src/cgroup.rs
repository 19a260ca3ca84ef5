//! The limits of a whole task: a cgroup above those of its containers.
//!
//! Where this process may not make one, a container that is alone in its task takes the limits itself, which comes to
//! the same. Several containers without a cgroup above them could take more than their task has, so they do not start.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use ecs::acs::Task;

use crate::runtime::{CgroupDriver, Engine, TaskLimits};

/// Over how many microseconds a share of CPU time is measured.
const PERIOD: i64 = 100_000;
const SHARES_PER_CPU: f64 = 1024.0;
const FEWEST_SHARES: i64 = 2;
/// What a kernel takes at least as a share of the period, and at most as a weight.
const SMALLEST_QUOTA: i64 = 1000;
const GREATEST_WEIGHT: i64 = 10_000;
const MIB: i64 = 1024 * 1024;
const NANOS_PER_CPU: f64 = 1e9;

/// Where a cgroup of version 2 says what those below it are limited in, and what that is.
const CONTROL: &str = "cgroup.subtree_control";
const CONTROLLERS: &str = "+cpu +memory";

/// Below this directory every task has its own, as with ECS's agent.
const PARENT: &str = "ecs";

/// The host's cgroups, as the engine uses them.
#[derive(Debug, Clone)]
pub(crate) struct Cgroups {
    root: PathBuf,
    driver: Option<CgroupDriver>,
    unified: bool,
    /// The program that speaks to systemd.
    busctl: PathBuf,
}

/// What a task may use.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limits {
    cpus: Option<f64>,
    memory: Option<i64>,
    /// Beside other tasks.
    shares: i64,
}

/// Why a task cannot be limited.
#[derive(Debug, thiserror::Error)]
#[error(
    "the CPU and memory of the task cannot be limited on this host: {0}; the agent needs the right to make cgroups, or ECS_ENABLE_TASK_CPU_MEM_LIMIT=false to do without"
)]
pub(crate) struct NoLimits(#[from] io::Error);

impl Cgroups {
    pub fn of(engine: &Engine) -> Self {
        Self {
            root: PathBuf::from("/sys/fs/cgroup"),
            // An engine elsewhere has cgroups elsewhere.
            driver: engine.cgroup_driver.filter(|_| is_local_engine()),
            unified: engine.unified_cgroups,
            busctl: PathBuf::from("busctl"),
        }
    }

    /// Makes the limits of the task hold, and says how its containers come under them. It may be asked again.
    pub fn limit(&self, task: &Task) -> Result<TaskLimits, NoLimits> {
        let Some(limits) = Limits::of(task) else {
            return Ok(TaskLimits::default());
        };
        match self.make(&limits, task_id(&task.arn)) {
            Ok(parent) => Ok(TaskLimits {
                cgroup_parent: Some(parent),
                ..TaskLimits::default()
            }),
            Err(error) if task.containers.len() == 1 => {
                tracing::debug!(task.arn = task.arn, %error, "the container has the limits of its task");
                Ok(limits.of_the_only_container())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what [`limit`](Self::limit) made, once no container is left in it.
    pub fn release(&self, task_arn: &str) {
        let id = task_id(task_arn);
        if self.driver == Some(CgroupDriver::Systemd) {
            // A task without limits has no slice, and one that is gone is gone.
            let stop = ["StopUnit", "ss", &slice(id), "replace"].map(str::to_owned);
            let _ = self.systemd(&stop);
            return;
        }
        for directory in self.all_directories() {
            // One that is in use stays, and is removed when its containers are.
            let _ = fs::remove_dir(directory.join(PARENT).join(id));
        }
    }

    fn make(&self, limits: &Limits, id: &str) -> io::Result<String> {
        match self.driver {
            Some(CgroupDriver::Cgroupfs) => {
                for directory in self.directories() {
                    self.make_directory(&directory, id)?;
                }
                for File {
                    hierarchy,
                    name,
                    value,
                } in limits.files(self.unified)
                {
                    let directory = self.root.join(hierarchy).join(PARENT).join(id);
                    set(&directory.join(name), &value)?;
                }
                Ok(format!("/{PARENT}/{id}"))
            }
            Some(CgroupDriver::Systemd) => {
                self.systemd(&start_slice(id, &limits.properties(self.unified)))?;
                Ok(slice(id))
            }
            None => Err(io::Error::other("the engine's cgroups are not this host's")),
        }
    }

    /// The hierarchies that have limits of CPU and memory.
    fn directories(&self) -> Vec<PathBuf> {
        if self.unified {
            vec![self.root.clone()]
        } else {
            vec![self.root.join("cpu"), self.root.join("memory")]
        }
    }

    /// Makes the call. A unit that is there already is as good as a new one.
    fn systemd(&self, call: &[String]) -> io::Result<()> {
        let done = call_of_systemd(&self.busctl, call).output()?;
        let complaint = String::from_utf8_lossy(&done.stderr);
        if done.status.success() || complaint.contains("already") {
            Ok(())
        } else {
            Err(io::Error::other(complaint.trim().to_owned()))
        }
    }

    /// Every hierarchy there is: the engine makes directories for a container's parent in all of them, and removes none
    /// but the container's own.
    fn all_directories(&self) -> Vec<PathBuf> {
        if self.unified {
            return vec![self.root.clone()];
        }
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    fn make_directory(&self, root: &Path, id: &str) -> io::Result<()> {
        let parent = root.join(PARENT);
        if self.unified {
            set(&root.join(CONTROL), CONTROLLERS)?;
        }
        make_if_missing(&parent)?;
        if self.unified {
            set(&parent.join(CONTROL), CONTROLLERS)?;
        }
        make_if_missing(&parent.join(id))
    }
}

/// Writes to a file of the kernel's. Where there is none, nothing would be limited: it is never made.
fn set(file: &Path, value: &str) -> io::Result<()> {
    let opened = OpenOptions::new().write(true).open(file);
    opened
        .and_then(|mut file| file.write_all(value.as_bytes()))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

fn make_if_missing(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// A file of a cgroup, and what is written to it.
#[derive(Debug, PartialEq)]
struct File {
    /// The directory of the hierarchy; empty where there is only one.
    hierarchy: &'static str,
    name: &'static str,
    value: String,
}

impl Limits {
    /// `None` where the task as a whole has no limit.
    fn of(task: &Task) -> Option<Self> {
        let cpus = task.cpu.filter(|cpus| *cpus > 0.0);
        let memory = task.memory.filter(|mib| *mib > 0);
        if cpus.is_none() && memory.is_none() {
            return None;
        }
        let of_containers: i64 = task.containers.iter().map(|c| c.cpu).sum();
        Some(Self {
            cpus,
            memory: memory.map(|mib| mib.saturating_mul(MIB)),
            shares: cpus
                .map_or(of_containers, |cpus| whole(cpus * SHARES_PER_CPU))
                .max(FEWEST_SHARES),
        })
    }

    fn of_the_only_container(&self) -> TaskLimits {
        TaskLimits {
            cgroup_parent: None,
            nano_cpus: self.cpus.map(|cpus| whole(cpus * NANOS_PER_CPU)),
            memory_bytes: self.memory,
        }
    }

    fn quota(&self) -> Option<i64> {
        #[expect(clippy::cast_precision_loss, reason = "the period is a small number")]
        let period = PERIOD as f64;
        let quota = |cpus| whole(cpus * period).max(SMALLEST_QUOTA);
        self.cpus.map(quota)
    }

    /// The same share of the processor in the scale of cgroup v2.
    fn weight(&self) -> i64 {
        (1 + (self.shares - 2) * 9999 / 262_142).min(GREATEST_WEIGHT)
    }

    fn files(&self, unified: bool) -> Vec<File> {
        let file = |hierarchy, name, value| File {
            hierarchy,
            name,
            value,
        };
        let mut files = Vec::new();
        if unified {
            files.push(file("", "cpu.weight", self.weight().to_string()));
            files.extend(
                self.quota()
                    .map(|q| file("", "cpu.max", format!("{q} {PERIOD}"))),
            );
            files.extend(self.memory.map(|m| file("", "memory.max", m.to_string())));
        } else {
            files.push(file("cpu", "cpu.shares", self.shares.to_string()));
            if let Some(quota) = self.quota() {
                files.push(file("cpu", "cpu.cfs_period_us", PERIOD.to_string()));
                files.push(file("cpu", "cpu.cfs_quota_us", quota.to_string()));
            }
            let limit = |m: i64| file("memory", "memory.limit_in_bytes", m.to_string());
            files.extend(self.memory.map(limit));
        }
        files
    }

    /// Name, signature and value of each property of a slice.
    fn properties(&self, unified: bool) -> Vec<[String; 3]> {
        let property =
            |name: &str, value: i64| [name.to_owned(), "t".to_owned(), value.to_string()];
        let mut properties = vec![if unified {
            property("CPUWeight", self.weight())
        } else {
            property("CPUShares", self.shares)
        }];
        let per_second = self.cpus.map(|cpus| whole(cpus * 1e6));
        properties.extend(per_second.map(|micros| property("CPUQuotaPerSecUSec", micros)));
        let memory = if unified { "MemoryMax" } else { "MemoryLimit" };
        properties.extend(self.memory.map(|bytes| property(memory, bytes)));
        properties
    }
}

fn whole(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "CPUs of one task in any unit are far from the limits of 64 bits"
    )]
    let rounded = number.round() as i64;
    rounded
}

fn task_id(task_arn: &str) -> &str {
    task_arn.rsplit('/').next().unwrap_or_default()
}

fn slice(id: &str) -> String {
    format!("ecstasks-{id}.slice")
}

/// The call that starts a slice with these properties.
fn start_slice(id: &str, properties: &[[String; 3]]) -> Vec<String> {
    let mut words = ["StartTransientUnit", "ssa(sv)a(sa(sv))", &slice(id), "fail"]
        .map(str::to_owned)
        .to_vec();
    words.push(properties.len().to_string());
    words.extend(properties.iter().flatten().cloned());
    words.push("0".to_owned());
    words
}

/// A call of a method of systemd's manager.
fn call_of_systemd(busctl: &Path, call: &[String]) -> Command {
    let mut command = Command::new(busctl);
    command
        .args(["--system", "--allow-interactive-authorization=no", "call"])
        .args(["org.freedesktop.systemd1", "/org/freedesktop/systemd1"])
        .arg("org.freedesktop.systemd1.Manager")
        .args(call);
    command
}

fn is_local_engine() -> bool {
    env::var("DOCKER_HOST").map_or(true, |host| host.is_empty() || host.starts_with("unix:"))
}

#[cfg(test)]
mod tests;
