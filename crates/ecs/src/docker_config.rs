//! What travels to the agent in Docker's own notation: everything that the messages have no member for.
//!
//! INVARIANT: `Env` is never written. It would replace every variable the agent computes, secrets included.

use api::ecs::{
    ContainerDefinition, DeviceCgroupPermission, HealthCheck, IpcMode, LinuxParameters,
    LogConfiguration, LogDriver, NetworkMode, PidMode,
};
use serde_json::{Map, Value, json};

use crate::{
    acs::DockerConfig,
    task_definition::{Definition, name_of},
};

const MIB: i64 = 1024 * 1024;
const NANOSECONDS: i64 = 1_000_000_000;

/// The version of Docker's API that the notation is of.
const API_VERSION: &str = "1.24";

/// The two JSON documents of one container.
pub fn docker_config(
    container: &ContainerDefinition,
    definition: &Definition,
    task: &str,
    log_mode: Option<&str>,
) -> DockerConfig {
    let mut host = host_config(container, definition);
    if let Some(log) = &container.log_configuration {
        host.insert(
            "LogConfig".to_owned(),
            json!({"Type": log.log_driver.as_str(), "Config": log_options(container, log, task, log_mode)}),
        );
    }
    DockerConfig {
        version: Some(API_VERSION.to_owned()),
        config: Some(Value::Object(config(container)).to_string()),
        host_config: Some(Value::Object(host).to_string()),
    }
}

/// The options as Docker's driver wants them. `awslogs-stream-prefix` is ECS's: it becomes the name of the stream.
///
/// AWS: what does not say how its lines are delivered does as the account setting says, and without one it does not wait
/// for them, since June 2025. `none` delivers nothing, and what is said to `awsfirelens` is said to the router.
fn log_options(
    container: &ContainerDefinition,
    log: &LogConfiguration,
    task: &str,
    mode: Option<&str>,
) -> Map<String, Value> {
    let mut options = log.options.clone().unwrap_or_default();
    if log.log_driver == LogDriver::Awslogs
        && let Some(prefix) = options.remove("awslogs-stream-prefix")
    {
        let stream = format!("{prefix}/{}/{task}", name_of(container));
        options.insert("awslogs-stream".to_owned(), stream);
    }
    if !matches!(log.log_driver, LogDriver::None | LogDriver::Awsfirelens) {
        options
            .entry("mode".to_owned())
            .or_insert_with(|| mode.unwrap_or("non-blocking").to_owned());
    }
    options
        .into_iter()
        .map(|(key, value)| (key, Value::from(value)))
        .collect()
}

/// A JSON object that takes only what is there.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    fn put_list(&mut self, name: &str, values: Vec<Value>) {
        self.put(name, (!values.is_empty()).then_some(values));
    }
}

fn config(container: &ContainerDefinition) -> Map<String, Value> {
    let mut members = Members::default();
    members.put("User", container.user.clone());
    members.put("WorkingDir", container.working_directory.clone());
    members.put("Hostname", container.hostname.clone());
    members.put("Tty", container.pseudo_terminal);
    members.put("OpenStdin", container.interactive);
    members.put("NetworkDisabled", container.disable_networking);
    let labels: Map<String, Value> = container
        .docker_labels
        .iter()
        .flatten()
        .map(|(key, value)| (key.clone(), Value::from(value.clone())))
        .collect();
    members.put("Labels", (!labels.is_empty()).then_some(labels));
    members.put(
        "Healthcheck",
        container.health_check.as_ref().map(health_check),
    );
    members.0
}

fn health_check(check: &HealthCheck) -> Value {
    let mut members = Members::default();
    let nanoseconds = |secs: Option<i32>| secs.map(|s| i64::from(s) * NANOSECONDS);
    members.put("Test", Some(check.command.clone()));
    members.put("Interval", nanoseconds(check.interval));
    members.put("Timeout", nanoseconds(check.timeout));
    members.put("Retries", check.retries);
    members.put("StartPeriod", nanoseconds(check.start_period));
    Value::Object(members.0)
}

