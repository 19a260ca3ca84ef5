"""What a task may know of itself at 169.254.170.2, and credentials there for tasks in awsvpc and in the host's network."""

import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from harness import Server, allow, docker, wait_for
from operations import new_name
from tasks import FOREVER, Tasks, container, environment, execution_role, only_container, output, reading

# The Python of this machine with its boto3, for containers whose image has none: unmodified, and from the host.
PYTHON = str(Path(sys.prefix).resolve() / "bin/python")
HOST = sorted({"/usr", "/lib", "/lib64", str(Path(sys.base_prefix).resolve()), str(Path(sys.prefix).resolve())})
VOLUMES = [{"name": f"host{n}", "host": {"sourcePath": path}} for n, path in enumerate(HOST)]
NETWORK = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this module's own: only one process of a host can serve the address."""
    paths = tuple(argument for path in HOST for argument in ("--allow-host-path", path))
    running = Server(tmp_path_factory.mktemp("server"), arguments=("--allow-host-network", *paths))
    running.settings["SEALIFT_NO_TASK_METADATA"] = "false"
    running.start()
    yield running
    running.dispose()


@pytest.fixture
def tasks(server):
    started = Tasks(server)
    yield started
    started.stop()


def start(tasks: Tasks, *containers: dict, mode: str = "bridge", **rest) -> str:
    task = tasks.run(tasks.register(*containers, networkMode=mode, **rest), **(NETWORK if mode == "awsvpc" else {}))
    tasks.wait(task, "RUNNING")
    return task


def told(task: str, path: str = "", name: str = "app", variable: str = "ECS_CONTAINER_METADATA_URI_V4") -> dict:
    """What the container itself is answered."""
    script = f"wget -qO- ${variable}{path}"
    return json.loads(docker("exec", only_container(task, name), "sh", "-c", script))


