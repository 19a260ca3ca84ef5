"""169.254.170.2: log lines sent by Docker's awslogs driver as the execution role, and SDKs in containers as the task role."""

import json
import re
import urllib.error
import urllib.request

import pytest

from harness import Server, allow, docker, trust_of, wait_for
from operations import new_name
from tasks import PYTHON_PATHS, PYTHON_VOLUMES, Tasks, allowing, container, execution_role, only_container, output, with_python


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this module's own: only one process of a host can serve the address."""
    running = Server(tmp_path_factory.mktemp("server"), arguments=allowing(*PYTHON_PATHS)).start()
    yield running
    running.dispose()


@pytest.fixture
def tasks(server):
    started = Tasks(server)
    yield started
    started.stop()


@pytest.fixture
def group(server):
    name = f"/ecs/{new_name()}"
    server.client("logs").create_log_group(logGroupName=name)
    return name


def awslogs(group: str, **options) -> dict:
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web", **options}
    return {"logDriver": "awslogs", "options": {name.replace("_", "-"): value for name, value in options.items()}}


def writing(server, group: str) -> dict:
    arn = f"arn:aws:logs:{server.region}:{server.account}:log-group:{group}:log-stream:*"
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn)


def lines(server, group: str) -> list[dict]:
    return server.client("logs").filter_log_events(logGroupName=group)["events"]


# awslogs


def test_a_container_s_lines_arrive_in_the_stream_that_ecs_names(server, tasks, group):
    role = execution_role(server, writing(server, group))
    app = container(script="echo first; echo second; sleep 1", logConfiguration=awslogs(group))
    task = tasks.run(tasks.register(app, executionRoleArn=role))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["stoppedReason"] == "Essential container in task exited"
    found = wait_for("both lines", lambda: len(found := lines(server, group)) == 2 and found)
    assert [one["message"] for one in found] == ["first", "second"]
    assert {one["logStreamName"] for one in found} == {f"web/app/{task.split('/')[-1]}"}


def test_the_execution_role_decides_about_the_lines_too(server, tasks, group):
    role = execution_role(server, allow("logs:PutLogEvents"))
    stopped = tasks.refuse(container(logConfiguration=awslogs(group, mode="blocking")), executionRoleArn=role)
    assert stopped["stopCode"] == "TaskFailedToStart"
    reason = stopped["containers"][0]["reason"]
    assert reason.startswith("CannotStartContainerError: Error response from daemon: failed to initialize logging driver"), reason
    assert "is not authorized to perform: logs:CreateLogStream" in reason

    # A container that does not wait for its lines does not wait for their stream either.
    task = tasks.run(tasks.register(container(script="echo lost", logConfiguration=awslogs(group)), executionRoleArn=role))
    assert tasks.wait(task, "STOPPED")["stopCode"] == "EssentialContainerExited"
    assert lines(server, group) == []


def test_a_group_is_created_where_the_role_may_and_the_definition_says_so(server, tasks):
    group = f"/ecs/{new_name()}"
    role = execution_role(server, allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]))
    app = container(script="echo there", logConfiguration=awslogs(group, awslogs_create_group="true"))
    task = tasks.run(tasks.register(app, executionRoleArn=role))
    tasks.wait(task, "STOPPED")
    assert wait_for("the line", lambda: lines(server, group))[0]["message"] == "there"


def test_what_docker_shows_of_a_log_driver_is_good_for_logs_alone(server, tasks, group):
    secret = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="hidden")["ARN"]
    role = execution_role(server, allow("*"))
    task = tasks.start(container(logConfiguration=awslogs(group)), executionRoleArn=role)
    tasks.wait(task, "RUNNING")
    (config,) = json.loads(docker("inspect", only_container(task)))
    path = config["HostConfig"]["LogConfig"]["Config"]["awslogs-credentials-endpoint"]
    given = read(f"http://169.254.170.2{path}")
    caller = from_endpoint(given)
    assert server.client("sts", caller).get_caller_identity()["Arn"].endswith(task.split("/")[-1])
    with pytest.raises(Exception, match="because no session policy allows the secretsmanager:GetSecretValue action"):
        server.client("secretsmanager", caller).get_secret_value(SecretId=secret)


