//! Which container instance has room for a task.

use std::collections::BTreeSet;

use api::ecs::{LaunchType, NetworkMode, Resource, TransportProtocol};

use crate::task_definition::{Definition, task_cpu, task_memory};

/// What a task takes of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// CPU units.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
    pub ports: BTreeSet<i32>,
    pub ports_udp: BTreeSet<i32>,
    /// As the attribute `ecs.cpu-architecture` has it; `None` where any will do.
    pub architecture: Option<String>,
}

/// What an instance has left. Ports are those that are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    pub cpu: i64,
    pub memory: i64,
    pub ports: BTreeSet<i32>,
    pub ports_udp: BTreeSet<i32>,
}

/// What an instance lacks for a task, as `RunTask` names it among its failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    Cpu,
    Memory,
    Ports,
    Attribute,
    Agent,
}

impl Lack {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "RESOURCE:CPU",
            Self::Memory => "RESOURCE:MEMORY",
            Self::Ports => "RESOURCE:PORTS",
            Self::Attribute => "ATTRIBUTE",
            Self::Agent => "AGENT",
        }
    }
}

impl Needs {
    /// What a task of this definition (with the overrides merged in) takes. Sizes of the task stand before those of
    /// its containers, and a reservation before a limit.
    pub fn of(definition: &Definition) -> Self {
        let containers = &definition.container_definitions;
        let cpu = containers.iter().filter_map(|c| c.cpu).map(i64::from).sum();
        let memory = containers
            .iter()
            .filter_map(|c| c.memory_reservation.or(c.memory))
            .map(i64::from)
            .sum();
        let mut needs = Self {
            cpu: definition.cpu.as_deref().and_then(task_cpu).unwrap_or(cpu),
            memory: definition
                .memory
                .as_deref()
                .and_then(task_memory)
                .unwrap_or(memory),
            architecture: architecture(definition),
            ..Self::default()
        };
        // A task with a network of its own takes no port of the host's.
        let shares_the_host = definition.network_mode != Some(NetworkMode::Awsvpc);
        for mapping in containers
            .iter()
            .filter(|_| shares_the_host)
            .flat_map(|c| c.port_mappings.iter().flatten())
        {
            let ports = match mapping.protocol {
                Some(TransportProtocol::Udp) => &mut needs.ports_udp,
                Some(TransportProtocol::Tcp) | None => &mut needs.ports,
            };
            ports.extend(mapping.host_port.filter(|port| *port != 0));
        }
        needs
    }

    /// What it takes under a launch type. AWS: Fargate has a processor for every task. Here its tasks share what there
    /// is, each within its own limit, so that one of any size runs on any host; memory is what there must be.
    #[must_use]
    pub fn under(mut self, launch_type: LaunchType) -> Self {
        if launch_type == LaunchType::Fargate {
            self.cpu = 0;
        }
        self
    }
}

fn architecture(definition: &Definition) -> Option<String> {
    let platform = definition.runtime_platform.as_ref()?;
    Some(platform.cpu_architecture?.as_str().to_ascii_lowercase())
}

impl Room {
    /// An instance as it registered: its size, and the ports that are its own.
    pub fn registered(resources: &[Resource]) -> Self {
        let find = |name: &str| resources.iter().find(|r| r.name.as_deref() == Some(name));
        let number = |name: &str| {
            find(name)
                .and_then(|r| r.integer_value)
                .map_or(0, i64::from)
        };
        let ports = |name: &str| {
            let texts = find(name).and_then(|r| r.string_set_value.as_deref());
            texts
                .unwrap_or_default()
                .iter()
                .filter_map(|p| p.parse().ok())
                .collect()
        };
        Self {
            cpu: number("CPU"),
            memory: number("MEMORY"),
            ports: ports("PORTS"),
            ports_udp: ports("PORTS_UDP"),
        }
    }

    /// The first thing that is missing for the task.
    pub fn lacks(&self, needs: &Needs) -> Option<Lack> {
        if needs.cpu > self.cpu {
            Some(Lack::Cpu)
        } else if needs.memory > self.memory {
            Some(Lack::Memory)
        } else if !self.ports.is_disjoint(&needs.ports)
            || !self.ports_udp.is_disjoint(&needs.ports_udp)
        {
            Some(Lack::Ports)
        } else {
            None
        }
    }

