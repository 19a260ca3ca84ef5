"""The agent's configuration, ECS's own `ECS_*` settings: from /etc/ecs/ecs.config or the environment, and what each does."""

import json
import re

import pytest

from errors import refused
from harness import StartRefused, docker, docker_containers, wait_for
from operations import new_name
from tasks import FOREVER, Tasks, container, execution_role, reading


@pytest.fixture
def configured(new_server, tmp_path):
    """Starts a server whose agent is configured by a file and by variables; its tasks, once the agent is there."""

    def start(text: str = "", cluster: str | None = None, **settings: str) -> Tasks:
        arguments = ()
        if text:
            (tmp_path / "ecs.config").write_text(text)
            arguments = ("--ecs-config", str(tmp_path / "ecs.config"))
        server = new_server(arguments=arguments, settings=settings)
        server.start()
        tasks = Tasks(server, cluster=cluster)
        tasks.server = server
        return tasks

    return start


def instance(tasks: Tasks) -> dict:
    """The container instance of the agent, once it is connected."""

    def connected():
        arns = tasks.ecs.list_container_instances(**tasks.cluster)["containerInstanceArns"]
        if not arns:
            return None
        (found,) = tasks.ecs.describe_container_instances(containerInstances=arns, **tasks.cluster)["containerInstances"]
        return found if found["agentConnected"] else None

    return wait_for("a connected agent", connected, 30)


def attributes(tasks: Tasks) -> dict[str, str | None]:
    return {one["name"]: one.get("value") for one in instance(tasks)["attributes"]}


def resource(described: dict, name: str, kind: str = "registeredResources") -> int:
    (found,) = [one["integerValue"] for one in described[kind] if one["name"] == name]
    return found


DRIVER = "com.amazonaws.ecs.capability.logging-driver."


def test_without_a_configuration_the_host_is_set_up_as_by_ecs_s_installer(configured):
    tasks = configured()
    found = attributes(tasks)
    assert {"ecs.capability.execution-role-awslogs", "com.amazonaws.ecs.capability.task-iam-role"} <= set(found)
    engine = json.loads(docker("info", "--format", "{{json .Plugins.Log}}"))
    assert {f"{DRIVER}{driver}" for driver in (*engine, "none", "awsfirelens")} <= set(found)
    described = instance(tasks)
    assert described["versionInfo"]["dockerVersion"].startswith("DockerVersion: ")
    assert re.match(r"\d+\.\d+", described["versionInfo"]["agentVersion"])
    assert (described["status"], described["runningTasksCount"], described["pendingTasksCount"]) == ("ACTIVE", 0, 0)
    task = tasks.start(container(cpu=128))
    described = instance(tasks)
    assert described["runningTasksCount"] == 1
    for name, taken in (("CPU", 128), ("MEMORY", 64)):
        assert resource(described, name) - resource(described, name, "remainingResources") == taken
    tasks.ecs.stop_task(task=task)


def test_a_file_is_read_with_the_agent_s_own_defaults_and_variables_win_over_it(configured):
    tasks = configured(
        '# of this host\nECS_INSTANCE_ATTRIBUTES={"stack": "prod", "rack": "7"}\nECS_RESERVED_MEMORY=512\nECS_LOGLEVEL=error\n',
        ECS_RESERVED_MEMORY="256",
    )
    found = attributes(tasks)
    assert (found["stack"], found["rack"]) == ("prod", "7")
    drivers = {name.removeprefix(DRIVER) for name in found if name.startswith(DRIVER)}
    assert drivers == {"json-file", "none", "awsfirelens"}
    assert "ecs.capability.execution-role-awslogs" not in found
    memory = int(docker("info", "--format", "{{.MemTotal}}")) >> 20
    assert resource(instance(tasks), "MEMORY") == memory - 256
    # The agent is silent at this level, and nobody else.
    log = tasks.server.log()
    assert " agent::" not in log and " agent:" not in log
    assert "DEBUG" in log


