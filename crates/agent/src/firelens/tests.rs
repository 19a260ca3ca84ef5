//! Configurations as the reference agent was recorded writing them, and what containers of a task get.

use std::path::Path;

use ecs::acs::DockerConfig;
use serde_json::{Value, json};

use super::*;

fn logging(name: &str, options: &Value) -> Container {
    let host = json!({"LogConfig": {"Type": "awsfirelens", "Config": options}});
    Container {
        name: name.into(),
        docker_config: Some(DockerConfig {
            host_config: Some(host.to_string()),
            ..DockerConfig::default()
        }),
        ..Container::default()
    }
}

fn router_of(kind: &str, options: &[(&str, &str)]) -> Container {
    Container {
        name: "router".into(),
        memory: 64,
        firelens_configuration: Some(FirelensConfiguration {
            kind: kind.into(),
            options: options
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        }),
        ..Container::default()
    }
}

fn option_secret(name: &str) -> Secret {
    Secret {
        name: name.into(),
        provider: "asm".into(),
        kind: "BOOTSTRAP".into(),
        target: "LOG_DRIVER".into(),
        ..Secret::default()
    }
}

fn task(containers: Vec<Container>) -> Task {
    Task {
        arn: "arn:aws:ecs:us-west-2:111122223333:task/oracle/7aea2cdf26b01869de9ac8299fe3e1e4"
            .into(),
        family: "oracle".into(),
        version: "1".into(),
        network_mode: Some("bridge".into()),
        containers,
        ..Task::default()
    }
}

fn written(task: &Task) -> String {
    generate(task, "oracle").unwrap().unwrap()
}

#[test]
fn fluent_bit_s_configuration_is_the_recorded_one() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../tests/data/agent-recorded.json")).unwrap();
    let cases = recorded["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["id"] == "log/firelens");
    let expected = case.unwrap()["outcome"]["routerConfig"].as_str().unwrap();
    let mut web = logging("web", &json!({"Name": "http", "Host": "127.0.0.1"}));
    web.secrets = vec![option_secret("apikey")];
    assert_eq!(
        written(&task(vec![router_of("fluentbit", &[]), web])),
        expected
    );
}

#[test]
fn fluentd_has_sections_of_its_own() {
    let mut web = logging(
        "web",
        &json!({"@type": "http", "include-pattern": "failure", "exclude-pattern": "success", "log-driver-buffer-limit": "5"}),
    );
    web.secrets = vec![option_secret("token")];
    let router = router_of(
        "fluentd",
        &[
            ("config-file-type", "file"),
            ("config-file-value", "/extra.conf"),
        ],
    );
    let mut task = task(vec![web, router]);
    task.network_mode = Some("awsvpc".into());
    let arn = &task.arn;
    assert_eq!(
        written(&task),
        format!(
            "
<source>
    @type unix
    path /var/run/fluent.sock
</source>

<source>
    @type forward
    bind 127.0.0.1
    port 24224
</source>

<filter web-firelens**>
    @type  grep
    <regexp>
        key log
        pattern failure
    </regexp>
</filter>

<filter web-firelens**>
    @type  grep
    <exclude>
        key log
        pattern success
    </exclude>
</filter>

<filter **>
    @type record_transformer
    <record>
        ecs_cluster oracle
        ecs_task_arn {arn}
        ecs_task_definition oracle:1
    </record>
</filter>

@include /extra.conf

<match web-firelens**>
    @type http
    token \"#{{ENV['token_0']}}\"
</match>
"
        )
    );
}

#[test]
fn without_metadata_port_and_output_there_is_only_the_socket_and_what_is_included() {
    let router = router_of(
        "fluentbit",
        &[
            ("enable-ecs-log-metadata", "false"),
            ("config-file-type", "file"),
            ("config-file-value", "/extra.conf"),
        ],
    );
    let mut task = task(vec![
        Container {
            memory: 0,
            ..router
        },
        logging("web", &Value::Null),
    ]);
    task.network_mode = Some("host".into());
    assert_eq!(
        written(&task),
        "\n[INPUT]\n    Name forward\n    Mem_Buf_Limit 25MB\n    unix_path /var/run/fluent.sock\n\n@INCLUDE /extra.conf\n"
    );
}

#[test]
fn options_without_a_plugin_are_refused() {
    let of = |kind, options: &[(&str, &str)], log: &Value| {
        generate(
            &task(vec![router_of(kind, options), logging("web", log)]),
            "oracle",
        )
        .unwrap_err()
        .to_string()
    };
    assert_eq!(
        of("fluentbit", &[], &json!({"Host": "h"})),
        "unable to generate firelens config file: unable to generate firelens config: unable to apply log options of container web to firelens config: missing output key Name which is required for firelens configuration of type fluentbit"
    );
    assert_eq!(
        of("logstash", &[], &Value::Null),
        "invalid firelens configuration type: logstash"
    );
    assert_eq!(
        of("fluentd", &[("config-file-type", "ftp")], &Value::Null),
        "error parsing firelens options: invalid value ftp is specified for option config-file-type"
    );
    assert_eq!(
        of("fluentd", &[("config-file-type", "file")], &Value::Null),
        "error parsing firelens options: option config-file-type is specified but config-file-value is not specified"
    );
}

#[test]
fn the_router_starts_first_unless_it_waits_itself() {
    let depends_on = |name: &str| Dependency {
        container_name: name.into(),
        condition: "COMPLETE".into(),
    };
    let mut router = router_of("fluentbit", &[]);
    router.depends_on = vec![depends_on("middle")];
    let mut middle = Container {
        name: "middle".into(),
        ..Container::default()
    };
    middle.depends_on = vec![depends_on("early")];
    let null = json!({"Name": "null"});
    let mut ordered = task(vec![
        logging("early", &null),
        middle,
        router,
        logging("web", &null),
    ]);
    start_router_first(&mut ordered);
    let waits: Vec<Vec<&str>> = ordered
        .containers
        .iter()
        .map(|c| {
            c.depends_on
                .iter()
                .map(|d| d.container_name.as_str())
                .collect()
        })
        .collect();
    assert_eq!(
        waits,
        [vec![], vec!["early"], vec!["middle"], vec!["router"]]
    );
}

#[test]
fn containers_that_log_to_it_get_docker_s_own_driver() {
    let files = Files::of_task(Path::new("/data"), "0123");
    let web = logging(
        "web",
        &json!({"Name": "http", "log-driver-buffer-limit": "100"}),
    );
    let driver = driver(&web, "0123", &files);
    assert_eq!(driver.name, "fluentd");
    let options: Vec<_> = driver
        .options
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        options,
        [
            (
                "fluentd-address",
                "unix:///data/firelens/0123/socket/fluent.sock"
            ),
            ("fluentd-async", "true"),
            ("fluentd-buffer-limit", "100"),
            ("fluentd-sub-second-precision", "true"),
            ("tag", "web-firelens-0123"),
        ]
    );
}

#[test]
fn a_socket_whose_path_would_be_too_long_is_elsewhere() {
    let id = "7aea2cdf26b01869de9ac8299fe3e1e4";
    let files = Files::of_task(Path::new("/tmp").join("d".repeat(50)).as_path(), id);
    assert_eq!(
        files.socket(),
        Path::new("/run/sealift/firelens")
            .join(id)
            .join("fluent.sock")
    );
    assert!(files.config().starts_with("/tmp"));
}