fn host_config(container: &ContainerDefinition, definition: &Definition) -> Map<String, Value> {
    let mut members = Members::default();
    let network = definition.network_mode.unwrap_or(NetworkMode::Bridge);
    members.put("NetworkMode", Some(network.as_str()));
    members.put("Privileged", container.privileged);
    members.put("ReadonlyRootfs", container.readonly_root_filesystem);
    members.put("Dns", container.dns_servers.clone());
    members.put("DnsSearch", container.dns_search_domains.clone());
    members.put("SecurityOpt", container.docker_security_options.clone());
    let hosts = container.extra_hosts.iter().flatten();
    members.put_list(
        "ExtraHosts",
        hosts
            .map(|h| Value::from(format!("{}:{}", h.hostname, h.ip_address)))
            .collect(),
    );
    let soft = container.memory_reservation.map(i64::from);
    members.put("MemoryReservation", soft.map(|mib| mib * MIB));
    members.put(
        "PidMode",
        (definition.pid_mode == Some(PidMode::Host)).then_some("host"),
    );
    members.put(
        "IpcMode",
        match definition.ipc_mode {
            Some(IpcMode::Host) => Some("host"),
            Some(IpcMode::None) => Some("none"),
            Some(IpcMode::Task) | None => None,
        },
    );
    let ulimits = container.ulimits.iter().flatten();
    members.put_list(
        "Ulimits",
        ulimits
            .map(|u| json!({"Name": u.name.as_str(), "Soft": u.soft_limit, "Hard": u.hard_limit}))
            .collect(),
    );
    let sysctls: Map<String, Value> = container
        .system_controls
        .iter()
        .flatten()
        .filter_map(|c| Some((c.namespace.clone()?, Value::from(c.value.clone()?))))
        .collect();
    members.put("Sysctls", (!sysctls.is_empty()).then_some(sysctls));
    if let Some(linux) = &container.linux_parameters {
        linux_parameters(linux, container, &mut members);
    }
    members.0
}

fn linux_parameters(linux: &LinuxParameters, container: &ContainerDefinition, to: &mut Members) {
    let capabilities = linux.capabilities.as_ref();
    to.put("CapAdd", capabilities.and_then(|c| c.add.clone()));
    to.put("CapDrop", capabilities.and_then(|c| c.drop.clone()));
    to.put("Init", linux.init_process_enabled);
    let shared = linux.shared_memory_size.map(i64::from);
    to.put("ShmSize", shared.map(|mib| mib * MIB));
    let tmpfs: Map<String, Value> = linux
        .tmpfs
        .iter()
        .flatten()
        .map(|mount| {
            let mut options = mount.mount_options.clone().unwrap_or_default();
            options.push(format!("size={}m", mount.size));
            (mount.container_path.clone(), Value::from(options.join(",")))
        })
        .collect();
    to.put("Tmpfs", (!tmpfs.is_empty()).then_some(tmpfs));
    let devices = linux.devices.iter().flatten().map(|device| {
        json!({
            "PathOnHost": device.host_path,
            "PathInContainer": device.container_path.as_ref().unwrap_or(&device.host_path),
            "CgroupPermissions": permissions(device.permissions.as_deref()),
        })
    });
    to.put_list("Devices", devices.collect());
    to.put("MemorySwappiness", linux.swappiness);
    // AWS: what Docker limits is memory and swap together, so swap can only be limited where memory is.
    let swap = linux.max_swap.zip(container.memory);
    to.put(
        "MemorySwap",
        swap.map(|(swap, memory)| (i64::from(swap) + i64::from(memory)) * MIB),
    );
}

fn permissions(of: Option<&[DeviceCgroupPermission]>) -> String {
    let letter = |permission: &DeviceCgroupPermission| match permission {
        DeviceCgroupPermission::Read => 'r',
        DeviceCgroupPermission::Write => 'w',
        DeviceCgroupPermission::Mknod => 'm',
    };
    match of {
        None | Some([]) => "rwm".to_owned(),
        Some(permissions) => permissions.iter().map(letter).collect(),
    }
}

#[cfg(test)]
mod tests {
    use api::ecs::{LogConfiguration, LogDriver, Secret, Tmpfs, Ulimit, UlimitName};

    use super::*;
    use crate::task_definition::tests::{container, definition, variable};

    fn documents(container: &ContainerDefinition) -> (Value, Value) {
        let definition = definition(vec![container.clone()]);
        let docker = docker_config(container, &definition, "0123", None);
        let read = |text: Option<String>| serde_json::from_str(&text.unwrap()).unwrap();
        (read(docker.config), read(docker.host_config))
    }

