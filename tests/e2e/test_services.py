"""Services on real containers: deployments, what holds while they run, and what becomes of those that fail."""

import re
import shutil

import pytest

from errors import refused
from harness import Server, docker, docker_containers, wait_for
from services import Probe, Services, web
from tasks import container, environment, execution_role, only_container, reading


@pytest.fixture(scope="module")
def service_server(tmp_path_factory):
    """A server whose tasks count as healthy sooner than after ECS's 40 s."""
    running = Server(tmp_path_factory.mktemp("services"), settings={"SEALIFT_HEALTHY_AFTER": "2"})
    running.start()
    yield running
    running.dispose()


@pytest.fixture
def services(service_server):
    made = Services(service_server)
    yield made
    made.delete()


@pytest.fixture
def secret(service_server, name):
    """A secret, and a role that may read it."""
    made = service_server.client("secretsmanager").create_secret(Name=name, SecretString="old")
    return made["ARN"], execution_role(service_server, *reading(secrets=[made["ARN"]]))


def holding(services: Services, secret: tuple[str, str], **rest) -> str:
    arn, role = secret
    return services.tasks.register(web(secrets=[{"name": "SECRET", "valueFrom": arn}]), executionRoleArn=role, **rest)


def test_a_service_starts_its_tasks_reaches_a_steady_state_and_ends(services, service_server, name):
    definition = services.tasks.register(container(), family=name)
    made = services.ecs.create_service(
        serviceName=name,
        taskDefinition=name,
        desiredCount=2,
        tags=[{"key": "team", "value": "a"}],
        propagateTags="SERVICE",
        enableECSManagedTags=True,
    )["service"]
    services.made.append(name)
    assert made["serviceArn"] == f"arn:aws:ecs:{service_server.region}:{service_server.account}:service/default/{name}"
    assert (made["status"], made["desiredCount"], made["runningCount"], made["taskDefinition"]) == ("ACTIVE", 2, 0, definition)
    assert made["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    assert made["deploymentConfiguration"]["maximumPercent"] == 200
    (primary,) = made["deployments"]
    assert re.fullmatch(r"ecs-svc/\d{19}", primary["id"])
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert primary["rolloutStateReason"] == f"ECS deployment {primary['id']} in progress."

    done = services.wait_completed(name)
    assert (done["runningCount"], done["pendingCount"]) == (2, 0)
    assert done["deployments"][0]["rolloutStateReason"] == f"ECS deployment {primary['id']} completed."
    started, completed, steady = services.messages(name)
    ids = sorted(task["taskArn"].split("/")[-1] for task in services.running(name))
    assert sorted(re.findall(r"\(task (\w+)\)", started)) == ids and started.startswith("has started 2 tasks: ")
    assert completed == f"(deployment {primary['id']}) deployment completed."
    assert steady == "has reached a steady state."
    for task in services.ecs.describe_tasks(tasks=ids, include=["TAGS"])["tasks"]:
        assert (task["group"], task["startedBy"]) == (f"service:{name}", primary["id"])
        tags = {tag["key"]: tag["value"] for tag in task["tags"]}
        assert tags == {"team": "a", "aws:ecs:clusterName": "default", "aws:ecs:serviceName": name}
    for waiter in ("services-stable", "tasks-running"):
        what = ["--services", name] if waiter.startswith("services") else ["--tasks", *ids]
        assert service_server.aws("ecs", "wait", waiter, *what).returncode == 0, waiter

    with refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0."):
        services.ecs.delete_service(service=name)
    services.update(name, desiredCount=0)
    stopped = services.tasks.wait(ids[0], "STOPPED")
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped["stoppedReason"] == f"Scaling activity initiated by (deployment {primary['id']})"
    deleted = services.ecs.delete_service(service=name)["service"]
    assert deleted["status"] == "DRAINING"
    assert service_server.aws("ecs", "wait", "services-inactive", "--services", name).returncode == 0
    with refused("ServiceNotActiveException", "Service was not ACTIVE."):
        services.update(name, desiredCount=1)
    assert name not in str(services.ecs.list_services())


def test_what_services_refuse(services, service_server, name):
    ecs, definition = services.ecs, services.tasks.register(container(), family=name)
    cluster = ecs.create_cluster(clusterName=name)["cluster"]["clusterName"]
    with refused("ServiceNotFoundException", "Service not found."):
        services.update("nobody", desiredCount=1)
    with refused("ServiceNotFoundException", "Service not found."):
        ecs.list_tasks(serviceName="nobody")
    with refused("ClusterNotFoundException", "Cluster not found."):
        ecs.describe_services(cluster="nowhere", services=["nobody"])
    (missing,) = ecs.describe_services(services=["nobody"])["failures"]
    assert (missing["reason"], missing["arn"].split("/")[-1]) == ("MISSING", "nobody")
    with refused("ClientException", "TaskDefinition not found."):
        ecs.create_service(serviceName=name, taskDefinition="no-such-family", desiredCount=1)
    with refused("InvalidParameterException", re.compile("minimumHealthyPercent cannot be 100 as this will block")):
        ecs.create_service(
            serviceName=name,
            taskDefinition=definition,
            desiredCount=1,
            deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 100},
        )
    for what in (
        {"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "app", "containerPort": 80}]},
        {"serviceRegistries": [{"registryArn": "arn:x"}]},
        {"vpcLatticeConfigurations": [{"roleArn": "arn:x", "targetGroupArn": "arn:y", "portName": "web"}]},
    ):
        with refused("ClientException", f"{next(iter(what))} is not supported yet by sealift."):
            ecs.create_service(serviceName=name, taskDefinition=definition, desiredCount=1, **what)
    with refused("ClientException", "The deployment controller CODE_DEPLOY is not supported yet by sealift."):
        ecs.create_service(
            serviceName=name, taskDefinition=definition, desiredCount=1, deploymentController={"type": "CODE_DEPLOY"}
        )
    given = {"cluster": cluster, "serviceName": name, "taskDefinition": definition, "desiredCount": 0, "clientToken": "t"}
    first = ecs.create_service(**given)["service"]
    assert ecs.create_service(**given)["service"]["deployments"] == first["deployments"]
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        ecs.create_service(**given | {"desiredCount": 1})
    with refused("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."):
        ecs.delete_cluster(cluster=cluster)
    assert ecs.list_services(cluster=cluster)["serviceArns"] == [first["serviceArn"]]
    assert ecs.describe_clusters(clusters=[cluster])["clusters"][0]["activeServicesCount"] == 1
    ecs.tag_resource(resourceArn=first["serviceArn"], tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ecs.untag_resource(resourceArn=first["serviceArn"], tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=first["serviceArn"])["tags"] == [{"key": "b", "value": "2"}]
    ecs.delete_service(cluster=cluster, service=name)


def test_a_forced_deployment_replaces_every_task_without_a_gap_and_reads_the_secret_anew(services, service_server, secret):
    name = services.create(holding(services, secret), 2)
    first = services.wait_completed(name)["deployments"][0]["id"]
    old = [task["taskArn"] for task in services.running(name)]
    service_server.client("secretsmanager").put_secret_value(SecretId=secret[0], SecretString="new")
    with Probe(services, name) as probe:
        forced = service_server.aws_json("ecs", "update-service", "--service", name, "--force-new-deployment")["service"]
        second = forced["deployments"][0]["id"]
        assert [(one["id"], one["status"]) for one in forced["deployments"]] == [(second, "PRIMARY"), (first, "ACTIVE")]
        # The old ones never change.
        assert [environment(task)["SECRET"] for task in old] == ["old", "old"]
        services.wait_completed(name, second)
    assert min(map(len, probe.rounds)) >= 2, [len(answers) for answers in probe.rounds]
    assert set(probe.rounds[0]) == {"old"} and set(probe.rounds[-1]) == {"new"}
    assert len(services.all_tasks(name)) == 4
    said = services.messages(name)
    assert f"(deployment {second}) deployment completed." in said and said[-1] == "has reached a steady state."


def test_a_deployment_whose_secret_cannot_be_read_fails_and_is_rolled_back(services, service_server, secret):
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    name = services.create(holding(services, secret), 1, deploymentConfiguration=breaker)
    first = services.wait_completed(name)["deployments"][0]["id"]
    (task,) = services.running(name)
    stranger = execution_role(service_server)
    bad = services.update(name, taskDefinition=holding(services, (secret[0], stranger)))["deployments"][0]["id"]

    def failed():
        return next((one for one in services.describe(name)["deployments"] if one["rolloutState"] == "FAILED"), None)

    given_up = wait_for("a failed deployment", failed)
    assert given_up["id"] == bad and given_up["failedTasks"] == 3
    assert given_up["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    back = services.describe(name)["deployments"][0]
    assert back["id"] == first
    assert back["rolloutStateReason"] == f"ECS deployment circuit breaker: rolling back to deploymentId {first}."
    services.wait_completed(name, first)
    # What ran before was never touched.
    assert [one["taskArn"] for one in services.running(name)] == [task["taskArn"]]
    said = services.messages(name)
    assert f"(deployment {bad}) deployment failed: tasks failed to start." in said
    assert f"rolling back to deployment {first}." in said
    assert len(services.all_tasks(name)) == 4


def test_without_a_circuit_breaker_a_service_complains_and_tries_on(services, service_server, secret):
    name = services.create(holding(services, (secret[0], execution_role(service_server))), 1)
    text = "is unable to consistently start tasks successfully."
    wait_for("a complaint", lambda: text in services.messages(name))
    found = services.describe(name)["deployments"][0]
    assert (found["rolloutState"], found["runningCount"]) == ("IN_PROGRESS", 0)
    (stopped, *_) = services.ecs.list_tasks(serviceName=name, desiredStatus="STOPPED")["taskArns"]
    described = services.tasks.describe(stopped)
    assert described["stopCode"] == "TaskFailedToStart" and "AccessDeniedException" in described["stoppedReason"]


def test_a_service_replaces_tasks_that_end(services):
    name = services.create(services.tasks.register(container()), 2)
    services.wait_completed(name)
    stopped, killed = [task["taskArn"] for task in services.running(name)]
    services.ecs.stop_task(task=stopped)
    docker("kill", only_container(killed))

    def replaced():
        arns = {task["taskArn"] for task in services.running(name)}
        return arns if len(arns) == 2 and not arns & {stopped, killed} else None

    wait_for("two new tasks", replaced)
    assert services.tasks.describe(stopped)["stopCode"] == "UserInitiated"
    assert services.tasks.describe(killed)["stopCode"] == "EssentialContainerExited"
    assert len(services.all_tasks(name)) == 4


def test_a_daemon_has_one_task_and_is_replaced_in_place(services):
    name = services.create(services.tasks.register(container()), None, schedulingStrategy="DAEMON")
    done = services.wait_completed(name)
    assert (done["desiredCount"], done["schedulingStrategy"]) == (1, "DAEMON")
    (old,) = services.running(name)
    services.wait_completed(name, services.redeploy(name))
    (new,) = services.running(name)
    assert new["taskArn"] != old["taskArn"]
    assert services.tasks.describe(old["taskArn"])["lastStatus"] == "STOPPED"


def test_a_deployment_survives_kill_9_and_starts_nothing_twice(services, service_server):
    name = services.create(services.tasks.register(container()), 3)
    services.wait_completed(name)
    deployment = services.redeploy(name)
    service_server.kill()
    service_server.start()
    services.wait_completed(name, deployment)
    assert len(services.running(name)) == 3 and len(services.all_tasks(name)) == 6
    living = [one for task in services.all_tasks(name) for one in docker_containers(task) if one["state"] == "running"]
    assert len(living) == 3


def test_two_servers_on_one_database_do_not_double_tasks(new_server, postgres_url):
    settings = {"SEALIFT_HEALTHY_AFTER": "1"}
    first = new_server(database_url=postgres_url, settings=settings).start()
    second = new_server(database_url=postgres_url, settings=settings, account=first.account, arguments=("--no-agent",))
    # Both servers have the root key.
    shutil.copytree(first.directory / "config", second.directory / "config")
    second.start()
    services = Services(second)
    name = services.create(services.tasks.register(container()), 3)
    services.wait_completed(name)
    services.wait_completed(name, services.redeploy(name))
    assert len(services.all_tasks(name)) == 6
    services.delete()
