"""Task definitions for Fargate, run as they are."""

import random
import re
import time

import pytest

from errors import refused
from harness import allow, docker, wait_for
from tasks import FOREVER, container, environment, execution_role, only_container

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "assignPublicIp": "ENABLED"}}
FARGATE = {"launchType": "FARGATE", "networkConfiguration": NETWORK}


def for_fargate(tasks, *containers: dict, cpu: str = "256", memory: str = "512", **rest) -> str:
    for one in containers:
        one.pop("memory", None)
    return tasks.register(
        *containers, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu=cpu, memory=memory, **rest
    )


def test_a_task_of_fargate_runs_and_is_described_as_one(tasks):
    definition = for_fargate(tasks, container(script=FOREVER))
    described = tasks.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    assert described["compatibilities"] == ["EC2", "FARGATE"]
    task = tasks.run(definition, **FARGATE)
    running = tasks.wait(task, "RUNNING")
    told = {name: running[name] for name in ("launchType", "platformVersion", "platformFamily", "cpu", "memory")}
    assert told == {"launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux", "cpu": "256", "memory": "512"}
    assert "containerInstanceArn" not in running
    assert running["ephemeralStorage"] == {"sizeInGiB": 20}
    assert {one["name"]: one["value"] for one in running["attributes"]}["ecs.cpu-architecture"]
    assert running["attachments"][0]["status"] == "ATTACHED"
    assert environment(task)["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE"


def test_a_task_larger_than_the_host_s_processors_runs_all_the_same(tasks):
    task = tasks.run(for_fargate(tasks, container(), cpu="4096", memory="8192"), **FARGATE)
    # So much memory, though, must be there.
    assert tasks.describe(task)["lastStatus"] != "STOPPED"
    tasks.ecs.stop_task(task=task)


def test_a_capacity_provider_of_fargate_is_fargate(tasks):
    definition = for_fargate(tasks, container())
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    task = tasks.run(definition, capacityProviderStrategy=strategy, networkConfiguration=NETWORK)
    described = tasks.wait(task, "RUNNING")
    assert (described["launchType"], described["capacityProviderName"]) == ("FARGATE", "FARGATE_SPOT")


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        (FARGATE | {"platformVersion": "0.0.1"}, "PlatformUnknownException", "The specified platform does not exist."),
        (
            FARGATE | {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        (
            {"platformVersion": "LATEST", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
            "InvalidParameterException",
            "The platform version must be null when specifying an EC2 launch type.",
        ),
    ],
)
def test_what_fargate_cannot_do_is_refused_in_aws_s_words(tasks, call, code, text):
    definition = for_fargate(tasks, container())
    with refused(code, text):
        tasks.ecs.run_task(taskDefinition=definition, **call)


def test_a_definition_must_be_for_fargate(tasks):
    definition = tasks.register(container(), networkMode="awsvpc")
    with refused("InvalidParameterException", "Task definition does not support launch_type FARGATE."):
        tasks.ecs.run_task(taskDefinition=definition, **FARGATE)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        (
            {"memory": "768"},
            "No Fargate configuration exists for given values: 256 CPU, 768 memory. See the Amazon ECS documentation for the valid values.",
        ),
        ({"container": {"privileged": True}}, "Fargate compatible task definitions do not support privileged"),
        (
            {"container": {"logConfiguration": {"logDriver": "syslog"}}},
            "Fargate compatible task definitions do not support log driver syslog.",
        ),
    ],
)
def test_registration_keeps_fargate_s_rules(tasks, change, text):
    change = dict(change)
    one = container(**change.pop("container", {}))
    wanted = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"} | change
    with refused("ClientException", text):
        tasks.register(one, **{name: value for name, value in wanted.items() if value is not None})