    /// What is left beside the task.
    pub fn take(&mut self, needs: &Needs) {
        self.cpu -= needs.cpu;
        self.memory -= needs.memory;
        self.ports.extend(&needs.ports);
        self.ports_udp.extend(&needs.ports_udp);
    }

    /// As container instances are described.
    pub fn resources(&self) -> Vec<Resource> {
        let integer = |name: &str, value: i64| Resource {
            name: Some(name.to_owned()),
            type_: Some("INTEGER".to_owned()),
            double_value: Some(0.0),
            long_value: Some(0),
            integer_value: Some(i32::try_from(value).unwrap_or(i32::MAX)),
            ..Resource::default()
        };
        let ports = |name: &str, ports: &BTreeSet<i32>| Resource {
            name: Some(name.to_owned()),
            type_: Some("STRINGSET".to_owned()),
            double_value: Some(0.0),
            long_value: Some(0),
            integer_value: Some(0),
            string_set_value: Some(ports.iter().map(ToString::to_string).collect()),
        };
        vec![
            integer("CPU", self.cpu),
            integer("MEMORY", self.memory),
            ports("PORTS", &self.ports),
            ports("PORTS_UDP", &self.ports_udp),
        ]
    }
}

#[cfg(test)]
mod tests {
    use api::ecs::PortMapping;
    use proptest::prelude::*;

    use super::*;
    use crate::task_definition::tests::{container, definition};

    fn room() -> Room {
        Room {
            cpu: 2048,
            memory: 4096,
            ports: [22].into(),
            ports_udp: BTreeSet::new(),
        }
    }

    #[test]
    fn a_task_needs_what_its_containers_reserve() {
        let mut app = container("app");
        (app.cpu, app.memory, app.memory_reservation) = (Some(256), Some(512), Some(128));
        let mut side = container("side");
        (side.cpu, side.memory) = (Some(128), Some(64));
        side.port_mappings = Some(vec![
            PortMapping {
                container_port: Some(80),
                host_port: Some(8080),
                ..PortMapping::default()
            },
            PortMapping {
                container_port: Some(81),
                host_port: Some(0),
                ..PortMapping::default()
            },
            PortMapping {
                host_port: Some(53),
                protocol: Some(TransportProtocol::Udp),
                ..PortMapping::default()
            },
        ]);
        let mut definition = definition(vec![app, side]);
        let needs = Needs::of(&definition);
        assert_eq!((needs.cpu, needs.memory), (384, 192));
        assert_eq!((needs.ports, needs.ports_udp), ([8080].into(), [53].into()));
        definition.memory = Some("1024".into());
        assert_eq!(Needs::of(&definition).memory, 1024);
    }

    #[test]
    fn what_is_missing_is_named() {
        let needs = |cpu, memory, port: i32| Needs {
            cpu,
            memory,
            ports: [port].into(),
            ..Needs::default()
        };
        assert_eq!(room().lacks(&needs(4096, 1, 80)), Some(Lack::Cpu));
        assert_eq!(room().lacks(&needs(1, 8192, 80)), Some(Lack::Memory));
        assert_eq!(room().lacks(&needs(1, 1, 22)), Some(Lack::Ports));
        assert_eq!(room().lacks(&needs(2048, 4096, 80)), None);
    }

    #[test]
    fn an_instance_is_read_back_as_it_registered() {
        assert_eq!(Room::registered(&room().resources()), room());
    }

    proptest! {
        #[test]
        fn what_was_taken_is_not_given_twice(cpu in 0..2048i64, memory in 0..4096i64, port in 1..65535i32) {
            let needs = Needs { cpu, memory, ports: [port].into(), ..Needs::default() };
            let mut room = room();
            if room.lacks(&needs).is_none() {
                room.take(&needs);
                prop_assert!(room.cpu >= 0 && room.memory >= 0);
                prop_assert_eq!(room.lacks(&Needs { ports: [port].into(), ..Needs::default() }), Some(Lack::Ports));
            }
        }
    }
}
