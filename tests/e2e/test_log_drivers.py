"""Log configurations: `options` and `secretOptions` reach Docker's drivers, and the lines reach real collectors."""

import json
import os
import re

import pytest

import collectors
from errors import refused
from harness import docker, free_port, wait_for
from operations import new_name
from tasks import container, execution_role, only_container, output, reading

SAYS = "echo a line of the container; sleep 1"


@pytest.fixture
def logging(server, tasks):
    """Runs a container that writes one line, with these log options and secret options; the running task."""

    def run(driver: str, options: dict[str, str] | None = None, script: str = SAYS, **values: str) -> str:
        secrets, arns = [], []
        for option, value in values.items():
            arns.append(server.client("secretsmanager").create_secret(Name=new_name(), SecretString=value)["ARN"])
            secrets.append({"name": option.replace("_", "-"), "valueFrom": arns[-1]})
        role = {"executionRoleArn": execution_role(server, *reading(secrets=arns))} if arns else {}
        log = {"logDriver": driver, "options": options or {}, "secretOptions": secrets}
        return tasks.run(tasks.register(container(script=script, logConfiguration=log), **role))

    return run


def log_config(task: str) -> dict:
    (inspected,) = json.loads(docker("inspect", only_container(task)))
    return inspected["HostConfig"]["LogConfig"]


def arrives(collected: collectors.Collected, what: str = "a line of the container") -> None:
    wait_for("the line at the collector", lambda: what in collected.texts())


def test_splunk_gets_its_token_from_the_store(tasks, logging):
    with collectors.event_collector("6a9e4b9c-token") as (url, events, denied):
        task = logging("splunk", {"splunk-url": url, "splunk-format": "raw"}, splunk_token="6a9e4b9c-token")
        tasks.wait(task, "STOPPED")
        arrives(events)
        assert denied == []
    (inspected,) = json.loads(docker("inspect", only_container(task)))
    assert not any("6a9e4b9c-token" in variable for variable in inspected["Config"]["Env"])
    config = inspected["HostConfig"]["LogConfig"]["Config"]
    assert (config["splunk-token"], config["splunk-format"]) == ("6a9e4b9c-token", "raw")


def test_a_collector_that_wants_another_token_gets_no_line(tasks, logging):
    with collectors.event_collector("the-right-token") as (url, events, denied):
        task = logging("splunk", {"splunk-url": url, "splunk-verify-connection": "false"}, splunk_token="the-wrong-token")
        tasks.wait(task, "STOPPED")
        wait_for("the refusal", lambda: "Splunk the-wrong-token" in denied)
        assert events == []


def test_fluentd(tasks, logging):
    with collectors.forward() as (port, records):
        task = logging("fluentd", {"tag": "app.{{.Name}}"}, fluentd_address=f"tcp://127.0.0.1:{port}")
        tasks.wait(task, "STOPPED")
        (tag, record) = wait_for("the record", lambda: records and records[0])
    assert tag.startswith("app.ecs-")
    assert (record["log"], record["source"]) == ("a line of the container", "stdout")


def test_gelf(tasks, logging):
    with collectors.datagrams(collectors.gelf) as (port, messages):
        tasks.wait(logging("gelf", {"tag": "mine"}, gelf_address=f"udp://127.0.0.1:{port}"), "STOPPED")
        message = wait_for("the message", lambda: messages and messages[0])
    assert (message["short_message"], message["_tag"]) == ("a line of the container", "mine")


def test_syslog_over_udp_and_tcp(tasks, logging):
    with collectors.datagrams() as (port, messages):
        tasks.wait(logging("syslog", {"tag": "mine", "syslog-facility": "local3"}, syslog_address=f"udp://127.0.0.1:{port}"), "STOPPED")
        arrives(messages)
    # Facility 19 (local3), severity 6 (info).
    assert re.match(r"<158>.* mine\[\d+\]: a line of the container", messages[0])
    with collectors.lines() as (port, received):
        tasks.wait(logging("syslog", {"syslog-address": f"tcp://127.0.0.1:{port}"}, tag="from-the-store"), "STOPPED")
        arrives(received)
    assert "from-the-store" in received[0]


def test_journald(tasks, logging):
    if os.geteuid() or collectors.JOURNAL.exists():
        pytest.skip("the machine has a journal of its own, or a place for none")
    stopped = tasks.wait(logging("journald"), "STOPPED")
    expected = "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: journald is not enabled on this host"
    assert stopped["containers"][0]["reason"] == expected
    with collectors.journal() as entries:
        tasks.wait(logging("journald", {"labels": "com.amazonaws.ecs.container-name"}, tag="from-the-store"), "STOPPED")
        entry = wait_for("the entry", lambda: next((e for e in entries if e.get("MESSAGE") == "a line of the container"), None))
    assert (entry["CONTAINER_TAG"], entry["COM_AMAZONAWS_ECS_CONTAINER_NAME"]) == ("from-the-store", "app")


def test_files_of_the_engine_and_no_log_at_all(tasks, logging):
    files = {driver: logging(driver, {"max-size": "1m"}, max_file="2") for driver in ("json-file", "local")}
    nothing = logging("none")
    for driver, task in files.items():
        tasks.wait(task, "STOPPED")
        assert output(task).strip() == "a line of the container"
        assert log_config(task) == {
            "Type": driver,
            "Config": {"max-size": "1m", "max-file": "2", "mode": "non-blocking", "max-buffer-size": "10m"},
        }
    tasks.wait(nothing, "STOPPED")
    assert log_config(nothing) == {"Type": "none", "Config": {}}