# Task roles


def from_endpoint(given: dict):
    from harness import Credentials

    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])


def read(url: str) -> dict:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def test_an_unmodified_sdk_in_a_container_reads_a_secret_as_the_task_role(server, tasks):
    secret = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="for the task")["ARN"]
    task_role = execution_role(server, allow("secretsmanager:GetSecretValue", secret))
    script = f"import boto3; print(boto3.client('secretsmanager').get_secret_value(SecretId={secret!r})['SecretString'])"
    task = tasks.run(tasks.register(with_python("-c", script), taskRoleArn=task_role, volumes=PYTHON_VOLUMES))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["containers"][0].get("exitCode") == 0, (stopped["containers"], output(task))
    assert output(task).strip() == "for the task"


def test_the_task_role_decides_in_the_container(server, tasks):
    secret = server.client("secretsmanager").create_secret(Name=new_name(), SecretString="not for the task")["ARN"]
    script = f"""
import boto3
try:
    boto3.client('secretsmanager').get_secret_value(SecretId={secret!r})
except Exception as error:
    print(error)
"""
    # The execution role may; the containers have nothing of it.
    execution = execution_role(server, allow("*"))
    role = execution_role(server)
    task = tasks.run(tasks.register(with_python("-c", script), taskRoleArn=role, executionRoleArn=execution, volumes=PYTHON_VOLUMES))
    tasks.wait(task, "STOPPED")
    name = role.split("/")[-1]
    assert re.search(f"AccessDeniedException.*User: arn:aws:sts::{server.account}:assumed-role/{name}/[0-9a-f]+ is not authorized", output(task))


def test_nobody_but_the_task_s_own_containers_gets_its_credentials(server, tasks):
    role = execution_role(server, allow("*"))
    holder = tasks.start(container(), taskRoleArn=role)
    tasks.wait(holder, "RUNNING")
    (config,) = json.loads(docker("inspect", only_container(holder)))
    variables = dict(line.split("=", 1) for line in config["Config"]["Env"])
    path = variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    assert variables["AWS_ENDPOINT_URL"] == "http://169.254.170.2"

    own = docker("exec", only_container(holder), "wget", "-qO-", f"http://169.254.170.2{path}")
    assert json.loads(own)["RoleArn"] == role
    assert read(f"http://169.254.170.2{path}")["code"] == "InvalidIdInRequest", "not to the host"
    other = tasks.start(container(), taskRoleArn=role)
    tasks.wait(other, "RUNNING")
    script = f"wget -O- http://169.254.170.2{path} || echo refused"
    assert "refused" in docker("exec", only_container(other), "sh", "-c", script), "not to another task"
    assert read("http://169.254.170.2/v2/credentials/nonsense")["code"] == "InvalidIdInRequest"
    assert read("http://169.254.170.2/v2/credentials/")["code"] == "NoIdInRequest"


def test_a_container_keeps_its_credentials_over_a_restart_of_the_server(server, tasks):
    role = execution_role(server, allow("*"))
    task = tasks.start(container(), taskRoleArn=role)
    tasks.wait(task, "RUNNING")
    (config,) = json.loads(docker("inspect", only_container(task)))
    variables = dict(line.split("=", 1) for line in config["Config"]["Env"])
    url = f"http://169.254.170.2{variables['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']}"
    server.kill()
    server.start()

    def again():
        answer = docker("exec", only_container(task), "sh", "-c", f"wget -qO- {url} || true")
        return answer and json.loads(answer)["RoleArn"] == role

    wait_for("the credentials after the restart", again, 90)


def test_a_role_that_does_not_trust_ecs_is_refused_at_run_task(server, tasks):
    name = new_name()
    root = f"arn:aws:iam::{server.account}:root"
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(root))["Role"]["Arn"]
    definition = tasks.register(container(), taskRoleArn=role)
    with pytest.raises(Exception, match=f"ECS was unable to assume the role '{role}' that was provided for this task"):
        tasks.run(definition)
