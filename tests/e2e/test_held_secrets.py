"""What holds which version: told by the agent, kept, listed, and acted on where a service asks for it."""

import json

import pytest

from harness import Server, allow, wait_for
from services import Services
from tasks import container, execution_role, reading


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server whose tasks count as healthy sooner than after ECS's 40 s."""
    running = Server(tmp_path_factory.mktemp("held"), settings={"SEALIFT_HEALTHY_AFTER": "1"}).start()
    yield running
    running.dispose()


@pytest.fixture
def services(quick):
    made = Services(quick)
    yield made
    made.tasks.stop()
    made.delete()


def asked(server: Server, *command: str):
    done = server.sealift(*command, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def reads(server: Server) -> int:
    return len([line for line in server.audit() if line["event"] == "secretsmanager:GetSecretValue"])


def stale(server: Server, task: str) -> list[dict]:
    return [held for held in asked(server, "stale")["stale"] if held["taskArn"] == task]


def test_a_task_tells_which_versions_it_holds_and_which_are_outdated(services, quick, name):
    secrets, ssm = quick.client("secretsmanager"), quick.client("ssm")
    secret = secrets.create_secret(Name=name, SecretString='{"user":"u"}')
    ssm.put_parameter(Name=f"/{name}/p", Value="one", Type="SecureString")
    parameter = f"arn:aws:ssm:{quick.region}:{quick.account}:parameter/{name}/p"
    reference = f"arn:aws:ssm:{quick.region}:{quick.account}:parameter/aws/reference/secretsmanager/{name}"
    role = execution_role(quick, *reading(secrets=[secret["ARN"]], parameters=[parameter, reference]))
    injected = [
        {"name": "USER", "valueFrom": f"{secret['ARN']}:user::"},
        {"name": "PINNED", "valueFrom": f"{secret['ARN']}:::{secret['VersionId']}"},
        {"name": "PARAMETER", "valueFrom": f"/{name}/p"},
        {"name": "REFERENCE", "valueFrom": f"/aws/reference/secretsmanager/{name}"},
    ]
    task = services.tasks.start(container(secrets=injected), executionRoleArn=role)

    def holders():
        found = asked(quick, "trace", name)["heldBy"]
        return found if len(found) == 3 else None

    held = wait_for("three names that hold it", holders)
    assert {(one["taskArn"], one["container"], one["name"], one["version"]) for one in held} == {
        (task, "app", "USER", secret["VersionId"]),
        (task, "app", "PINNED", secret["VersionId"]),
        (task, "app", "REFERENCE", secret["VersionId"]),
    }
    traced = asked(quick, "trace", f"/{name}/p")
    assert (traced["arn"], [one["name"] for one in traced["heldBy"]]) == (parameter, ["PARAMETER"])
    assert role in {one["arn"] for one in traced["readableBy"]}
    assert stale(quick, task) == []

    later = secrets.put_secret_value(SecretId=name, SecretString='{"user":"v"}')["VersionId"]
    ssm.put_parameter(Name=f"/{name}/p", Value="two", Overwrite=True)
    # After kill -9 it is still known, and no value was read again.
    before = reads(quick)
    quick.kill()
    quick.start()
    outdated = {one["name"]: one for one in stale(quick, task)}
    assert set(outdated) == {"USER", "PARAMETER", "REFERENCE"}
    assert (outdated["REFERENCE"]["arn"], outdated["REFERENCE"]["currentVersion"]) == (secret["ARN"], later)
    assert (outdated["USER"]["version"], outdated["USER"]["currentVersion"]) == (secret["VersionId"], later)
    assert (outdated["PARAMETER"]["arn"], outdated["PARAMETER"]["version"]) == (parameter, "1")
    assert outdated["PARAMETER"]["currentVersion"] == "2" and outdated["USER"]["outdatedSince"]
    text = quick.sealift("stale").stdout
    assert task in text and '"u"' not in text and "one" not in text.split()
    assert reads(quick) == before
    services.ecs.stop_task(task=task)
    services.tasks.wait(task, "STOPPED")
    assert stale(quick, task) == [] and asked(quick, "trace", name)["heldBy"] == []


def test_a_trace_tells_who_may_read_a_secret_its_key_included(quick, name):
    iam, kms = quick.client("iam"), quick.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    secret = quick.client("secretsmanager").create_secret(Name=name, SecretString="v", KmsKeyId=key)["ARN"]
    both = execution_role(quick, *reading(secrets=[secret], keys=[key]), name=f"{name}-both")
    execution_role(quick, *reading(secrets=[secret]), name=f"{name}-without-key")
    iam.create_user(UserName=name)
    statement = [allow("secretsmanager:GetSecretValue", secret), allow("kms:Decrypt", key)]
    iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    traced = asked(quick, "trace", secret)
    assert traced["arn"] == secret and traced["heldBy"] == []
    readers = {one["arn"]: one["because"] for one in traced["readableBy"]}
    user = f"arn:aws:iam::{quick.account}:user/{name}"
    assert both in readers and user in readers and f"{both.removesuffix('-both')}-without-key" not in readers
    assert "given" in readers[user]
    refused = quick.sealift("trace", f"{name}-nothing")
    assert refused.returncode == 1 and "there is no secret and no parameter" in refused.stderr


def test_a_service_that_asks_for_it_is_rolled_when_the_content_of_its_secret_has_changed(services, quick, name):
    secrets = quick.client("secretsmanager")
    changing = secrets.create_secret(Name=f"{name}-changing", SecretString="old")["ARN"]
    same = secrets.create_secret(Name=f"{name}-same", SecretString="same")["ARN"]
    role = execution_role(quick, *reading(secrets=[changing, same]))
    injected = [{"name": "A", "valueFrom": changing}, {"name": "B", "valueFrom": same}]
    definition = services.tasks.register(container(secrets=injected), executionRoleArn=role)
    asking = services.create(definition, 1, tags=[{"key": "sealift:on-secret-change", "value": "redeploy"}])
    silent = services.create(definition, 1)
    first = services.wait_completed(asking)["deployments"][0]["id"]
    services.wait_completed(silent)
    (left,) = services.running(silent)

    # A new version with the old content is no change, and a storm of new contents is one.
    secrets.put_secret_value(SecretId=same, SecretString="same")
    for number in range(6):
        secrets.put_secret_value(SecretId=changing, SecretString=f"new{number}")

    def deployed():
        primary = services.describe(asking)["deployments"][0]
        return primary["id"] if primary["id"] != first else None

    second = wait_for("a deployment", deployed, 60)
    services.wait_completed(asking, second)
    said = [text for text in services.messages(asking) if "has changed" in text]
    assert said == [f"(deployment {second}) replaces tasks because what they hold has changed: {changing}."]
    assert len(services.all_tasks(asking)) == 2
    assert [one["taskArn"] for one in services.running(silent)] == [left["taskArn"]]
    assert len(services.describe(silent)["deployments"]) == 1


def test_a_container_s_health_is_told_and_decides_about_a_deployment(services):
    check = {"command": ["CMD-SHELL", "test -e /tmp/well"], "interval": 5, "retries": 1, "startPeriod": 0}
    well = services.tasks.register(container(script="touch /tmp/well; trap 'exit 0' TERM; sleep 3600 & wait", healthCheck=check))
    ill = services.tasks.register(container(healthCheck=check))
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 1}}}
    name = services.create(well, 1, deploymentConfiguration=breaker)
    first = services.wait_completed(name)["deployments"][0]["id"]
    (task,) = services.running(name)
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")
    services.update(name, taskDefinition=ill)
    wait_for("the way back", lambda: services.describe(name)["deployments"][0]["id"] == first, 60)
    services.wait_completed(name, first)
    assert [one["taskArn"] for one in services.running(name)] == [task["taskArn"]]
    (replaced,) = services.all_tasks(name) - {task["taskArn"]}
    stopped = services.tasks.wait(replaced, "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("ServiceSchedulerInitiated", "Task failed container health checks")
    assert any("failed container health checks." in text for text in services.messages(name))
