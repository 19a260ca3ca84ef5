"""FireLens: containers log through a router, which has their option secrets and a configuration made for it."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from errors import refused
from harness import Server, docker, wait_for
from operations import new_name
from tasks import FOREVER, Tasks, container, environment, execution_role, only_container, output, reading

# The router is a program of the tests, run by this machine's Python: Fluent Bit cannot be had.
PYTHON = str(Path(sys.prefix).resolve() / "bin/python")
ROUTER = Path(__file__).parent / "routers/router.py"
HOST = sorted({"/usr", "/lib", "/lib64", str(Path(sys.base_prefix).resolve()), str(Path(sys.prefix).resolve()), str(ROUTER.parents[1])})
VOLUMES = [{"name": f"host{n}", "host": {"sourcePath": path}} for n, path in enumerate(HOST)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this module's own, which lets the router have Python from the host."""
    arguments = tuple(argument for path in HOST for argument in ("--allow-host-path", path))
    running = Server(tmp_path_factory.mktemp("s"), arguments=arguments).start()
    yield running
    running.dispose()


@pytest.fixture
def tasks(server):
    started = Tasks(server)
    yield started
    started.stop()


def router(kind: str = "fluentbit", **options: str) -> dict:
    mounts = [{"sourceVolume": f"host{n}", "containerPath": path, "readOnly": True} for n, path in enumerate(HOST)]
    configuration = {"type": kind, "options": {name.replace("_", "-"): value for name, value in options.items()}}
    plain = container("router", firelensConfiguration=configuration)
    return plain | {"command": [PYTHON, str(ROUTER)], "mountPoints": mounts, "memory": 128}


def logging(name: str, script: str, secrets: dict[str, str] | None = None, **options: str) -> dict:
    options = {key.replace("_", "-"): value for key, value in options.items()}
    secret_options = [{"name": name, "valueFrom": arn} for name, arn in (secrets or {}).items()]
    log = {"logDriver": "awsfirelens", "options": options, "secretOptions": secret_options}
    return container(name, script, logConfiguration=log)


def routed(task: str, line: str) -> dict:
    """What the router said about a line."""

    def found():
        said = [json.loads(one) for one in output(task, "router").splitlines() if one.startswith("{")]
        return next((one for one in said if one["record"].get("log") == line), None)

    return wait_for(f"`{line}` at the router", found)


def inspected(task: str, name: str) -> dict:
    (found,) = json.loads(docker("inspect", only_container(task, name)))
    return found


def test_lines_reach_the_router_and_secrets_its_environment_alone(server, tasks):
    value = f"k3y-{new_name()}"
    arn = server.client("secretsmanager").create_secret(Name=new_name(), SecretString=value)["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    web = logging("web", f"echo a line of the web; {FOREVER}", {"apikey": arn}, Name="http", Host="127.0.0.1", log_driver_buffer_limit="100")
    task = tasks.start(router(), web, executionRoleArn=role, volumes=VOLUMES)
    task_id = task.split("/")[-1]

    said = routed(task, "a line of the web")
    assert said["tag"] == f"web-firelens-{task_id}"
    hashed = "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    assert said["output"] == {"Name": "http", "Match": "web-firelens*", "Host": "127.0.0.1", "apikey": hashed}
    family = tasks.describe(task)["taskDefinitionArn"].split("/")[-1]
    assert (said["record"]["ecs_cluster"], said["record"]["ecs_task_arn"]) == ("default", task)
    assert said["record"]["ecs_task_definition"] == family

    inside = environment(task, "router")
    assert inside["apikey_1"] == value
    binds = [bind.split(":") for bind in inspected(task, "router")["HostConfig"]["Binds"] if "/firelens/" in bind]
    (config_file, config_inside), (sockets, sockets_inside) = binds
    assert (config_inside, sockets_inside) == ("/fluent-bit/etc/fluent-bit.conf", "/var/run/")
    assert "${apikey_1}" in Path(config_file).read_text() and value not in Path(config_file).read_text()

    other = inspected(task, "web")
    assert value not in json.dumps(other)
    assert other["HostConfig"]["LogConfig"] == {
        "Type": "fluentd",
        "Config": {
            "tag": f"web-firelens-{task_id}",
            "fluentd-address": f"unix://{sockets}fluent.sock",
            "fluentd-async": "true",
            "fluentd-sub-second-precision": "true",
            "fluentd-buffer-limit": "100",
        },
    }
    assert inspected(task, "router")["State"]["StartedAt"] <= other["State"]["StartedAt"]
    # What the program itself sends goes to the router's port.
    variables = environment(task, "web")
    address = inspected(task, "router")["NetworkSettings"]["Networks"]
    assert variables["FLUENT_HOST"] in [network["IPAddress"] for network in address.values()]
    assert variables["FLUENT_PORT"] == "24224"
    docker("exec", only_container(task, "web"), "sh", "-c", "nc -w 2 $FLUENT_HOST $FLUENT_PORT < /dev/null")
    assert value not in server.log()


def test_fluentd_runs_as_root_and_reads_its_own_notation(server, tasks):
    arn = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="t0ken-value")["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    web = logging("web", f"echo to fluentd; {FOREVER}", {"token": arn}, **{"@type": "http"})
    task = tasks.start(web, router("fluentd", enable_ecs_log_metadata="false"), executionRoleArn=role, volumes=VOLUMES)
    said = routed(task, "to fluentd")
    assert said["output"] == {
        "Name": "http",
        "Match": "web-firelens**",
        "token": "sha256:" + hashlib.sha256(b"t0ken-value").hexdigest(),
    }
    assert set(said["record"]) == {"log", "source", "container_id", "container_name"}
    inside = environment(task, "router")
    assert (inside["FLUENT_UID"], inside["token_0"]) == ("0", "t0ken-value")


def test_in_awsvpc_mode_the_router_is_on_localhost(tasks):
    network = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}
    definition = tasks.register(router(), logging("web", f"echo from the vpc; {FOREVER}", Name="null"), networkMode="awsvpc", volumes=VOLUMES)
    task = tasks.run(definition, networkConfiguration=network)
    tasks.wait(task, "RUNNING")
    assert routed(task, "from the vpc")["output"]["Name"] == "null"
    variables = environment(task, "web")
    assert (variables["FLUENT_HOST"], variables["FLUENT_PORT"]) == ("127.0.0.1", "24224")
    docker("exec", only_container(task, "web"), "sh", "-c", "nc -w 2 127.0.0.1 24224 < /dev/null")


