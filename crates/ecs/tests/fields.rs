//! Nothing of a task definition is dropped: every member of every shape has its fate here, and the fate is tried out.
//!
//! A member that AWS adds to the model makes these tests fail until somebody says what becomes of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a test did not expect may panic"
)]

use std::collections::BTreeSet;

use api::{
    codec::{from_json_str, to_json_string},
    ecs::{
        ContainerDefinition, ContainerOverride, ContainerRestartPolicy, HealthCheck,
        KernelCapabilities, LinuxParameters, PortMapping, RuntimePlatform, TaskOverride, Volume,
        register_task_definition, run_task,
    },
};
use ecs::{
    names::Place,
    overrides, payload,
    placement::Needs,
    refusals,
    task_definition::{Definition, Registration, describe, requires_attributes, with_defaults},
    trust,
};
use serde_json::{Value, json};

/// What becomes of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The agent is told, one way or another.
    Told,
    /// It decides where, or whether, the task is placed.
    Placed,
    /// `RunTask` refuses it by name until sealift does it.
    Refused,
    /// `RunTask` refuses it until the operator allows it.
    AskedFor,
    /// The control plane does it: registering, permissions, launch type.
    Done,
    /// It changes nothing about a task that runs, and says so on AWS too.
    Shown,
}
use Fate::{AskedFor, Done, Placed, Refused, Shown, Told};

/// A member, a value for it, and its fate.
type Row = (&'static str, &'static str, Fate);

