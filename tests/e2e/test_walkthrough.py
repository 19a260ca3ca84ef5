"""The main job, from a stored secret to a running container, from outside: with the aws command line, and with boto3
under other names, values and in another region than the first."""

import json
import re

import pytest

from errors import refused
from harness import IMAGE, policy, trust, wait_for
from tasks import FOREVER, Tasks, container, docker, environment, execution_role, only_container, output, reading

SLEEPING = f"env; {FOREVER}"


def test_the_walk_through_with_the_aws_command_line(new_server, tmp_path):
    server = new_server().start()
    aws = server.aws_json
    account, region = server.account, server.region

    # 1. A parameter and two secrets, one of them under a key of ours.
    aws("ssm", "put-parameter", "--name", "/web/api-token", "--type", "SecureString", "--value", "parameter-value")
    aws("secretsmanager", "create-secret", "--name", "web/session", "--secret-string", "under-the-default-key")
    key = aws("kms", "create-key", "--description", "ours")["KeyMetadata"]["Arn"]
    secret = aws("secretsmanager", "create-secret", "--name", "web/database", "--kms-key-id", key, "--secret-string", "first")["ARN"]
    assert aws("secretsmanager", "get-secret-value", "--secret-id", "web/session")["SecretString"] == "under-the-default-key"
    parameter = f"arn:aws:ssm:{region}:{account}:parameter/web/api-token"

    # 2. A role that ECS may assume, without permissions.
    role = aws("iam", "create-role", "--role-name", "ecsTaskExecutionRole", "--assume-role-policy-document", trust())["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account}:role/ecsTaskExecutionRole"

    # 3. It does not start.
    definition = {
        "family": "web",
        "executionRoleArn": role["Arn"],
        "containerDefinitions": [
            {
                "name": "web",
                "image": IMAGE,
                "memory": 64,
                "command": ["sh", "-c", SLEEPING],
                "secrets": [{"name": "DATABASE", "valueFrom": secret}, {"name": "TOKEN", "valueFrom": parameter}],
            },
            {"name": "neighbour", "image": IMAGE, "memory": 64, "essential": False, "command": ["sh", "-c", SLEEPING]},
        ],
    }
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps(definition))
    registered = aws("ecs", "register-task-definition", "--cli-input-json", f"file://{file}")["taskDefinition"]
    assert registered["taskDefinitionArn"] == f"arn:aws:ecs:{region}:{account}:task-definition/web:1"

    def run() -> str:
        (task,) = aws("ecs", "run-task", "--task-definition", "web")["tasks"]
        assert re.fullmatch(rf"arn:aws:ecs:{region}:{account}:task/default/[0-9a-f]{{32}}", task["taskArn"])
        return task["taskArn"]

    def reached(task: str, status: str) -> dict:
        assert server.aws("ecs", "wait", f"tasks-{status}", "--tasks", task).returncode == 0
        return aws("ecs", "describe-tasks", "--tasks", task)["tasks"][0]

    task = run()
    stopped = reached(task, "stopped")
    session = f"arn:aws:sts::{account}:assumed-role/ecsTaskExecutionRole/{task.rsplit('/')[-1]}"
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert f"AccessDeniedException: User: {session} is not authorized to perform: " in stopped["stoppedReason"]
    assert all("exitCode" not in one for one in stopped["containers"])

    del definition["executionRoleArn"]
    file.write_text(json.dumps(definition))
    refusal = server.aws("ecs", "register-task-definition", "--cli-input-json", f"file://{file}")
    assert refusal.returncode != 0
    assert "(ClientException) when calling the RegisterTaskDefinition operation" in refusal.stderr
    assert "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'." in refusal.stderr

    # 4. The policy, first without kms:Decrypt.
    def grant(*statements: dict) -> None:
        document = policy(*statements)
        aws("iam", "put-role-policy", "--role-name", "ecsTaskExecutionRole", "--policy-name", "secrets", "--policy-document", document)

    reads = reading(secrets=[secret], parameters=[parameter])
    grant(*reads)
    stopped = reached(run(), "stopped")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert "AccessDeniedException: Access to KMS is not allowed" in stopped["stoppedReason"]
    grant(*reads, *reading(keys=[key]))

    # 5. It runs, with both values in that container only.
    first = run()
    assert reached(first, "running")["lastStatus"] == "RUNNING"
    printed = wait_for("the printed environment", lambda: "TOKEN=" in output(first, "web") and output(first, "web"))
    assert "DATABASE=first\n" in printed
    assert "TOKEN=parameter-value\n" in printed
    assert "first" not in output(first, "neighbour")
    assert "parameter-value" not in output(first, "neighbour")

    # 6. A new value reaches new tasks only.
    aws("secretsmanager", "put-secret-value", "--secret-id", "web/database", "--secret-string", "second")
    assert environment(first, "web")["DATABASE"] == "first"
    second = run()
    reached(second, "running")
    assert environment(second, "web")["DATABASE"] == "second"
    assert environment(first, "web")["DATABASE"] == "first"

    # 7. The same with one command.
    definition["executionRoleArn"] = role["Arn"]
    definition["containerDefinitions"][0]["command"] = ["sh", "-c", "echo the value has ${#DATABASE} letters; exit 9"]
    file.write_text(json.dumps(definition))
    done = server.sealift("run", str(file))
    assert (done.returncode, "the value has 6 letters" in done.stdout) == (9, True), done.stderr
    aws("iam", "delete-role-policy", "--role-name", "ecsTaskExecutionRole", "--policy-name", "secrets")
    done = server.sealift("run", str(file))
    assert done.returncode == 125
    assert "AccessDeniedException" in done.stderr


