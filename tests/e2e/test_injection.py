"""What the references of a task definition give: values in the container, or ECS's reason why the task did not start."""

import json
import re

import pytest

from errors import refused
from harness import docker, docker_containers, trust
from tasks import container, environment, execution_role, reading


@pytest.fixture
def injected(server, tasks):
    """Runs one container with these values as secrets; what its environment holds then."""

    def injected(references: dict[str, str], arns: list[str]) -> dict[str, str]:
        role = execution_role(server, *reading(secrets=arns))
        task = tasks.start(container(secrets=[{"name": k, "valueFrom": v} for k, v in references.items()]), executionRoleArn=role)
        return environment(task)

    return injected


def test_json_keys_select_and_are_written_as_ecs_writes_them(server, injected, name):
    value = {
        "s": "text",
        "empty": "",
        "int": 5432,
        "big": 1000000,
        "huge": 123456789012,
        "half": 1.5,
        "small": 0.00001,
        "yes": True,
        "no": False,
        "null": None,
        "object": {"y": 1, "x": [True]},
        "array": [1, "x", True, None],
        "line": "a\\b",
    }
    arn = server.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    inside = injected({key: f"{arn}:{key}::" for key in value}, [arn])
    assert {key: inside[key] for key in value} == {
        "s": "text",
        "empty": "",
        "int": "5432",
        "big": "1e+06",
        "huge": "1.23456789012e+11",
        "half": "1.5",
        "small": "1e-05",
        "yes": "true",
        "no": "false",
        "null": "<nil>",
        "object": "map[x:[true] y:1]",
        "array": "[1 x true <nil>]",
        "line": "a\\b",
    }


def test_stages_and_version_ids_select(server, injected, name):
    secrets = server.client("secretsmanager")
    made = secrets.create_secret(Name=name, SecretString='{"k": "one"}')
    secrets.put_secret_value(SecretId=name, SecretString='{"k": "two"}')
    arn, first = made["ARN"], made["VersionId"]
    inside = injected(
        {"NOW": arn, "ALSO": f"{arn}:::", "OLD": f"{arn}::AWSPREVIOUS:", "ID": f"{arn}:::{first}", "KEY": f"{arn}:k:AWSPREVIOUS:"}, [arn]
    )
    assert (inside["NOW"], inside["ALSO"]) == ('{"k": "two"}', '{"k": "two"}')
    assert (inside["OLD"], inside["ID"], inside["KEY"]) == ('{"k": "one"}', '{"k": "one"}', "one")


def test_many_parameters_arrive_also_from_another_region(server, tasks, name):
    here, there = server.client("ssm"), server.client("ssm", region="us-west-1")
    parameters = [f"/{name}/{number}" for number in range(23)]
    for one in parameters:
        here.put_parameter(Name=one, Value=f"value of {one}", Type="SecureString")
    there.put_parameter(Name=f"/{name}/far", Value="far", Type="StringList")
    far = f"arn:aws:ssm:us-west-1:{server.account}:parameter/{name}/far"
    role = execution_role(server, *reading(parameters=[f"arn:aws:ssm:*:{server.account}:parameter/{name}/*"]))
    secrets = [{"name": f"P{number}", "valueFrom": one} for number, one in enumerate(parameters)]
    app = container(secrets=[*secrets, {"name": "TWICE", "valueFrom": parameters[0]}, {"name": "FAR", "valueFrom": far}])
    task = tasks.start(app, executionRoleArn=role)
    inside = environment(task)
    assert [inside[f"P{number}"] for number in range(23)] == [f"value of {one}" for one in parameters]
    assert (inside["TWICE"], inside["FAR"]) == (f"value of {parameters[0]}", "far")