def test_what_the_instance_lacks_is_the_reason_that_run_task_gives(configured):
    tasks = configured("ECS_ENABLE_TASK_IAM_ROLE=true\n", ECS_AVAILABLE_LOGGING_DRIVERS='["json-file","awslogs","splunk"]')
    server, arn = tasks.server, instance(tasks)["containerInstanceArn"]
    role = execution_role(server, *reading(parameters=["*"]))

    def failures(*containers: dict, launch_type: str = "EC2", **rest) -> list[dict]:
        definition = tasks.register(*containers, **rest)
        answer = tasks.ecs.run_task(taskDefinition=definition, launchType=launch_type)
        for task in answer["tasks"]:
            tasks.ecs.stop_task(task=task["taskArn"])
        return answer["failures"]

    missing = [{"arn": arn, "reason": "ATTRIBUTE", "detail": "ecs.capability.execution-role-awslogs"}]
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "us-east-1"}}
    assert failures(container(logConfiguration=logs), executionRoleArn=role) == missing
    secret = {"logDriver": "json-file", "options": {}, "secretOptions": [{"name": "tag", "valueFrom": new_name()}]}
    assert failures(container(logConfiguration=secret), executionRoleArn=role) == missing
    assert failures(container(logConfiguration=secret), executionRoleArn=role, launch_type="EXTERNAL") == []
    gelf = {"logDriver": "gelf", "options": {"gelf-address": "udp://127.0.0.1:9"}}
    assert failures(container(logConfiguration=gelf)) == [{"arn": arn, "reason": "ATTRIBUTE", "detail": f"{DRIVER}gelf"}]
    assert failures(container() | {"memory": 1 << 30}) == [{"arn": arn, "reason": "RESOURCE:MEMORY"}]
    assert failures(container(cpu=1 << 20)) == [{"arn": arn, "reason": "RESOURCE:CPU"}]


def test_with_the_override_tasks_with_log_secrets_are_placed(configured):
    tasks = configured("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true\n")
    name = new_name()
    tasks.server.client("ssm").put_parameter(Name=name, Value="1m", Type="SecureString")
    role = execution_role(tasks.server, *reading(parameters=["*"]))
    log = {"logDriver": "json-file", "secretOptions": [{"name": "max-size", "valueFrom": name}]}
    task = tasks.start(container(logConfiguration=log), executionRoleArn=role)
    tasks.ecs.stop_task(task=task)


def test_one_cluster_is_served_where_one_is_named(configured):
    tasks = configured("ECS_CLUSTER=web\n", cluster="web")
    tasks.ecs.create_cluster(clusterName="web")
    assert ":container-instance/web/" in instance(tasks)["containerInstanceArn"]
    with refused("InvalidParameterException", "No Container Instances were found in your cluster."):
        tasks.ecs.run_task(taskDefinition=tasks.register(container()), cluster="default")
    tasks.ecs.stop_task(task=tasks.start(container()), cluster="web")


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("ECS_AVAILABLE_LOGGING_DRIVERS", '["json-file","smoke","flags"]', "Invalid logging drivers: smoke, flags"),
        ("ECS_INSTANCE_ATTRIBUTES", "stack=prod", "Invalid format for ECS_INSTANCE_ATTRIBUTES. Expected a json hash: "),
    ],
)
def test_what_the_agent_does_not_start_with(configured, variable, value, text):
    with pytest.raises(StartRefused, match=re.escape(text)):
        configured(**{variable: value})


def test_values_that_are_too_small_or_no_values_are_warned_about(configured):
    tasks = configured(ECS_CONTAINER_STOP_TIMEOUT="10ms", ECS_CONTAINER_START_TIMEOUT="soon", ECS_IMAGE_PULL_BEHAVIOR="never")
    log = tasks.server.log()
    assert "Discarded invalid value for ECS_CONTAINER_STOP_TIMEOUT, parsed as: 10ms" in log
    assert "Could not parse duration value: soon for Environment Variable ECS_CONTAINER_START_TIMEOUT" in log
    assert "ECS_IMAGE_PULL_BEHAVIOR=never" in log
    # The shortest time to stop is a second.
    task = tasks.start(container(script="trap '' TERM; while :; do sleep 1; done"))
    tasks.ecs.stop_task(task=task)
    stopped = tasks.wait(task, "STOPPED", 15)
    assert stopped["containers"][0]["exitCode"] == 137


def test_containers_go_after_the_clean_up_wait_and_privileges_are_not_offered(configured):
    tasks = configured(ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION="2s", ECS_DISABLE_PRIVILEGED="true", ECS_CONTAINER_STOP_TIMEOUT="3s")
    assert "com.amazonaws.ecs.capability.privileged-container" not in attributes(tasks)
    task = tasks.run(tasks.register(container(script="true")))
    tasks.wait(task, "STOPPED")
    assert docker_containers(task)
    wait_for("the clean-up", lambda: not docker_containers(task), 20)
    assert tasks.describe(task)["lastStatus"] == "STOPPED", "the task can still be read"


def test_a_privileged_container_needs_an_instance_that_allows_it(new_server):
    def run(**settings):
        server = new_server(arguments=("--allow-privileged",), settings=settings).start()
        tasks = Tasks(server)
        instance(tasks)
        answer = tasks.ecs.run_task(taskDefinition=tasks.register(container(script=FOREVER, privileged=True)))
        for task in answer["tasks"]:
            tasks.ecs.stop_task(task=task["taskArn"])
        return [(one["reason"], one["detail"]) for one in answer["failures"]]

    assert run() == []
    assert run(ECS_DISABLE_PRIVILEGED="true") == [("ATTRIBUTE", "com.amazonaws.ecs.capability.privileged-container")]
