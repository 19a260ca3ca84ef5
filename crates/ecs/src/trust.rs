//! What a task may take of the host it runs on.
//!
//! Whoever may run a task with host paths owns the host, and with it the root key. So host paths, privileged
//! containers, the host's process, IPC and network namespaces and devices are refused until the operator allows them, and
//! sealift's own directories are refused always.

use std::path::{Component, Path, PathBuf};

use api::ecs::{ContainerDefinition, IpcMode, LogConfiguration, NetworkMode, PidMode, Volume};

use crate::task_definition::{Definition, name_of};

/// What the operator allows.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing the operator says yes or no to"
)]
pub struct Allowed<'a> {
    pub privileged: bool,
    pub pid_host: bool,
    pub ipc_host: bool,
    pub network_host: bool,
    pub devices: bool,
    /// Paths with everything below them.
    pub paths: &'a [PathBuf],
    /// Directories that `paths` never reaches.
    pub own: &'a [PathBuf],
}

/// What a task asks of the host and is not given: the text of a `ClientException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(String);

/// Capabilities that reach beyond the container: with any of them its root is the host's.
const HOST_CAPABILITIES: [&str; 15] = [
    "ALL",
    "AUDIT_CONTROL",
    "BPF",
    "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
];

/// Options of log drivers that name a file the engine reads on the host.
const LOG_FILES: [&str; 4] = [
    "splunk-capath",
    "syslog-tls-ca-cert",
    "syslog-tls-cert",
    "syslog-tls-key",
];

/// The path of the host that an option of a log driver leads to, if it leads to one.
pub fn log_path<'a>(option: &str, value: &'a str) -> Option<&'a str> {
    let socket = value
        .strip_prefix("unix")
        .and_then(|rest| rest.split_once("://"))
        .map(|(_, path)| path);
    socket.or(LOG_FILES.contains(&option).then_some(value))
}

/// Refuses a task that asks for more of the host than is allowed. `resolve` follows symbolic links, so that a link
/// inside an allowed path cannot lead out of it.
pub fn check(
    definition: &Definition,
    allowed: Allowed<'_>,
    resolve: impl Fn(&Path) -> PathBuf,
) -> Result<(), NotAllowed> {
    let gate = Gate {
        allowed,
        resolve: &resolve,
    };
    if definition.pid_mode == Some(PidMode::Host) {
        gate.needs(
            allowed.pid_host,
            "the host's process namespace (pidMode host)",
        )?;
    }
    if definition.ipc_mode == Some(IpcMode::Host) {
        gate.needs(allowed.ipc_host, "the host's IPC namespace (ipcMode host)")?;
    }
    // Whoever is in the host's network reads what others send there, reaches what listens on loopback alone, and has
    // the host's addresses, by which the host is told from containers.
    if definition.network_mode == Some(NetworkMode::Host) {
        gate.needs(
            allowed.network_host,
            "the host's network (networkMode host)",
        )?;
    }
    for volume in definition.volumes.iter().flatten() {
        gate.volume(volume)?;
    }
    definition
        .container_definitions
        .iter()
        .try_for_each(|container| gate.container(container))
}

struct Gate<'a> {
    allowed: Allowed<'a>,
    resolve: &'a dyn Fn(&Path) -> PathBuf,
}