    #[test]
    fn the_stream_prefix_of_awslogs_becomes_the_name_of_the_stream() {
        let mut app = container("app");
        app.log_configuration = Some(LogConfiguration {
            log_driver: LogDriver::Awslogs,
            options: Some(
                [
                    ("awslogs-group", "/ecs/web"),
                    ("awslogs-stream-prefix", "web"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ),
            secret_options: None,
        });
        let options = json!({
            "awslogs-group": "/ecs/web",
            "awslogs-stream": "web/app/0123",
            "mode": "non-blocking",
        });
        assert_eq!(
            documents(&app).1["LogConfig"],
            json!({"Type": "awslogs", "Config": options})
        );
    }

    #[test]
    fn a_plain_container_needs_no_more_than_its_network() {
        let (config, host) = documents(&container("app"));
        assert_eq!(config, json!({}));
        assert_eq!(host, json!({"NetworkMode": "bridge"}));
    }

    #[test]
    fn settings_are_written_in_dockers_names_and_units() {
        let mut app = container("app");
        app.user = Some("1000:1000".into());
        app.working_directory = Some("/srv".into());
        app.memory_reservation = Some(32);
        app.ulimits = Some(vec![Ulimit {
            name: UlimitName::Nofile,
            soft_limit: 10,
            hard_limit: 20,
        }]);
        app.health_check = Some(HealthCheck {
            command: vec!["CMD-SHELL".into(), "true".into()],
            interval: Some(5),
            ..HealthCheck::default()
        });
        app.linux_parameters = Some(LinuxParameters {
            init_process_enabled: Some(true),
            shared_memory_size: Some(8),
            tmpfs: Some(vec![Tmpfs {
                container_path: "/tmp".into(),
                size: 16,
                mount_options: Some(vec!["noexec".into()]),
            }]),
            max_swap: Some(64),
            ..LinuxParameters::default()
        });
        let (config, host) = documents(&app);
        assert_eq!(
            config,
            json!({
                "User": "1000:1000", "WorkingDir": "/srv",
                "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 5_000_000_000_i64},
            })
        );
        assert_eq!(
            host,
            json!({
                "NetworkMode": "bridge", "MemoryReservation": 33_554_432,
                "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}],
                "Init": true, "ShmSize": 8_388_608, "Tmpfs": {"/tmp": "noexec,size=16m"},
                "MemorySwap": 134_217_728,
            })
        );
    }

    #[test]
    fn neither_variables_nor_log_secrets_are_in_it() {
        let mut app = container("app");
        app.environment = Some(vec![variable("A", "1")]);
        app.log_configuration = Some(LogConfiguration {
            log_driver: LogDriver::Splunk,
            options: Some([("splunk-url".to_owned(), "https://s".to_owned())].into()),
            secret_options: Some(vec![Secret {
                name: "splunk-token".into(),
                value_from: "token".into(),
            }]),
        });
        let (config, host) = documents(&app);
        assert_eq!(config, json!({}));
        assert_eq!(
            host["LogConfig"],
            json!({"Type": "splunk", "Config": {"mode": "non-blocking", "splunk-url": "https://s"}})
        );
    }

    #[test]
    fn the_account_setting_says_how_lines_are_delivered_where_the_definition_does_not() {
        let mut app = container("app");
        let told = |app: &ContainerDefinition| {
            let definition = definition(vec![app.clone()]);
            let docker = docker_config(app, &definition, "0123", Some("blocking"));
            let host: Value = serde_json::from_str(&docker.host_config.unwrap()).unwrap();
            host["LogConfig"]["Config"]["mode"].clone()
        };
        let log = |options: &[(&str, &str)]| LogConfiguration {
            log_driver: LogDriver::JsonFile,
            options: Some(
                options
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            secret_options: None,
        };
        app.log_configuration = Some(log(&[]));
        assert_eq!(told(&app), json!("blocking"));
        app.log_configuration = Some(log(&[("mode", "non-blocking")]));
        assert_eq!(told(&app), json!("non-blocking"));
    }

    #[test]
    fn lines_are_delivered_without_waiting_unless_the_definition_says_otherwise() {
        let mode = |driver: LogDriver, given: Option<&str>| {
            let mut app = container("app");
            app.log_configuration = Some(LogConfiguration {
                log_driver: driver,
                options: given.map(|mode| [("mode".to_owned(), mode.to_owned())].into()),
                secret_options: None,
            });
            documents(&app).1["LogConfig"]["Config"].clone()
        };
        assert_eq!(mode(LogDriver::Gelf, None), json!({"mode": "non-blocking"}));
        assert_eq!(
            mode(LogDriver::Gelf, Some("blocking")),
            json!({"mode": "blocking"})
        );
        for driver in [LogDriver::None, LogDriver::Awsfirelens] {
            assert_eq!(mode(driver, None), json!({}));
        }
    }
}