def test_a_mode_that_is_named_stays(tasks, logging):
    blocking = logging("json-file", {"mode": "blocking"})
    small = logging("json-file", {"mode": "non-blocking", "max-buffer-size": "1m"})
    tasks.wait(blocking, "STOPPED")
    assert log_config(blocking)["Config"] == {"mode": "blocking"}
    tasks.wait(small, "STOPPED")
    assert log_config(small)["Config"] == {"mode": "non-blocking", "max-buffer-size": "1m"}


def test_a_secret_option_overwrites_an_option_unless_it_is_empty(server, tasks):
    ssm = server.client("ssm")
    name = new_name()
    ssm.put_parameter(Name=name, Value="3m", Type="SecureString")
    empty = server.client("secretsmanager").create_secret(Name=name, SecretString='{"k": ""}')["ARN"]
    role = execution_role(server, *reading(secrets=[empty], parameters=["*"]))
    secrets = [{"name": "max-size", "valueFrom": name}, {"name": "max-file", "valueFrom": f"{empty}:k::"}]
    log = {"logDriver": "json-file", "options": {"max-size": "1m", "max-file": "4"}, "secretOptions": secrets}
    task = tasks.start(container(logConfiguration=log), executionRoleArn=role)
    config = log_config(task)["Config"]
    assert (config["max-size"], config["max-file"]) == ("3m", "4")


def test_a_log_secret_that_is_denied_or_missing_stops_the_task(server, tasks):
    arn = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="t")["ARN"]
    options = {"splunk-url": "http://127.0.0.1:9", "splunk-token": "from-options"}

    def reason(value_from: str) -> str:
        secrets = [{"name": "splunk-token", "valueFrom": value_from}]
        log = {"logDriver": "splunk", "options": options, "secretOptions": secrets}
        app = container("side", logConfiguration=log, essential=False)
        role = execution_role(server, *reading(parameters=["*"]))
        stopped = tasks.refuse(container(), app, executionRoleArn=role)
        assert stopped["stopCode"] == "TaskFailedToStart"
        return stopped["stoppedReason"]

    assert re.match(
        rf"Secret {re.escape(arn)}: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, "
        rf"RequestID: [0-9a-f-]{{36}}, api error AccessDeniedException: User: .* is not authorized to perform: "
        rf"secretsmanager:GetSecretValue on resource: {re.escape(arn)}",
        reason(arn),
    )
    absent = new_name()
    assert reason(absent) == f"Fetching secret data from SSM Parameter Store in {server.region}: invalid parameters: {absent}"


@pytest.mark.parametrize(
    ("driver", "option", "value"),
    [
        ("json-file", "max-size", "not a size"),
        ("json-file", "max-buffer-size", "many\tbytes"),
        ("syslog", "syslog-address", "tcp://hidden-host-name.invalid:1/%zz"),
        ("gelf", "gelf-compression-level", "hidden level"),
        ("splunk", "splunk-gzip-level", "hidden level"),
        ("fluentd", "fluentd-address", "tcp://hidden-host-name.invalid:24224"),
        ("fluentd", "fluentd-retry-wait", "hidden wait"),
    ],
)
def test_a_value_that_the_engine_refuses_is_not_in_the_reason(server, tasks, logging, driver, option, value):
    options = {
        "splunk": {"splunk-url": "http://127.0.0.1:9", "splunk-token": "t"},
        "gelf": {"gelf-address": f"tcp://127.0.0.1:{free_port()}"},
    }.get(driver, {})
    task = logging(driver, options, **{option.replace("-", "_"): value})
    stopped = tasks.wait(task, "STOPPED")
    reason = stopped["containers"][0]["reason"]
    assert reason.startswith(("CannotCreateContainerError: ", "CannotStartContainerError: ")), reason
    for part in (value, *re.findall(r"[\w.]*hidden[\w. ]*", value)):
        assert part not in reason and part not in json.dumps(stopped, default=str)
        assert part not in server.log()


def test_an_unknown_option_is_the_engine_s_to_refuse(tasks, logging):
    stopped = tasks.wait(logging("json-file", no_such_option="v"), "STOPPED")
    expected = "CannotCreateContainerError: Error response from daemon: unknown log opt 'no-such-option' for json-file log driver"
    assert stopped["containers"][0]["reason"] == expected
    assert stopped["stoppedReason"] == "Task failed to start"


def test_a_secret_does_not_point_a_driver_at_the_host(tasks, logging):
    stopped = tasks.wait(logging("fluentd", fluentd_address="unix:///var/run/docker.sock"), "STOPPED")
    expected = "CannotCreateContainerError: the log option fluentd-address comes from a secret and names a path of the host, which only a definition may"
    assert stopped["containers"][0]["reason"] == expected


def test_what_a_driver_needs_and_does_not_know_is_told_at_registration(tasks):
    def register(driver: str, **options) -> None:
        tasks.register(container(logConfiguration={"logDriver": driver, "options": {k.replace("_", "-"): v for k, v in options.items()}}))

    with refused("ClientException", "Log driver splunk requires options: splunk-token"):
        register("splunk", splunk_url="http://127.0.0.1:9")
    with refused("ClientException", "Log driver awslogs requires options: awslogs-group"):
        register("awslogs", awslogs_region="us-east-1")
    with refused("ClientException", "Log driver awslogs disallows options: colour"):
        register("awslogs", awslogs_region="us-east-1", awslogs_group="g", colour="red")