const DEFINITION: &[Row] = &[
    ("family", r#""app""#, Done),
    ("taskRoleArn", r#""arn:aws:iam::111122223333:role/t""#, Done),
    (
        "executionRoleArn",
        r#""arn:aws:iam::111122223333:role/e""#,
        Done,
    ),
    ("networkMode", r#""awsvpc""#, Told),
    ("containerDefinitions", "[]", Done),
    ("volumes", r#"[{"name":"w","host":{}}]"#, Told),
    (
        "placementConstraints",
        r#"[{"type":"memberOf","expression":"x"}]"#,
        Refused,
    ),
    ("requiresCompatibilities", r#"["EC2"]"#, Done),
    ("cpu", r#""512""#, Told),
    ("memory", r#""512""#, Told),
    ("tags", r#"[{"key":"k","value":"v"}]"#, Done),
    ("pidMode", r#""host""#, AskedFor),
    ("ipcMode", r#""host""#, AskedFor),
    ("proxyConfiguration", r#"{"containerName":"app"}"#, Refused),
    (
        "inferenceAccelerators",
        r#"[{"deviceName":"d","deviceType":"t"}]"#,
        Refused,
    ),
    ("ephemeralStorage", r#"{"sizeInGiB":30}"#, Shown),
    ("runtimePlatform", r#"{"cpuArchitecture":"ARM64"}"#, Placed),
    ("enableFaultInjection", "true", Refused),
];

const CONTAINER: &[Row] = &[
    ("name", r#""other""#, Told),
    ("image", r#""other:1""#, Told),
    (
        "repositoryCredentials",
        r#"{"credentialsParameter":"login"}"#,
        Told,
    ),
    ("cpu", "10", Told),
    ("memory", "128", Told),
    ("memoryReservation", "32", Told),
    ("links", r#"["db"]"#, Told),
    (
        "portMappings",
        r#"[{"containerPort":90,"hostPort":9090,"protocol":"tcp"}]"#,
        Told,
    ),
    ("essential", "false", Told),
    ("restartPolicy", r#"{"enabled":true}"#, Told),
    ("entryPoint", r#"["sh"]"#, Told),
    ("command", r#"["true"]"#, Told),
    ("environment", r#"[{"name":"A","value":"1"}]"#, Told),
    (
        "environmentFiles",
        r#"[{"value":"arn:aws:s3:::b/f.env","type":"s3"}]"#,
        Told,
    ),
    (
        "mountPoints",
        r#"[{"sourceVolume":"v","containerPath":"/v"}]"#,
        Told,
    ),
    ("volumesFrom", r#"[{"sourceContainer":"db"}]"#, Told),
    ("linuxParameters", r#"{"initProcessEnabled":true}"#, Told),
    ("secrets", r#"[{"name":"S","valueFrom":"parameter"}]"#, Told),
    (
        "dependsOn",
        r#"[{"containerName":"db","condition":"START"}]"#,
        Told,
    ),
    ("startTimeout", "30", Told),
    ("stopTimeout", "30", Told),
    ("versionConsistency", r#""disabled""#, Shown),
    ("hostname", r#""h""#, Told),
    ("user", r#""1000""#, Told),
    ("workingDirectory", r#""/srv""#, Told),
    ("disableNetworking", "true", Told),
    ("privileged", "true", AskedFor),
    ("readonlyRootFilesystem", "true", Told),
    ("dnsServers", r#"["10.0.0.2"]"#, Told),
    ("dnsSearchDomains", r#"["corp"]"#, Told),
    (
        "extraHosts",
        r#"[{"hostname":"db","ipAddress":"10.0.0.1"}]"#,
        Told,
    ),
    ("dockerSecurityOptions", r#"["no-new-privileges"]"#, Told),
    ("interactive", "true", Told),
    ("pseudoTerminal", "true", Told),
    ("dockerLabels", r#"{"team":"a"}"#, Told),
    (
        "ulimits",
        r#"[{"name":"nofile","softLimit":10,"hardLimit":20}]"#,
        Told,
    ),
    (
        "logConfiguration",
        r#"{"logDriver":"syslog","options":{},"secretOptions":[]}"#,
        Told,
    ),
    (
        "healthCheck",
        r#"{"command":["CMD","false"],"interval":30,"timeout":5,"retries":3}"#,
        Told,
    ),
    (
        "systemControls",
        r#"[{"namespace":"net.core.somaxconn","value":"64"}]"#,
        Told,
    ),
    (
        "resourceRequirements",
        r#"[{"value":"1","type":"GPU"}]"#,
        Refused,
    ),
    ("firelensConfiguration", r#"{"type":"fluentbit"}"#, Told),
    ("credentialSpecs", r#"["credentialspec:x"]"#, Refused),
];

const LINUX: &[Row] = &[
    ("capabilities", r#"{"add":["NET_ADMIN"]}"#, Told),
    ("devices", r#"[{"hostPath":"/dev/null"}]"#, AskedFor),
    ("initProcessEnabled", "true", Told),
    ("sharedMemorySize", "8", Told),
    ("tmpfs", r#"[{"containerPath":"/tmp","size":8}]"#, Told),
    ("maxSwap", "8", Told),
    ("swappiness", "10", Told),
];

const CAPABILITIES: &[Row] = &[
    ("add", r#"["NET_ADMIN"]"#, Told),
    ("drop", r#"["ALL"]"#, Told),
];

const PORT: &[Row] = &[
    ("containerPort", "81", Told),
    ("hostPort", "8081", Told),
    ("protocol", r#""udp""#, Told),
    ("name", r#""web""#, Shown),
    ("appProtocol", r#""http""#, Shown),
    ("containerPortRange", r#""81-90""#, Refused),
];

const RESTART: &[Row] = &[
    ("enabled", "true", Told),
    ("ignoredExitCodes", "[3]", Told),
    ("restartAttemptPeriod", "60", Told),
];

const HEALTH: &[Row] = &[
    ("command", r#"["CMD","false"]"#, Told),
    ("interval", "10", Told),
    ("timeout", "10", Told),
    ("retries", "5", Told),
    ("startPeriod", "5", Told),
];

const VOLUME: &[Row] = &[
    ("name", r#""w""#, Told),
    ("host", r#"{"sourcePath":"/etc"}"#, AskedFor),
    ("dockerVolumeConfiguration", r#"{"scope":"shared"}"#, Told),
    (
        "efsVolumeConfiguration",
        r#"{"fileSystemId":"fs-1"}"#,
        Refused,
    ),
    (
        "s3filesVolumeConfiguration",
        r#"{"fileSystemArn":"arn"}"#,
        Refused,
    ),
    (
        "fsxWindowsFileServerVolumeConfiguration",
        r#"{"fileSystemId":"fs","rootDirectory":"r","authorizationConfig":{"credentialsParameter":"c","domain":"d"}}"#,
        Refused,
    ),
    ("configuredAtLaunch", "true", Refused),
];

const PLATFORM: &[Row] = &[
    ("cpuArchitecture", r#""ARM64""#, Placed),
    (
        "operatingSystemFamily",
        r#""WINDOWS_SERVER_2022_CORE""#,
        Refused,
    ),
];

const OVERRIDE: &[Row] = &[
    (
        "containerOverrides",
        r#"[{"name":"app","command":["false"]}]"#,
        Told,
    ),
    ("cpu", r#""512""#, Told),
    (
        "inferenceAcceleratorOverrides",
        r#"[{"deviceName":"d"}]"#,
        Refused,
    ),
    (
        "executionRoleArn",
        r#""arn:aws:iam::111122223333:role/e""#,
        Done,
    ),
    ("memory", r#""512""#, Told),
    ("taskRoleArn", r#""arn:aws:iam::111122223333:role/t""#, Done),
    ("ephemeralStorage", r#"{"sizeInGiB":30}"#, Shown),
];

const CONTAINER_OVERRIDE: &[Row] = &[
    ("name", r#""app""#, Done),
    ("command", r#"["false"]"#, Told),
    ("environment", r#"[{"name":"A","value":"1"}]"#, Told),
    (
        "environmentFiles",
        r#"[{"value":"arn:aws:s3:::b/f.env","type":"s3"}]"#,
        Told,
    ),
    ("cpu", "20", Told),
    ("memory", "256", Told),
    ("memoryReservation", "16", Told),
    (
        "resourceRequirements",
        r#"[{"value":"1","type":"GPU"}]"#,
        Refused,
    ),
];

/// What `RunTask` itself takes. Launch type, network, platform and provider are tried in `launch`; what is kept of the
/// rest shows in `DescribeTasks`.
const RUN_TASK: &[Row] = &[
    (
        "capacityProviderStrategy",
        r#"[{"capacityProvider":"FARGATE"}]"#,
        Done,
    ),
    ("cluster", r#""c""#, Done),
    ("count", "2", Done),
    ("enableECSManagedTags", "true", Done),
    ("enableExecuteCommand", "true", Done),
    ("group", r#""g""#, Done),
    ("launchType", r#""FARGATE""#, Done),
    ("networkConfiguration", "{}", Done),
    ("overrides", "{}", Done),
    (
        "placementConstraints",
        r#"[{"type":"memberOf","expression":"x"}]"#,
        Refused,
    ),
    // Every cluster has the instances of this host, and of those the emptiest is taken.
    ("placementStrategy", r#"[{"type":"random"}]"#, Shown),
    ("platformVersion", r#""LATEST""#, Done),
    ("propagateTags", r#""TASK_DEFINITION""#, Done),
    // AWS: it is the caller's own note.
    ("referenceId", r#""r""#, Shown),
    ("startedBy", r#""me""#, Done),
    ("tags", r#"[{"key":"k","value":"v"}]"#, Done),
    ("taskDefinition", r#""app""#, Done),
    ("clientToken", r#""t""#, Done),
    (
        "volumeConfigurations",
        r#"[{"name":"v","managedEBSVolume":{"roleArn":"arn:aws:iam::111122223333:role/e"}}]"#,
        Refused,
    ),
];

fn place() -> Place {
    Place {
        account: "111122223333".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
    }
}

/// A definition in which every member has something to work on.
fn base() -> Value {
    let db = json!({"name": "db", "image": "db:1", "memory": 64});
    let app = json!({
        "name": "app", "image": "app:1", "memory": 64,
        "portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}],
        "linuxParameters": {"capabilities": {}},
        "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
        "restartPolicy": {"enabled": false},
    });
    json!({
        "family": "family", "containerDefinitions": [app, db],
        "executionRoleArn": "arn:aws:iam::111122223333:role/x", "runtimePlatform": {},
        "volumes": [{"name": "v", "host": {}}],
    })
}

fn read(definition: &Value) -> Definition {
    from_json_str(&definition.to_string()).unwrap()
}

fn told(definition: &Definition) -> String {
    let place = place();
    let launch = payload::Launch {
        place: &place,
        cluster: "default",
        task: "0123",
        definition,
        revision: 1,
        group: "g",
        launch_type: "EC2",
        log_mode: None,
        wanted: true,
        has_run: false,
        containers: &[],
        attachment: None,
        credentials: payload::Credentials::default(),
        registry: None,
        account_of_values: &place.account,
    };
    serde_json::to_string(&payload::task(launch).unwrap()).unwrap()
}

fn placed(definition: &Definition) -> (Needs, BTreeSet<String>) {
    let Place { account, region } = place();
    (
        Needs::of(definition),
        requires_attributes(definition, &account, &region),
    )
}

fn is_allowed(definition: &Definition) -> bool {
    trust::check(
        definition,
        trust::Allowed::default(),
        std::path::Path::to_owned,
    )
    .is_ok()
}

/// Whether the changed definition has the fate that the table gives its change.
fn meets(fate: Fate, before: &Definition, after: &Definition) -> bool {
    let runs = refusals::check_definition(after).is_ok();
    match fate {
        Told => runs && told(before) != told(after),
        Placed => runs && placed(before) != placed(after),
        Refused => !runs,
        AskedFor => runs && !is_allowed(after),
        Done => runs,
        Shown => runs && told(before) == told(after),
    }
}

/// Every member of a shape is in its table, once, and nothing else is.
fn complete(shape: &str, members: &[&str], table: &[Row]) {
    let known: BTreeSet<&str> = table.iter().map(|(name, ..)| *name).collect();
    let modelled: BTreeSet<&str> = members.iter().copied().collect();
    assert_eq!(known, modelled, "{shape}: what becomes of the difference?");
    assert_eq!(known.len(), table.len(), "{shape}: once each");
}

/// Sets each member of the object at `path` in turn, and looks what becomes of it.
fn try_out(table: &[Row], path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (member, sample, fate) in table {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let mut changed = base();
        let object = changed.pointer_mut(path).unwrap().as_object_mut().unwrap();
        object.insert((*member).to_owned(), sample.clone());
        if *member == "containerDefinitions" {
            continue;
        }
        let (before, after) = (read(&base()), read(&changed));
        wrong
            .extend((!meets(*fate, &before, &after)).then(|| format!("{path}/{member}: {fate:?}")));
        if *member != "tags" {
            comes_back(after, &format!("{path}/{member}"), &sample);
        }
    }
    wrong
}

/// What was registered is described, in full.
fn comes_back(definition: Definition, pointer: &str, sample: &Value) {
    let registration = Registration {
        revision: 1,
        active: true,
        registered_at: types::Timestamp::from_secs(1),
        registered_by: "arn:aws:iam::111122223333:root".into(),
        deregistered_at: None,
    };
    let described = describe(with_defaults(definition), &registration, &place());
    let text = to_json_string(&described);
    let described: Value = serde_json::from_str(&text).unwrap();
    let found = described.pointer(pointer).unwrap_or(&Value::Null);
    assert!(
        contains(found, sample),
        "{pointer}: {found} is not {sample}"
    );
}

/// Whether all that was asked for is there; ECS may have added to it.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|found| contains(found, value))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| contains(w, p))
        }
        _ => whole == part,
    }
}

#[test]
fn every_member_of_the_model_has_its_row() {
    complete(
        "definition",
        register_task_definition::Input::MEMBERS,
        DEFINITION,
    );
    complete("container", ContainerDefinition::MEMBERS, CONTAINER);
    complete("linux parameters", LinuxParameters::MEMBERS, LINUX);
    complete("capabilities", KernelCapabilities::MEMBERS, CAPABILITIES);
    complete("port mapping", PortMapping::MEMBERS, PORT);
    complete("restart policy", ContainerRestartPolicy::MEMBERS, RESTART);
    complete("health check", HealthCheck::MEMBERS, HEALTH);
    complete("volume", Volume::MEMBERS, VOLUME);
    complete("platform", RuntimePlatform::MEMBERS, PLATFORM);
    complete("override", TaskOverride::MEMBERS, OVERRIDE);
    complete(
        "container override",
        ContainerOverride::MEMBERS,
        CONTAINER_OVERRIDE,
    );
    complete("RunTask", run_task::Input::MEMBERS, RUN_TASK);
}

#[test]
fn what_a_definition_says_is_kept_and_done_or_refused() {
    let app = "/containerDefinitions/0";
    let shapes = [
        (DEFINITION, String::new()),
        (CONTAINER, app.to_owned()),
        (LINUX, format!("{app}/linuxParameters")),
        (CAPABILITIES, format!("{app}/linuxParameters/capabilities")),
        (PORT, format!("{app}/portMappings/0")),
        (RESTART, format!("{app}/restartPolicy")),
        (HEALTH, format!("{app}/healthCheck")),
        (VOLUME, "/volumes/0".to_owned()),
        (PLATFORM, "/runtimePlatform".to_owned()),
    ];
    let wrong = shapes.iter().flat_map(|(table, path)| try_out(table, path));
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

fn refuses(input: &Value) -> bool {
    let input: run_task::Input = from_json_str(&input.to_string()).unwrap();
    refusals::check_call(&input).is_err()
}

#[test]
fn what_an_override_says_is_done_or_refused() {
    let changes = OVERRIDE.iter().map(|row| (row, false));
    let changes = changes.chain(CONTAINER_OVERRIDE.iter().map(|row| (row, true)));
    for ((member, sample, fate), of_container) in changes {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let mut change = json!({});
        change[*member] = sample;
        if of_container {
            change["name"] = json!("app");
            change = json!({"containerOverrides": [change]});
        }
        let call = json!({"taskDefinition": "app", "overrides": change});
        let before = read(&base());
        let overrides: TaskOverride = from_json_str(&change.to_string()).unwrap();
        let after = overrides::apply(before.clone(), &overrides).unwrap();
        let met = if *fate == Refused {
            refuses(&call) || meets(Refused, &before, &after)
        } else {
            !refuses(&call) && meets(*fate, &before, &after)
        };
        assert!(met, "{member} is not {fate:?}");
        if *fate != Refused && *member != "name" {
            assert_ne!(before, after, "{member} is merged");
        }
    }
}

#[test]
fn what_a_call_says_is_refused_where_it_is_not_done() {
    for (member, sample, fate) in RUN_TASK {
        let mut call = json!({"taskDefinition": "app"});
        call[*member] = serde_json::from_str(sample).unwrap();
        assert_eq!(refuses(&call), *fate == Refused, "{member}");
    }
}
