"""Attempts to deploy services: listed, described, stopped and rolled back, with the unmodified CLI and boto3."""

import re

import pytest

from errors import refused
from harness import Server, wait_for
from services import Services, web
from tasks import container

UNABLE = "exit 1"


@pytest.fixture(scope="module")
def service_server(tmp_path_factory):
    """A server whose tasks count as healthy sooner than after ECS's 40 s."""
    running = Server(tmp_path_factory.mktemp("deployments"), settings={"SEALIFT_HEALTHY_AFTER": "1"})
    running.start()
    yield running
    running.dispose()


@pytest.fixture
def services(service_server):
    made = Services(service_server)
    yield made
    made.delete()


def listed(services: Services, name: str, **filters) -> list[dict]:
    return services.ecs.list_service_deployments(service=name, **filters)["serviceDeployments"]


def described(services: Services, arn: str) -> dict:
    (one,) = services.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return one


def wait_status(services: Services, arn: str, status: str) -> dict:
    def reached():
        one = described(services, arn)
        return one if one["status"] == status else None

    return wait_for(f"{status} of {arn}", reached, 60)


def test_every_deployment_of_a_service_is_told_and_stays_told(services, service_server, name):
    definition = services.tasks.register(web(), family=name)
    services.create(definition, 1, serviceName=name)
    services.wait_completed(name)
    (first,) = service_server.aws_json("ecs", "list-service-deployments", "--service", name)["serviceDeployments"]
    at = f"arn:aws:ecs:{service_server.region}:{service_server.account}"
    assert re.fullmatch(rf"{at}:service-deployment/default/{name}/[\w-]{{21}}", first["serviceDeploymentArn"])
    assert re.fullmatch(rf"{at}:service-revision/default/{name}/\d{{19}}", first["targetServiceRevisionArn"])
    assert (first["serviceArn"], first["clusterArn"]) == (f"{at}:service/default/{name}", f"{at}:cluster/default")
    assert first["status"] == "SUCCESSFUL" and first["createdAt"] <= first["startedAt"] <= first["finishedAt"]

    second = services.redeploy(name)
    service = services.describe(name)
    current = service["currentServiceDeployment"]
    revision = f"{at}:service-revision/default/{name}/{second.removeprefix('ecs-svc/')}"
    assert {one["arn"] for one in service["currentServiceRevisions"]} == {revision, first["targetServiceRevisionArn"]}
    running = described(services, current)
    assert running["status"] in ("PENDING", "IN_PROGRESS") and running["targetServiceRevision"]["arn"] == revision
    assert [one["arn"] for one in running["sourceServiceRevisions"]] == [first["targetServiceRevisionArn"]]
    assert running["targetServiceRevision"]["requestedTaskCount"] == 1
    assert running["deploymentConfiguration"]["maximumPercent"] == 200
    assert running["deploymentCircuitBreaker"] == {"status": "DISABLED", "failureCount": 0, "threshold": 0}
    services.wait_completed(name, second)
    done = wait_status(services, current, "SUCCESSFUL")
    assert done["targetServiceRevision"]["runningTaskCount"] == 1 and "rollback" not in done

    # Both are there after kill -9, the newest first, in pages and by status and time.
    service_server.kill()
    service_server.start()
    arns = [one["serviceDeploymentArn"] for one in listed(services, name)]
    assert arns == [current, first["serviceDeploymentArn"]]
    page = services.ecs.list_service_deployments(service=name, maxResults=1)
    assert [one["serviceDeploymentArn"] for one in page["serviceDeployments"]] == arns[:1]
    page = services.ecs.list_service_deployments(service=name, maxResults=1, nextToken=page["nextToken"])
    assert [one["serviceDeploymentArn"] for one in page["serviceDeployments"]] == arns[1:] and "nextToken" not in page
    assert listed(services, name, status=["STOPPED"]) == [] and len(listed(services, name, status=["SUCCESSFUL"])) == 2
    (later,) = listed(services, name, createdAt={"after": described(services, arns[1])["createdAt"]})
    assert later["serviceDeploymentArn"] == current
    unknown = arns[0][:-21] + "x" * 21
    both = service_server.aws_json("ecs", "describe-service-deployments", "--service-deployment-arns", arns[1], unknown)
    assert [one["status"] for one in both["serviceDeployments"]] == ["SUCCESSFUL"]
    assert both["failures"] == [{"arn": unknown, "reason": "MISSING"}]

    revisions = [revision, first["targetServiceRevisionArn"], revision[:-19] + "1" * 19]
    found = services.ecs.describe_service_revisions(serviceRevisionArns=revisions)
    assert [one["serviceRevisionArn"] for one in found["serviceRevisions"]] == revisions[:2]
    assert [one["reason"] for one in found["failures"]] == ["MISSING"]
    told = found["serviceRevisions"][0]
    assert (told["taskDefinition"], told["launchType"], told["guardDutyEnabled"]) == (definition, "EC2", False)
    (image,) = told["containerImages"]
    assert (image["containerName"], image["image"]) == ("app", "sealift-test/busybox:latest")


def test_a_deployment_is_stopped_by_a_user_and_rolled_back(services, service_server, name):
    good = services.tasks.register(web(), family=name)
    services.create(good, 1, serviceName=name)
    first = services.wait_completed(name)["deployments"][0]["id"]
    (task,) = services.running(name)
    # It can never be placed, so it is never done; and there is no circuit breaker.
    services.update(name, taskDefinition=services.tasks.register(container(memory=900_000), family=name))
    arn = services.describe(name)["currentServiceDeployment"]
    wait_status(services, arn, "IN_PROGRESS")
    stopped = service_server.aws_json("ecs", "stop-service-deployment", "--service-deployment-arn", arn)
    assert stopped == {"serviceDeploymentArn": arn}
    back = wait_status(services, arn, "ROLLBACK_SUCCESSFUL")
    number = first.removeprefix("ecs-svc/")
    assert back["rollback"]["serviceRevisionArn"].endswith(f"/{number}") and back["rollback"]["startedAt"]
    assert back["statusReason"] == back["rollback"]["reason"]
    service = services.describe(name)
    assert [one["id"] for one in service["deployments"]] == [first] and service["taskDefinition"] == good
    assert [one["taskArn"] for one in services.running(name)] == [task["taskArn"]]
    assert f"rolling back to deployment {first}." in services.messages(name)
    assert service_server.aws("ecs", "wait", "services-stable", "--services", name).returncode == 0
    with refused("ConflictException", re.compile("has ended")):
        services.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    with refused("ServiceDeploymentNotFoundException", "Service deployment not found."):
        services.ecs.stop_service_deployment(serviceDeploymentArn=arn[:-21] + "x" * 21)
    with refused("InvalidParameterException", re.compile("Invalid identifier")):
        services.ecs.stop_service_deployment(serviceDeploymentArn="nothing")


def test_the_circuit_breaker_s_work_is_told_and_an_overtaken_deployment_is_stopped(services, name):
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    services.create(services.tasks.register(web(), family=name), 1, serviceName=name, deploymentConfiguration=breaker)
    services.wait_completed(name)
    stuck = services.tasks.register(container(memory=900_000), family=name)
    services.update(name, taskDefinition=stuck)
    overtaken = services.describe(name)["currentServiceDeployment"]
    services.update(name, forceNewDeployment=True)
    arn = services.describe(name)["currentServiceDeployment"]
    assert described(services, overtaken)["status"] == "STOPPED"
    back = wait_status(services, arn, "ROLLBACK_SUCCESSFUL")
    assert back["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert "circuit breaker" in back["rollback"]["reason"]