impl Gate<'_> {
    #[expect(
        clippy::unused_self,
        reason = "reads as one list of rules with the others"
    )]
    fn needs(&self, allowed: bool, what: &str) -> Result<(), NotAllowed> {
        if allowed {
            Ok(())
        } else {
            Err(NotAllowed(format!(
                "{what} is not allowed on this server; its operator has to allow it first."
            )))
        }
    }

    fn volume(&self, volume: &Volume) -> Result<(), NotAllowed> {
        let host = volume.host.as_ref().and_then(|h| h.source_path.as_deref());
        if let Some(path) = host.filter(|p| !p.is_empty()) {
            self.path(path)?;
        }
        // Docker's `local` driver mounts whatever its options name, a path of the host among it.
        let docker = volume.docker_volume_configuration.as_ref();
        let options = docker.and_then(|d| d.driver_opts.as_ref());
        if options.is_some_and(|o| !o.is_empty()) {
            let name = volume.name.as_deref().unwrap_or_default();
            self.needs(
                self.allowed.privileged,
                &format!("driverOpts of volume '{name}', which can mount any path,"),
            )?;
        }
        Ok(())
    }

    fn container(&self, container: &ContainerDefinition) -> Result<(), NotAllowed> {
        let name = name_of(container);
        if container.privileged == Some(true) {
            let what = format!("The privileged container '{name}'");
            self.needs(self.allowed.privileged, &what)?;
        }
        for option in container.docker_security_options.iter().flatten() {
            if !option.starts_with("no-new-privileges") {
                let what = format!("The security option '{option}' of container '{name}'");
                self.needs(self.allowed.privileged, &what)?;
            }
        }
        if let Some(linux) = &container.linux_parameters {
            if linux.devices.iter().flatten().next().is_some() {
                let what = format!("A device of the host in container '{name}'");
                self.needs(self.allowed.devices, &what)?;
            }
            let added = linux.capabilities.iter().filter_map(|c| c.add.as_ref());
            for capability in added.flatten() {
                if reaches_the_host(capability) {
                    let what = format!("The capability {capability} in container '{name}'");
                    self.needs(self.allowed.privileged, &what)?;
                }
            }
        }
        match &container.log_configuration {
            Some(log) => self.log_configuration(log),
            None => Ok(()),
        }
    }

    /// A log driver runs in the engine: a socket or a file that it is pointed to is one of the host.
    fn log_configuration(&self, log: &LogConfiguration) -> Result<(), NotAllowed> {
        for (name, value) in log.options.iter().flatten() {
            if let Some(path) = log_path(name, value) {
                self.path(path)?;
            }
        }
        Ok(())
    }

    fn path(&self, text: &str) -> Result<(), NotAllowed> {
        let path = Path::new(text);
        let plain = path.is_absolute()
            && path
                .components()
                .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        let real = (self.resolve)(path);
        // Mounting a directory above one of sealift's own would show it all the same.
        let own = |p: &Path| {
            self.allowed
                .own
                .iter()
                .any(|o| p.starts_with(o) || o.starts_with(p))
        };
        if own(path) || own(&real) {
            return Err(NotAllowed(format!(
                "The host path '{text}' reaches the server's own directories, which no task may mount."
            )));
        }
        let below = |p: &Path| {
            self.allowed
                .paths
                .iter()
                .any(|allowed| p.starts_with(allowed))
        };
        self.needs(
            plain && below(path) && self.below_resolved(&real),
            &format!("The host path '{text}'"),
        )
    }

    /// Allowed paths may be links themselves.
    fn below_resolved(&self, real: &Path) -> bool {
        let mut allowed = self.allowed.paths.iter();
        allowed.any(|path| real.starts_with((self.resolve)(path)))
    }
}

fn reaches_the_host(capability: &str) -> bool {
    let upper = capability.to_ascii_uppercase();
    let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
    HOST_CAPABILITIES.contains(&name)
}

#[cfg(test)]
mod tests {
    use api::ecs::{
        DockerVolumeConfiguration, HostVolumeProperties, KernelCapabilities, LinuxParameters,
        LogDriver,
    };

    use super::*;
    use crate::task_definition::tests::{container, definition};

    fn with_path(path: &str) -> Definition {
        let mut definition = definition(vec![container("app")]);
        definition.volumes = Some(vec![Volume {
            name: Some("v".into()),
            host: Some(HostVolumeProperties {
                source_path: Some(path.into()),
            }),
            ..Volume::default()
        }]);
        definition
    }