def test_a_service_of_fargate_runs_its_tasks_in_the_network_that_it_names(tasks):
    name = f"service-{random.randrange(10**12)}"
    tasks.ecs.create_service(serviceName=name, taskDefinition=for_fargate(tasks, container()), desiredCount=1, **FARGATE)
    try:
        tasks.ecs.get_waiter("services_stable").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        (service,) = tasks.ecs.describe_services(services=[name])["services"]
        assert (service["platformVersion"], service["platformFamily"]) == ("LATEST", "Linux")
        assert service["deployments"][0]["platformVersion"] == "1.4.0"
        (task,) = tasks.ecs.list_tasks(serviceName=name)["taskArns"]
        described = tasks.describe(task)
        assert (described["launchType"], described["lastStatus"]) == ("FARGATE", "RUNNING")
        details = {one["name"]: one["value"] for one in described["attachments"][0]["details"]}
        assert details["subnetId"] == "subnet-0a1b2c3d" and details["privateIPv4Address"]
    finally:
        tasks.ecs.delete_service(service=name, force=True)


# Reasons


RETRIEVAL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to "


def refusal(tasks, one: dict, role: str) -> dict:
    task = tasks.run(for_fargate(tasks, one, executionRoleArn=role), **FARGATE)
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    return stopped


def test_a_secret_that_is_denied_is_told_in_the_platform_s_words(server, tasks):
    arn = server.client("secretsmanager").create_secret(Name=f"fargate-{random.randrange(10**12)}", SecretString="x")["ARN"]
    role = execution_role(server)
    stopped = refusal(tasks, container(secrets=[{"name": "S", "valueFrom": arn}]), role)
    session = f"arn:aws:sts::{server.account}:assumed-role/{role.split('/')[-1]}/{stopped['taskArn'].split('/')[-1]}"
    expected = (
        f"{RETRIEVAL}retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {arn} from secrets manager: "
        f"AccessDeniedException: User: {session} is not authorized to perform: secretsmanager:GetSecretValue on resource: {arn} "
        "because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: "
    )
    assert stopped["stoppedReason"].startswith(expected), stopped["stoppedReason"]


def test_each_way_in_has_its_own_words(server, tasks):
    secrets = server.client("secretsmanager")
    text = secrets.create_secret(Name=f"fargate-{random.randrange(10**12)}", SecretString="no JSON")["ARN"]
    empty = secrets.create_secret(Name=f"fargate-{random.randrange(10**12)}", SecretString="{}")["ARN"]
    role = execution_role(server, allow("*"))
    asm = f"{RETRIEVAL}retrieve secret from asm: service call has been retried 1 time(s): "
    for value_from, reason in [
        (f"{text}:key::", f"{asm}invalid character 'o' in literal null (expecting 'u')"),
        (
            f"{empty}:key",
            "ResourceInitializationError: unable to pull secrets or registry auth: unexpected ARN format with parameters when trying to "
            "retrieve ASM secret",
        ),
        (f"{empty}:key::", f"{asm}retrieved secret from Secrets Manager did not contain json key key"),
        (
            f"{text}:::short",
            f"{asm}failed to fetch secret {text} from secrets manager: InvalidParameter: 1 validation error(s) found. "
            "- minimum field size of 32, GetSecretValueInput.VersionId.",
        ),
        ("/no/such", f"{RETRIEVAL}retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /no/such"),
    ]:
        stopped = refusal(tasks, container(secrets=[{"name": "S", "valueFrom": value_from}]), role)
        assert stopped["stoppedReason"] == reason
    login = container(repositoryCredentials={"credentialsParameter": empty})
    reason = refusal(tasks, login, role)["stoppedReason"]
    assert reason.startswith(f"{RETRIEVAL}get registry auth from asm: service call has been retried 1 time(s): asm fetching "), reason


def test_an_image_that_cannot_be_pulled_is_the_task_s_reason(server, tasks):
    task = tasks.run(for_fargate(tasks, {**container(), "image": "127.0.0.1:1/no/such:latest"}), **FARGATE)
    stopped = tasks.wait(task, "STOPPED", 90)
    assert stopped["stopCode"] == "TaskFailedToStart"
    expected = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 127.0.0.1:1/no/such:latest: "
    assert stopped["stoppedReason"].startswith(expected), stopped["stoppedReason"]
    assert stopped["containers"][0]["reason"] == stopped["stoppedReason"]


# The size of a task


