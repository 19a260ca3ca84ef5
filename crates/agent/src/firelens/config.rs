//! The configuration of a router, as ECS's agent generates it: sections in its order, options sorted by name.

use std::{collections::BTreeMap, fmt::Write as _};

use ecs::acs::{FirelensConfiguration, Task};

use super::{
    BUFFER_LIMIT, FireLensError, Kind, PORT, log_configuration, logs_to_router, option_secrets,
    router, variable,
};

const SOCKET: &str = "/var/run/fluent.sock";
/// A router whose memory is not limited.
const DEFAULT_BUFFER: &str = "25MB";

type Options = BTreeMap<String, String>;

/// The configuration for the task's router; `None` where it has none.
pub(crate) fn generate(task: &Task, cluster: &str) -> Result<Option<String>, FireLensError> {
    let Some((container, configuration)) = router(task) else {
        return Ok(None);
    };
    let kind = Kind::of(configuration)?;
    let asked = asked(configuration)?;
    let mut sections = Sections::new(kind);
    sections.inputs(task.network_mode.as_deref(), container.memory);
    if asked.metadata {
        sections.record = vec![
            ("ecs_cluster", cluster.to_owned()),
            ("ecs_task_arn", task.arn.clone()),
            (
                "ecs_task_definition",
                format!("{}:{}", task.family, task.version),
            ),
        ];
    }
    for (name, options) in options_of_containers(task, kind) {
        sections.route(&name, options).map_err(|error| {
            FireLensError(format!(
                "unable to generate firelens config file: unable to generate firelens config: unable to apply log options of container {name} to firelens config: {error}"
            ))
        })?;
    }
    sections.include = asked.file;
    Ok(Some(sections.written()))
}

/// What the definition asks of the configuration.
struct Asked {
    metadata: bool,
    /// A file inside the router's image that is included.
    file: Option<String>,
}

fn asked(configuration: &FirelensConfiguration) -> Result<Asked, FireLensError> {
    let option = |name: &str| configuration.options.get(name).map(String::as_str);
    // AWS: whatever does not read as a yes or no is ignored, and the metadata are added then.
    let metadata = option("enable-ecs-log-metadata")
        .is_some_and(|text| matches!(text, "0" | "f" | "F" | "false" | "FALSE" | "False"));
    let unreadable = |why: String| {
        Err(FireLensError(format!(
            "error parsing firelens options: {why}"
        )))
    };
    let file = match (option("config-file-type"), option("config-file-value")) {
        (None, _) => None,
        (Some("file"), Some(path)) => Some(path.to_owned()),
        (Some("file"), None) => {
            return unreadable(
                "option config-file-type is specified but config-file-value is not specified"
                    .to_owned(),
            );
        }
        (Some(other), _) => {
            return unreadable(format!(
                "invalid value {other} is specified for option config-file-type"
            ));
        }
    };
    Ok(Asked {
        metadata: !metadata,
        file,
    })
}

/// The options of each container that logs to the router; those from secrets as references to its variables.
fn options_of_containers(task: &Task, kind: Kind) -> Vec<(String, Options)> {
    let logging = task.containers.iter().enumerate();
    logging
        .filter(|(_, container)| logs_to_router(container))
        .map(|(number, container)| {
            let given = log_configuration(container).and_then(|log| log.options);
            let mut options = given.unwrap_or_default();
            options.remove(BUFFER_LIMIT);
            let secrets = option_secrets(task);
            for (name, secret) in secrets.filter(|(n, s)| *n == variable(&s.name, number)) {
                options.insert(secret.name.clone(), kind.reference(&name));
            }
            (container.name.clone(), options)
        })
        .collect()
}

/// Where lines come from.
struct Input {
    plugin: &'static str,
    tag: Option<&'static str>,
    options: Vec<(&'static str, String)>,
}

/// Where lines go.
struct Output {
    plugin: String,
    tag: String,
    options: Options,
}

/// A configuration before it is written.
struct Sections {
    kind: Kind,
    inputs: Vec<Input>,
    /// Tag and pattern.
    includes: Vec<(String, String)>,
    excludes: Vec<(String, String)>,
    record: Vec<(&'static str, String)>,
    include: Option<String>,
    outputs: Vec<Output>,
}

impl Sections {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            inputs: Vec::new(),
            includes: Vec::new(),
            excludes: Vec::new(),
            record: Vec::new(),
            include: None,
            outputs: Vec::new(),
        }
    }

    /// The socket; a port and the health check too, where the network mode lets containers reach them.
    fn inputs(&mut self, network_mode: Option<&str>, memory: i64) {
        let bind = match network_mode {
            Some("bridge") => Some("0.0.0.0"),
            Some("awsvpc") => Some("127.0.0.1"),
            _ => None,
        };
        let forward = |options| Input {
            plugin: "forward",
            tag: None,
            options,
        };
        match self.kind {
            Kind::Fluentd => {
                self.inputs.push(Input {
                    plugin: "unix",
                    tag: None,
                    options: vec![("path", SOCKET.to_owned())],
                });
                let options =
                    bind.map(|bind| vec![("bind", bind.to_owned()), ("port", PORT.to_owned())]);
                self.inputs.extend(options.map(forward));
            }
            Kind::FluentBit => {
                // AWS: half of the router's own memory, as recorded.
                let buffer = match memory {
                    1.. => format!("{}MB", memory / 2),
                    _ => DEFAULT_BUFFER.to_owned(),
                };
                self.inputs.push(forward(vec![
                    ("Mem_Buf_Limit", buffer),
                    ("unix_path", SOCKET.to_owned()),
                ]));
                let Some(bind) = bind else { return };
                self.inputs.push(forward(vec![
                    ("Listen", bind.to_owned()),
                    ("Port", PORT.to_owned()),
                ]));
                self.health_check();
            }
        }
    }

