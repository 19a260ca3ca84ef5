"""Rotators that are task definitions of the server: each step a task under the rotation role, and what becomes of it."""

import json
import shutil

import pytest

from errors import refused
from harness import Server, allow, docker, docker_containers, wait_for
from rotation import Rotators, deploy, events, failure, rotated, stages
from tasks import PYTHON_PATHS, PYTHON_VOLUMES, Tasks, allowing, container, with_python

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
VALUE = json.dumps({"username": "u", "password": "first-password"})


@pytest.fixture(scope="module")
def home():
    deployed = deploy()
    yield deployed
    shutil.rmtree(deployed)


@pytest.fixture(scope="module")
def rotators(home, tmp_path_factory):
    """A server of this module's own: only one process of a host can serve 169.254.170.2."""
    server = Server(tmp_path_factory.mktemp("server"), arguments=allowing(*PYTHON_PATHS, str(home)))
    made = Rotators(home, server, retry_after=600)
    made.add_other("in-a-task", timeout=60, task_definition="rotate")
    for family in ("failing", "unstartable", "roleless", "nowhere"):
        made.add_other(family, task_definition=family)
    made.add_other("endless", timeout=3, task_definition="endless")
    made.add_other("paired", task_definition="paired", container="rotator")
    made.add_other("undecided", task_definition="paired")
    server.start()
    made.role = made.make_role("ecs-tasks.amazonaws.com")
    yield made
    server.dispose()


@pytest.fixture(scope="module")
def definitions(rotators):
    """The task definitions behind those names."""
    tasks, role, home = Tasks(rotators.server), rotators.role, rotators.home
    # It waits for a word, so that a test can do things meanwhile.
    script = f"import os, runpy, sys, time\nwhile os.path.exists('{rotators.control}/wait'): time.sleep(0.1)\nsys.argv[1:] = ['{home}/scripted.py']\nrunpy.run_path('{home}/run_function.py', run_name='__main__')"
    variables = {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1", "CONTROL": str(rotators.control)}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    app = with_python("-c", script, environment=environment, mountPoints=[{"sourceVolume": "rotators", "containerPath": str(home)}])
    volumes = [*PYTHON_VOLUMES, {"name": "rotators", "host": {"sourcePath": str(home)}}]
    tasks.register(app, family="rotate", taskRoleArn=role, volumes=volumes)
    tasks.register(container(script="exit 3"), family="failing", taskRoleArn=role)
    tasks.register({**container(), "command": ["/no/such/program"]}, family="unstartable", taskRoleArn=role)
    tasks.register(container(), family="roleless")
    tasks.register(container(), family="endless", taskRoleArn=role)
    told = 'env | grep ^SEALIFT_ | sort; test "$SEALIFT_ROTATION_STEP" = createSecret'
    rotator = container("rotator", script=told)
    tasks.register(rotator, container("proxy", script="env; sleep 600"), family="paired", taskRoleArn=role)
    return tasks


@pytest.fixture
def secrets(rotators, definitions):
    return rotators.server.client("secretsmanager")


def of_rotation(tasks: Tasks, token: str) -> list[dict]:
    """The tasks that were started for a version, oldest first."""
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in tasks.ecs.list_tasks(startedBy="secretsmanager.amazonaws.com", desiredStatus=status)["taskArns"]
    ]
    described = tasks.ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
    found = [task for task in described if variables(task).get("SEALIFT_ROTATION_TOKEN") == token]
    return sorted(found, key=lambda task: task["createdAt"])


def variables(task: dict) -> dict[str, str]:
    overrides = task["overrides"]["containerOverrides"]
    return {one["name"]: one["value"] for override in overrides for one in override.get("environment", [])}


def test_each_step_is_a_task_under_the_rotation_role(rotators, definitions, secrets, name):
    server = rotators.server
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("in-a-task"))["VersionId"]
    rotated(server, secret["ARN"], version, 90)
    assert json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["password"] != "first-password"
    tasks = of_rotation(definitions, version)
    assert [variables(task)["SEALIFT_ROTATION_STEP"] for task in tasks] == STEPS == rotators.steps(version)
    event = {"Step": "createSecret", "SecretId": secret["ARN"], "ClientRequestToken": version}
    assert json.loads(variables(tasks[0])["SEALIFT_ROTATION_EVENT"]) == event
    assert variables(tasks[0])["SEALIFT_ROTATION_SECRET_ID"] == secret["ARN"]
    (put,) = [line for line in server.audit() if line["event"] == "secretsmanager:PutSecretValue"]
    session = tasks[0]["taskArn"].rsplit("/", 1)[1]
    assert put["caller"] == f"arn:aws:sts::{server.account}:assumed-role/rotation/{session}"
    for task in tasks:
        (config,) = json.loads(docker("inspect", docker_containers(task["taskArn"])[0]["id"]))
        assert "AWS_SECRET_ACCESS_KEY" not in json.dumps(config), "the container is given no credentials"