@pytest.mark.parametrize("region", ["eu-central-1", "ap-southeast-2"])
def test_the_walk_through_with_boto3_in_another_region(server, name, region):
    walk_through(server, name, region)


def walk_through(server, name, region):
    """The main job once more; test_postgres runs it on PostgreSQL."""
    parameters, secrets, kms = (server.client(service, region=region) for service in ("ssm", "secretsmanager", "kms"))
    tasks = Tasks(server, region=region)

    parameters.put_parameter(Name=f"{name}-flag", Type="SecureString", Value="päßword/one")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    own = secrets.create_secret(Name=f"{name}/own", KmsKeyId=f"alias/{name}", SecretString='{"user":"ada","pass":"s3cr3t"}')["ARN"]
    default = secrets.create_secret(Name=f"{name}/default", SecretString="line one\nline two\n")["ARN"]
    parameter = f"arn:aws:ssm:{region}:{server.account}:parameter/{name}-flag"
    role = execution_role(server)
    app = container(
        script=SLEEPING,
        environment=[{"name": "PLAIN", "value": "text"}],
        secrets=[
            {"name": "WHOLE", "valueFrom": own},
            {"name": "USER", "valueFrom": f"{own}:user::"},
            {"name": "LINES", "valueFrom": default},
            {"name": "FLAG", "valueFrom": f"{name}-flag"},
        ],
    )

    denied = tasks.refuse(app, executionRoleArn=role)
    assert (denied["stopCode"], "AccessDeniedException" in denied["stoppedReason"]) == ("TaskFailedToStart", True), denied

    server.client("iam").put_role_policy(
        RoleName=role.rsplit("/")[-1],
        PolicyName="secrets",
        PolicyDocument=policy(*reading(secrets=[own, default], parameters=[parameter], keys=[key])),
    )
    task = tasks.start(app, container("quiet", essential=False), executionRoleArn=role)
    inside = environment(task)
    assert inside["WHOLE"] == '{"user":"ada","pass":"s3cr3t"}'
    assert inside["USER"] == "ada"
    assert inside["FLAG"] == "päßword/one"
    assert inside["PLAIN"] == "text"
    assert inside["AWS_REGION"] == region
    assert "LINES=line one\nline two\n" in docker("exec", only_container(task), "env")
    assert {"WHOLE", "USER", "LINES", "FLAG", "PLAIN"}.isdisjoint(environment(task, "quiet"))

    parameters.put_parameter(Name=f"/{name}-flag", Value="two", Overwrite=True)
    again = tasks.start(app, executionRoleArn=role)
    assert (environment(task)["FLAG"], environment(again)["FLAG"]) == ("päßword/one", "two")

    for one in (task, again):
        tasks.ecs.stop_task(task=one, reason="enough")
    stopped = tasks.wait(task, "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")

    with refused("ClientException", "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."):
        tasks.register(app)
