"""The server with its agent, the engine, and containers are killed at random while a service is deployed: afterwards everything is as wanted."""

import os
import random
import time

import pytest

from engine import Engine
from harness import Server, docker, docker_containers, wait_for
from services import Services
from tasks import container, environment, execution_role, reading

ROUNDS = 14


@pytest.fixture
def engine(monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine of its own, and nobody else's is killed here")
    engine = Engine()
    try:
        engine.start().with_image()
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        yield engine
    finally:
        engine.remove()


def test_whatever_is_killed_whenever_a_service_converges(engine, new_server, name):
    seed = int(os.environ.get("SEALIFT_SEED") or random.randrange(10**9))
    print(f"SEALIFT_SEED={seed}")
    chance = random.Random(seed)
    server = new_server(settings={"SEALIFT_HEALTHY_AFTER": "1"}).start()
    secret = server.client("secretsmanager").create_secret(Name=name, SecretString="0")["ARN"]
    role = execution_role(server, *reading(secrets=[secret]))
    services = Services(server)
    injected = [{"name": "SECRET", "valueFrom": secret}]
    definition = services.tasks.register(container(secrets=injected), executionRoleArn=role)
    service = services.create(definition, 3)

    for number in range(ROUNDS):
        time.sleep(chance.random() * 1.5)
        disturb(server, engine, services, service, secret, number, chance)

    services.update(service, desiredCount=3)
    server.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="last")
    deployment = services.redeploy(service)
    services.wait_completed(service, deployment, 150)

    tasks = {task["taskArn"] for task in services.running(service)}
    assert len(tasks) == 3

    def only_they_live():
        every = docker_containers(f"arn:aws:ecs:*:{server.account}:task/*")
        return {one["task"] for one in every if one["state"] == "running"} == tasks

    wait_for("no container of another task", only_they_live)
    for task in tasks:
        assert len([one for one in docker_containers(task) if one["state"] == "running"]) == 1
        assert environment(task)["SECRET"] == "last"
    # Each read its secret once, and whoever comes back finds what is running and reads nothing.
    assert {task: reads(server).count(task) for task in tasks} == dict.fromkeys(tasks, 1)
    read = reads(server)
    server.kill()
    server.start()
    services.wait_completed(service, deployment)
    assert {task["taskArn"] for task in services.running(service)} == tasks
    assert reads(server) == read


def disturb(
    server: Server, engine: Engine, services: Services, service: str, secret: str, number: int, chance: random.Random
) -> None:
    match chance.choice(["server", "server", "engine", "both", "container", "container", "task", "deploy", "deploy", "scale"]):
        case "server":
            server.kill()
            time.sleep(chance.random())
            server.start()
        case "engine":
            engine.kill()
            time.sleep(chance.random())
            engine.start()
        case "both":
            server.kill()
            engine.kill()
            first, second = chance.sample([server, engine], 2)
            first.launch()
            time.sleep(chance.random() * 3)
            second.start()
            first.await_health()
        case "container":
            running = [one for one in docker_containers(f"arn:aws:ecs:*:{server.account}:task/*") if one["state"] == "running"]
            if running:
                kill(chance.choice(running)["id"])
        case "task":
            if running := services.running(service):
                services.ecs.stop_task(task=chance.choice(running)["taskArn"])
        case "deploy":
            server.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=str(number))
            services.redeploy(service)
        case "scale":
            services.update(service, desiredCount=chance.randrange(1, 5))


def kill(container_id: str) -> None:
    try:
        docker("kill", container_id)
    except AssertionError as error:
        # It may have ended by itself just now.
        assert "is not running" in str(error) or "No such container" in str(error), error


def reads(server: Server) -> list[str]:
    """The tasks for which a secret was read, each as often as it was."""
    read = [line for line in server.audit() if line["event"] == "secretsmanager:GetSecretValue"]
    return [line["task"] for line in read if line["outcome"] == "ok" and "task" in line]