def test_a_step_goes_on_over_a_restart_and_is_not_begun_twice(rotators, definitions, secrets, name):
    server = rotators.server
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    rotators.say("wait")
    version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("in-a-task"))["VersionId"]
    (task,) = wait_for("a task that runs", lambda: [one for one in of_rotation(definitions, version) if one["lastStatus"] == "RUNNING"])
    server.kill()
    server.start()
    path = "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    (running,) = docker_containers(task["taskArn"])
    wait_for("its credentials", lambda: "AccessKeyId" in docker("exec", running["id"], "sh", "-c", f"wget -qO- {path} || true"))
    rotators.unsay("wait")
    rotated(server, secret["ARN"], version, 90)
    assert [variables(one)["SEALIFT_ROTATION_STEP"] for one in of_rotation(definitions, version)] == STEPS


def test_a_task_that_ends_otherwise_is_a_failed_step_and_the_events_say_why(rotators, definitions, secrets, name):
    server, made = rotators.server, {}
    expected = {
        "failing": "stopped with EssentialContainerExited: Essential container in task exited; its container `app` ended with exit code 3",
        "unstartable": "stopped with TaskFailedToStart: ",
        "roleless": f"the task could not be started: its task definition must have the role {rotators.role} as its taskRoleArn",
        "nowhere": "the task could not be started: TaskDefinition not found.",
        "endless": "it did not end within 3 s",
        "undecided": "its task definition has 2 essential containers: say with `container` whose end decides",
    }
    for function in expected:
        made[function] = secrets.create_secret(Name=f"{name}-{function}", SecretString=VALUE)
        secrets.rotate_secret(SecretId=made[function]["ARN"], RotationLambdaARN=rotators.arn(function))
    for function, why in expected.items():
        detail = failure(server, made[function]["ARN"])
        assert detail.startswith("createSecret: ") and why in detail, (function, detail)
        assert stages(server, made[function]["ARN"])[made[function]["VersionId"]] == ["AWSCURRENT"]
    (pending,) = stages(server, made["endless"]["ARN"]).keys() - {made["endless"]["VersionId"]}
    (task,) = of_rotation(definitions, pending)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "UserInitiated")
    assert task["stoppedReason"] == "The step of the rotation did not end within 3 s"


def test_one_container_is_told_and_decides_for_the_task(rotators, definitions, secrets, name):
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("paired"))["VersionId"]
    detail = failure(rotators.server, secret["ARN"], 90)
    assert detail.startswith("setSecret: the task arn:aws:ecs:"), "the first step was done"
    assert "its container `rotator` ended with exit code 1" in detail
    first, _ = of_rotation(definitions, version)
    printed = {one["name"]: docker("logs", one["id"]) for one in docker_containers(first["taskArn"])}
    assert [line.split("=")[0] for line in printed["rotator"].splitlines()] == [
        "SEALIFT_ROTATION_EVENT",
        "SEALIFT_ROTATION_SECRET_ID",
        "SEALIFT_ROTATION_STEP",
        "SEALIFT_ROTATION_TOKEN",
    ]
    assert "SEALIFT_" not in printed["proxy"]


def test_a_test_without_rotating_is_one_task_with_a_copy(rotators, definitions, secrets, name):
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    function = rotators.arn("in-a-task")
    version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=function, RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 9})["VersionId"]
    wait_for("the test", lambda: "TestRotationSucceeded" in events(rotators.server, secret["ARN"]))
    assert [variables(task)["SEALIFT_ROTATION_STEP"] for task in of_rotation(definitions, version)] == ["testSecret"]
    assert stages(rotators.server, secret["ARN"]) == {secret["VersionId"]: ["AWSCURRENT"]}


def test_the_caller_needs_the_function_and_not_the_task(rotators, definitions, secrets, name):
    server, function = rotators.server, rotators.arn("failing")
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    stranger = server.client("secretsmanager", server.caller(allow(["secretsmanager:RotateSecret", "ecs:*", "iam:PassRole"])))
    with refused("AccessDeniedException"):
        stranger.rotate_secret(SecretId=secret["ARN"], RotationLambdaARN=function)
    caller = server.client("secretsmanager", server.caller(allow("secretsmanager:RotateSecret"), allow("lambda:InvokeFunction", function)))
    caller.rotate_secret(SecretId=secret["ARN"], RotationLambdaARN=function)
    assert "exit code 3" in failure(server, secret["ARN"])


def test_the_role_must_trust_tasks(rotators, definitions, secrets, name):
    iam = rotators.server.client("iam")
    trusted = iam.get_role(RoleName="rotation")["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName="rotation", PolicyDocument=json.dumps(trusted).replace("ecs-tasks", "lambda"))
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("failing"))
    detail = failure(rotators.server, secret["ARN"])
    iam.update_assume_role_policy(RoleName="rotation", PolicyDocument=json.dumps(trusted))
    assert "trust policy does not allow ecs-tasks.amazonaws.com" in detail