def test_a_denied_option_secret_stops_the_task_before_the_router(server, tasks):
    arn = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="k")["ARN"]
    web = logging("web", FOREVER, {"apikey": arn}, Name="http")
    stopped = tasks.refuse(router(), web, executionRoleArn=execution_role(server), volumes=VOLUMES)
    assert stopped["stoppedReason"].startswith(f"Secret {arn}: operation error Secrets Manager: GetSecretValue")
    assert not any(one.get("runtimeId") for one in stopped["containers"])


def test_options_without_a_plugin_stop_the_task_with_the_agent_s_words(tasks):
    stopped = tasks.refuse(router(), logging("web", FOREVER, Host="h"), volumes=VOLUMES)
    assert stopped["stoppedReason"] == (
        "Unable to generate firelens config file: unable to generate firelens config: unable to apply log options of container web "
        "to firelens config: missing output key Name which is required for firelens configuration of type fluentbit"
    )


def test_the_router_s_files_go_with_the_task(tmp_path, new_server):
    arguments = tuple(argument for path in HOST for argument in ("--allow-host-path", path))
    server = new_server(arguments=arguments, settings={"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s"}).start()
    tasks = Tasks(server)
    task = tasks.start(router(), logging("web", FOREVER, Name="null"), volumes=VOLUMES)
    files = server.data_dir / "firelens" / task.split("/")[-1]
    assert (files / "config/fluent.conf").exists()
    tasks.stop()
    tasks.wait(task, "STOPPED")
    wait_for("the clean-up", lambda: not files.exists(), 30)
    # The path here may be too long for a socket; then it was elsewhere.
    assert not (Path("/run/sealift/firelens") / task.split("/")[-1]).exists()


def test_registration_and_what_the_definition_requires(tasks):
    web = logging("web", FOREVER, Name="null")
    alone = "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers."
    with refused("ClientException", alone):
        tasks.register(web)
    unused = "When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver."
    with refused("ClientException", unused):
        tasks.register(router(), volumes=VOLUMES)
    with refused("ClientException", "Invalid arn syntax."):
        tasks.register(router(config_file_type="s3", config_file_value="s3://bucket/x"), web, volumes=VOLUMES)
    fits = tasks.register(router(config_file_type="file", config_file_value="/extra.conf"), web, volumes=VOLUMES)
    described = tasks.ecs.describe_task_definition(taskDefinition=fits)["taskDefinition"]
    attributes = {one["name"] for one in described["requiresAttributes"]}
    assert {
        "ecs.capability.firelens.fluentbit",
        "ecs.capability.firelens.options.config.file",
        "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    } <= attributes
    s3 = tasks.register(router(config_file_type="s3", config_file_value="arn:aws:s3:::bucket/x.conf"), web, volumes=VOLUMES)
    text = "The config-file-type s3 of firelensConfiguration of container 'router' is not supported yet by sealift."
    with refused("ClientException", text):
        tasks.ecs.run_task(taskDefinition=s3)