    fn health_check(&mut self) {
        const TAG: &str = "firelens-healthcheck";
        self.inputs.push(Input {
            plugin: "tcp",
            tag: Some(TAG),
            options: vec![
                ("Listen", "127.0.0.1".to_owned()),
                ("Port", "8877".to_owned()),
            ],
        });
        self.outputs.push(Output {
            plugin: "null".to_owned(),
            tag: TAG.to_owned(),
            options: Options::new(),
        });
    }

    /// What becomes of one container's lines. Without options it is for the included file to say.
    fn route(&mut self, container: &str, mut options: Options) -> Result<(), String> {
        let (plugin, any, kind) = match self.kind {
            Kind::FluentBit => ("Name", "*", "fluentbit"),
            Kind::Fluentd => ("@type", "**", "fluentd"),
        };
        let tag = format!("{container}-firelens{any}");
        let pattern = |pattern: String| (tag.clone(), pattern);
        self.includes
            .extend(options.remove("include-pattern").map(pattern));
        self.excludes
            .extend(options.remove("exclude-pattern").map(pattern));
        match options.remove(plugin) {
            Some(plugin) => self.outputs.push(Output {
                plugin,
                tag,
                options,
            }),
            None if options.is_empty() => {}
            None => {
                return Err(format!(
                    "missing output key {plugin} which is required for firelens configuration of type {kind}"
                ));
            }
        }
        Ok(())
    }

    fn written(&self) -> String {
        let mut text = String::new();
        let done = match self.kind {
            Kind::FluentBit => self.write_fluent_bit(&mut text),
            Kind::Fluentd => self.write_fluentd(&mut text),
        };
        done.expect("a text takes whatever is written to it");
        text
    }

    fn write_fluent_bit(&self, to: &mut String) -> std::fmt::Result {
        for input in &self.inputs {
            writeln!(to, "\n[INPUT]\n    Name {}", input.plugin)?;
            if let Some(tag) = input.tag {
                writeln!(to, "    Tag {tag}")?;
            }
            for (name, value) in &input.options {
                writeln!(to, "    {name} {value}")?;
            }
        }
        for (tag, pattern) in &self.includes {
            writeln!(
                to,
                "\n[FILTER]\n    Name   grep\n    Match {tag}\n    Regex  log {pattern}"
            )?;
        }
        for (tag, pattern) in &self.excludes {
            writeln!(
                to,
                "\n[FILTER]\n    Name   grep\n    Match {tag}\n    Exclude log {pattern}"
            )?;
        }
        if !self.record.is_empty() {
            writeln!(to, "\n[FILTER]\n    Name record_modifier\n    Match *")?;
            for (name, value) in &self.record {
                writeln!(to, "    Record {name} {value}")?;
            }
        }
        if let Some(file) = &self.include {
            writeln!(to, "\n@INCLUDE {file}")?;
        }
        for output in &self.outputs {
            writeln!(
                to,
                "\n[OUTPUT]\n    Name {}\n    Match {}",
                output.plugin, output.tag
            )?;
            for (name, value) in &output.options {
                writeln!(to, "    {name} {value}")?;
            }
        }
        Ok(())
    }

    fn write_fluentd(&self, to: &mut String) -> std::fmt::Result {
        for input in &self.inputs {
            writeln!(to, "\n<source>\n    @type {}", input.plugin)?;
            for (name, value) in &input.options {
                writeln!(to, "    {name} {value}")?;
            }
            writeln!(to, "</source>")?;
        }
        let filters = [("regexp", &self.includes), ("exclude", &self.excludes)];
        for (part, patterns) in filters {
            for (tag, pattern) in patterns {
                writeln!(
                    to,
                    "\n<filter {tag}>\n    @type  grep\n    <{part}>\n        key log\n        pattern {pattern}\n    </{part}>\n</filter>"
                )?;
            }
        }
        if !self.record.is_empty() {
            writeln!(
                to,
                "\n<filter **>\n    @type record_transformer\n    <record>"
            )?;
            for (name, value) in &self.record {
                writeln!(to, "        {name} {value}")?;
            }
            writeln!(to, "    </record>\n</filter>")?;
        }
        if let Some(file) = &self.include {
            writeln!(to, "\n@include {file}")?;
        }
        for output in &self.outputs {
            writeln!(to, "\n<match {}>\n    @type {}", output.tag, output.plugin)?;
            for (name, value) in &output.options {
                writeln!(to, "    {name} {value}")?;
            }
            writeln!(to, "</match>")?;
        }
        Ok(())
    }
}