def read(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def with_python(script: str, **rest) -> dict:
    """A container that runs this script with the host's Python and its boto3."""
    mounts = [{"sourceVolume": f"host{n}", "containerPath": path, "readOnly": True} for n, path in enumerate(HOST)]
    return {**container(**rest), "memory": 512, "command": [PYTHON, "-c", script], "mountPoints": mounts}


# Metadata


@pytest.mark.parametrize("mode", ["bridge", "awsvpc", "host"])
def test_a_container_reads_about_itself_and_its_task(server, tasks, mode):
    task = start(tasks, container(cpu=16), container("side"), mode=mode)
    own = told(task)
    assert own["Name"] == "app" and own["DockerId"] == only_container(task)
    assert (own["DesiredStatus"], own["KnownStatus"], own["Type"]) == ("RUNNING", "RUNNING", "NORMAL")
    assert own["Limits"] == {"CPU": 16, "Memory": 64}
    assert own["Labels"]["com.amazonaws.ecs.task-arn"] == task
    assert own["ContainerARN"] == tasks.describe(task)["containers"][0]["containerArn"]
    assert own["Networks"][0]["NetworkMode"] == mode
    if mode == "awsvpc":
        interface = tasks.describe(task)["containers"][0]["networkInterfaces"][0]
        assert own["Networks"][0]["IPv4Addresses"] == [interface["privateIpv4Address"]]
    whole = told(task, "/task")
    assert (whole["TaskARN"], whole["KnownStatus"], whole["LaunchType"]) == (task, "RUNNING", "EC2")
    assert {one["Name"] for one in whole["Containers"]} == {"app", "side"}, "what holds the network is not shown"
    assert told(task, "/taskWithTags")["TaskARN"] == task
    assert told(task, "/stats")["memory_stats"]["usage"] > 0
    assert set(told(task, "/task/stats")) == {one["DockerId"] for one in whole["Containers"]}
    assert told(task, "/task", variable="ECS_CONTAINER_METADATA_URI")["TaskARN"] == task


def test_no_secret_and_no_variable_is_in_the_metadata(server, tasks):
    value = f"hidden-{new_name()}"
    secret = server.client("secretsmanager").create_secret(Name=new_name(), SecretString=value)["ARN"]
    role = execution_role(server, *reading(secrets=[secret]))
    log = {"logDriver": "json-file", "options": {"max-file": "2"}, "secretOptions": [{"name": "tag", "valueFrom": secret}]}
    app = container(
        secrets=[{"name": "TOKEN", "valueFrom": secret}], environment=[{"name": "PLAIN", "value": "in-the-clear"}], logConfiguration=log
    )
    task = start(tasks, app, executionRoleArn=role)
    assert environment(task)["TOKEN"] == value
    own = told(task)
    assert (own["LogDriver"], own["LogOptions"]["max-file"]) == ("json-file", "2")
    assert "tag" not in own["LogOptions"], "what is secret is not told"
    for path in ("", "/task", "/taskWithTags"):
        text = json.dumps(told(task, path))
        assert value not in text and "in-the-clear" not in text and "TOKEN" not in text


def test_only_the_task_itself_is_told(tasks):
    task = start(tasks, container())
    address = environment(task)["ECS_CONTAINER_METADATA_URI_V4"]
    assert re.fullmatch(r"http://169\.254\.170\.2/v4/[0-9a-f]{32}", address)
    assert read(address)[0] == 404, "not the host"
    other = start(tasks, container())
    refused = docker("exec", only_container(other), "sh", "-c", f"wget -qO- {address} || echo refused")
    assert refused.strip() == "refused", "not another task"
    assert read("http://169.254.170.2/v4/nonsense")[0] == 404


def test_metadata_is_there_again_after_a_restart_of_the_server(server, tasks):
    task = start(tasks, container())
    server.kill()
    server.start()

    def again():
        script = "wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task || true"
        answer = docker("exec", only_container(task), "sh", "-c", script)
        return answer and json.loads(answer)["TaskARN"] == task

    wait_for("the metadata after the restart", again, 60)


# Credentials


@pytest.mark.parametrize("mode", ["awsvpc", "host"])
def test_an_unmodified_sdk_reads_a_secret_as_the_task_role(server, tasks, mode):
    client = server.client("secretsmanager")
    secret = client.create_secret(Name=new_name(), SecretString="for the task")["ARN"]
    other = client.create_secret(Name=new_name(), SecretString="for the execution role")["ARN"]
    script = f"""
import boto3
client = boto3.client('secretsmanager')
print(client.get_secret_value(SecretId={secret!r})['SecretString'])
try:
    client.get_secret_value(SecretId={other!r})
except client.exceptions.ClientError as error:
    print(error.response['Error']['Code'])
"""
    roles = {
        "taskRoleArn": execution_role(server, allow("secretsmanager:GetSecretValue", secret)),
        "executionRoleArn": execution_role(server, allow("*")),
    }
    definition = tasks.register(with_python(script), networkMode=mode, volumes=VOLUMES, **roles)
    task = tasks.run(definition, **(NETWORK if mode == "awsvpc" else {}))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["containers"][0].get("exitCode") == 0, (stopped["containers"], output(task))
    assert output(task).split("\n")[:2] == ["for the task", "AccessDeniedException"]


def test_in_awsvpc_the_address_says_whose_credentials_they_are(server, tasks):
    role = execution_role(server, allow("*"))
    holder = start(tasks, container(), mode="awsvpc", taskRoleArn=role)
    path = environment(holder)["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    own = docker("exec", only_container(holder), "wget", "-qO-", f"http://169.254.170.2{path}")
    assert json.loads(own)["RoleArn"] == role
    script = f"wget -qO- http://169.254.170.2{path} || echo refused"
    for mode in ("awsvpc", "bridge", "host"):
        other = start(tasks, container(script=FOREVER), mode=mode)
        assert docker("exec", only_container(other), "sh", "-c", script).strip() == "refused", mode


def test_in_the_host_s_network_the_id_says_it(server, tasks):
    role = execution_role(server, allow("*"))
    holder = start(tasks, container(), mode="host", taskRoleArn=role)
    path = environment(holder)["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    assert re.fullmatch("/v2/credentials/[0-9a-f]{32}", path), "128 random bits"
    own = docker("exec", only_container(holder), "wget", "-qO-", f"http://169.254.170.2{path}")
    assert json.loads(own)["RoleArn"] == role
    other = start(tasks, container())
    script = f"wget -qO- http://169.254.170.2{path} || echo refused"
    assert docker("exec", only_container(other), "sh", "-c", script).strip() == "refused", "not containers with addresses of their own"
    assert path.split("/")[-1] not in server.log()