def test_a_container_that_takes_more_than_its_task_has_is_killed(tasks):
    # No limit of its own: the one of the task holds for both containers together.
    greedy = container(script="sleep 1; head -c 700m /dev/zero | tail")
    other = container("other", FOREVER, essential=False)
    task = tasks.run(for_fargate(tasks, greedy, other), **FARGATE)
    stopped = tasks.wait(task, "STOPPED")
    (killed,) = [one for one in stopped["containers"] if one["name"] == "app"]
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert (killed["exitCode"], killed["reason"]) == (137, "OutOfMemoryError: Container killed due to memory usage")


def test_all_containers_together_have_the_processor_time_of_their_task(tasks):
    spin = "i=0; end=$(( $(date +%s) + 60 )); while [ $(date +%s) -lt $end ]; do i=$((i+1)); done"
    names = ("app", "one", "two")
    task = tasks.run(for_fargate(tasks, *(container(name, spin) for name in names)), **FARGATE)
    tasks.wait(task, "RUNNING")

    def used() -> float:
        """Seconds of processor time so far."""
        total = 0
        for name in names:
            # The first version of cgroups tells nanoseconds, the second microseconds in a line of its own.
            files = "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || sed -n 's/usage_usec \\(.*\\)/\\1000/p' /sys/fs/cgroup/cpu.stat"
            total += int(docker("exec", only_container(task, name), "sh", "-c", files))
        return total / 1e9

    before, began = used(), time.monotonic()
    time.sleep(4)
    share = (used() - before) / (time.monotonic() - began)
    assert share < 0.4, f"a quarter of a processor, and not {share:.2f}"


def test_an_ec2_task_has_a_size_too(tasks):
    unlimited = container(script="sleep 1; head -c 200m /dev/zero | tail")
    del unlimited["memory"]
    definition = tasks.register(unlimited, memory="64")
    task = tasks.run(definition)
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 137



def test_a_cluster_s_default_strategy_decides_where_a_service_s_tasks_run(server, tasks, name):
    ecs, spot = tasks.ecs, [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    providers = ["--capacity-providers", "FARGATE", "FARGATE_SPOT"]
    default = "capacityProvider=FARGATE_SPOT,weight=1"
    made = server.aws_json("ecs", "create-cluster", "--cluster-name", name, *providers, "--default-capacity-provider-strategy", default)
    assert made["cluster"]["defaultCapacityProviderStrategy"] == spot
    described = ecs.describe_capacity_providers(cluster=name, capacityProviders=["FARGATE", "mine"])
    (fargate,) = described["capacityProviders"]
    assert (fargate["name"], fargate["status"]) == ("FARGATE", "ACTIVE") and fargate["capacityProviderArn"].endswith(
        ":capacity-provider/FARGATE"
    )
    assert [one["reason"] for one in described["failures"]] == ["MISSING"]
    with refused("InvalidParameterException", re.compile("'mine' was not found")):
        ecs.put_cluster_capacity_providers(cluster=name, capacityProviders=["mine"], defaultCapacityProviderStrategy=[])

    definition = for_fargate(tasks, container())
    service = ecs.create_service(
        cluster=name, serviceName=name, taskDefinition=definition, desiredCount=1, networkConfiguration=NETWORK
    )["service"]
    assert service["capacityProviderStrategy"] == spot and "launchType" not in service

    def running():
        arns = ecs.list_tasks(cluster=name)["taskArns"]
        found = ecs.describe_tasks(cluster=name, tasks=arns)["tasks"] if arns else []
        return [task for task in found if task["lastStatus"] == "RUNNING"]

    (task,) = wait_for("a running task", running)
    assert (task["launchType"], task["capacityProviderName"]) == ("FARGATE", "FARGATE_SPOT")
    with refused("ResourceInUseException", "The specified capacity provider is in use and cannot be removed."):
        ecs.put_cluster_capacity_providers(cluster=name, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[])
    on_demand = ecs.run_task(
        cluster=name,
        taskDefinition=definition,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE", "base": 1}],
        networkConfiguration=NETWORK,
        count=2,
    )["tasks"]
    assert [one["capacityProviderName"] for one in on_demand] == ["FARGATE", "FARGATE"]
    for one in on_demand:
        ecs.stop_task(cluster=name, task=one["taskArn"])
    ecs.delete_service(cluster=name, service=name, force=True)
    wait_for("no task", lambda: not running())