def test_the_reasons_are_ecs_s(server, tasks, name):
    secrets = server.client("secretsmanager")
    object_arn = secrets.create_secret(Name=f"{name}-object", SecretString='{"a": 1}')["ARN"]
    text_arn = secrets.create_secret(Name=f"{name}-text", SecretString="hello")["ARN"]
    list_arn = secrets.create_secret(Name=f"{name}-list", SecretString="[1]")["ARN"]
    role = execution_role(server, *reading(secrets=["*"], parameters=["*"]))

    def reason(*references: str) -> str:
        named = [{"name": f"V{number}", "valueFrom": one} for number, one in enumerate(references)]
        stopped = tasks.refuse(container("app", secrets=named), container("other", essential=False), executionRoleArn=role)
        assert stopped["stopCode"] == "TaskFailedToStart"
        return stopped["stoppedReason"]

    assert reason(f"{object_arn}:b::") == "Retrieved secret from Secrets Manager did not contain json key b"
    assert reason(f"{text_arn}:a::") == "Invalid character 'h' looking for beginning of value"
    assert reason(f"{list_arn}:a::") == "Json: cannot unmarshal array into Go value of type map[string]interface {}"
    fetching = f"Fetching secret data from SSM Parameter Store in {server.region}: invalid parameters: "
    assert reason(f"{name}-x", f"{name}-y") in (f"{fetching}{name}-x,{name}-y", f"{fetching}{name}-y,{name}-x")
    absent = object_arn.replace("-object-", "-absent-")
    assert reason(absent).startswith(
        f"ResourceNotFoundException: The task can't retrieve the secret with ARN '{absent}' from AWS Secrets Manager. "
        "Check whether the secret exists in the specified Region: operation error Secrets Manager: GetSecretValue, "
        "https response error StatusCode: 400, RequestID: "
    )


def test_a_denied_parameter_is_named_with_the_session_of_the_task(server, tasks, name):
    server.client("ssm").put_parameter(Name=name, Value="v", Type="SecureString")
    role = execution_role(server)
    stopped = tasks.refuse(container(secrets=[{"name": "V", "valueFrom": name}]), executionRoleArn=role)
    session = f"arn:aws:sts::{server.account}:assumed-role/{role.split('/')[-1]}/{stopped['taskArn'].split('/')[-1]}"
    expected = re.compile(
        f"^Fetching secret data from SSM Parameter Store in {server.region}: operation error SSM: GetParameters, "
        "https response error StatusCode: 400, RequestID: [0-9a-f-]{36}, api error AccessDeniedException: "
        f"User: {re.escape(session)} is not authorized to perform: ssm:GetParameters on resource: "
        f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name} because no identity-based policy allows the ssm:GetParameters action$"
    )
    assert expected.search(stopped["stoppedReason"]), stopped["stoppedReason"]


def test_a_role_that_ecs_may_not_assume_starts_nothing(server, tasks, name):
    iam = server.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    server.client("ssm").put_parameter(Name=name, Value="v", Type="SecureString")
    definition = tasks.register(container(secrets=[{"name": "V", "valueFrom": name}]), executionRoleArn=role)
    with refused("ClientException", re.compile("ECS was unable to assume the role")):
        tasks.ecs.run_task(taskDefinition=definition)


def test_one_missing_secret_of_a_side_container_stops_the_whole_task(server, tasks, name):
    role = execution_role(server, *reading(parameters=["*"]))
    side = container("side", essential=False, secrets=[{"name": "V", "valueFrom": name}])
    stopped = tasks.refuse(container("main"), side, executionRoleArn=role)
    assert stopped["stopCode"] == "TaskFailedToStart"
    side_containers = [one for one in docker_containers(stopped["taskArn"], "side")]
    assert all(json.loads(docker("inspect", one["id"]))[0]["State"]["StartedAt"].startswith("0001") for one in side_containers)


def test_a_value_with_a_zero_byte_is_refused_without_showing_it(server, tasks, name):
    server.client("secretsmanager").create_secret(Name=name, SecretString="before\0after")
    arn = server.client("secretsmanager").describe_secret(SecretId=name)["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    stopped = tasks.refuse(container(secrets=[{"name": "V", "valueFrom": arn}]), executionRoleArn=role)
    assert "before" not in json.dumps(stopped, default=str)