    fn as_it_is(path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn reads(definition: &Definition, allowed: Allowed<'_>) -> bool {
        check(definition, allowed, as_it_is).is_ok()
    }

    #[test]
    fn host_paths_are_allowed_by_prefix_of_whole_names() {
        let paths = [PathBuf::from("/srv/data")];
        let own = [PathBuf::from("/srv/data/sealift")];
        let allowed = Allowed {
            paths: &paths,
            own: &own,
            ..Allowed::default()
        };
        for good in ["/srv/data", "/srv/data/x/y"] {
            assert_eq!(
                reads(&with_path(good), allowed),
                good != "/srv/data",
                "{good}"
            );
        }
        for bad in [
            "/srv/database",
            "/srv",
            "/",
            "/srv/data/../etc",
            "srv/data",
            "/srv/data/sealift/root.key",
            "/var/run/docker.sock",
        ] {
            assert!(!reads(&with_path(bad), allowed), "{bad}");
        }
        assert!(!reads(&with_path("/srv/data/x"), Allowed::default()));
    }

    #[test]
    fn own_directories_are_refused_even_where_everything_is_allowed() {
        let paths = [PathBuf::from("/")];
        let own = [PathBuf::from("/root/.config/sealift")];
        let allowed = Allowed {
            privileged: true,
            paths: &paths,
            own: &own,
            ..Allowed::default()
        };
        assert!(reads(&with_path("/etc"), allowed));
        for bad in ["/root", "/root/.config/sealift/root.key", "/"] {
            assert!(!reads(&with_path(bad), allowed), "{bad}");
        }
    }

    #[test]
    fn a_link_inside_an_allowed_path_does_not_lead_out_of_it() {
        let paths = [PathBuf::from("/srv/data")];
        let allowed = Allowed {
            paths: &paths,
            ..Allowed::default()
        };
        let resolve = |path: &Path| {
            if path.starts_with("/srv/data/link") {
                PathBuf::from("/root")
            } else {
                path.to_owned()
            }
        };
        assert!(check(&with_path("/srv/data/link"), allowed, resolve).is_err());
        assert!(check(&with_path("/srv/data/plain"), allowed, resolve).is_ok());
    }

    #[test]
    fn a_volume_without_a_path_needs_no_permission() {
        let mut definition = with_path("");
        assert!(reads(&definition, Allowed::default()));
        definition.volumes.as_mut().unwrap()[0].host = None;
        assert!(reads(&definition, Allowed::default()));
    }

    #[test]
    fn driver_options_could_mount_any_path() {
        let mut definition = with_path("");
        definition.volumes.as_mut().unwrap()[0] = Volume {
            name: Some("v".into()),
            docker_volume_configuration: Some(DockerVolumeConfiguration {
                driver_opts: Some([("device".to_owned(), "/etc".to_owned())].into()),
                ..DockerVolumeConfiguration::default()
            }),
            ..Volume::default()
        };
        assert!(!reads(&definition, Allowed::default()));
    }

    #[test]
    fn privileges_are_refused_unless_allowed() {
        let privileged = Allowed {
            privileged: true,
            ..Allowed::default()
        };
        let mut plain = container("app");
        plain.privileged = Some(true);
        let mut capable = container("app");
        capable.linux_parameters = Some(LinuxParameters {
            capabilities: Some(KernelCapabilities {
                add: Some(vec!["cap_sys_admin".into()]),
                drop: None,
            }),
            ..LinuxParameters::default()
        });
        let mut unconfined = container("app");
        unconfined.docker_security_options = Some(vec!["seccomp=unconfined".into()]);
        for container in [plain, capable, unconfined] {
            let definition = definition(vec![container]);
            assert!(!reads(&definition, Allowed::default()));
            assert!(reads(&definition, privileged));
        }
        let mut pid = definition(vec![container("app")]);
        pid.pid_mode = Some(PidMode::Host);
        assert!(!reads(&pid, privileged));
    }

    #[test]
    fn harmless_settings_need_no_permission() {
        let mut app = container("app");
        app.docker_security_options = Some(vec!["no-new-privileges".into()]);
        app.linux_parameters = Some(LinuxParameters {
            capabilities: Some(KernelCapabilities {
                add: Some(vec!["NET_BIND_SERVICE".into()]),
                drop: Some(vec!["ALL".into()]),
            }),
            ..LinuxParameters::default()
        });
        assert!(reads(&definition(vec![app]), Allowed::default()));
    }

    #[test]
    fn a_log_driver_may_not_be_pointed_at_a_socket_of_the_host() {
        let mut app = container("app");
        let mut log = LogConfiguration {
            log_driver: LogDriver::Fluentd,
            options: Some(
                [(
                    "fluentd-address".to_owned(),
                    "unix:///var/run/docker.sock".to_owned(),
                )]
                .into(),
            ),
            secret_options: None,
        };
        app.log_configuration = Some(log.clone());
        assert!(!reads(&definition(vec![app.clone()]), Allowed::default()));
        log.options = Some([("fluentd-address".to_owned(), "tcp://logs:24224".to_owned())].into());
        app.log_configuration = Some(log);
        assert!(reads(&definition(vec![app]), Allowed::default()));
    }
}
