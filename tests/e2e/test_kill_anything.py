"""The server, the agent, the engine, and containers are killed at random while a service is deployed: afterwards everything is as wanted."""

import os
import random
import time

import pytest

from engine import Engine
from harness import Server, docker, docker_containers, wait_for
from services import Services
from tasks import container, environment, execution_role, reading

# With the agent in the server's process, and with each of them killed alone.
ROUNDS = {"together": 5, "apart": 10}


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


@pytest.mark.parametrize("processes", ROUNDS)
def test_whatever_is_killed_whenever_a_service_converges(engine, new_server, new_agent, name, processes):
    seed = int(os.environ.get("SEALIFT_SEED") or random.randrange(10**9))
    print(f"SEALIFT_SEED={seed}")
    chance = random.Random(seed)
    alone = processes == "apart"
    server = new_server(settings={"SEALIFT_HEALTHY_AFTER": "1", "SEALIFT_NO_AGENT": "true" if alone else None}).start()
    agents = [new_agent(server).start()] if alone else []
    secret = server.client("secretsmanager").create_secret(Name=name, SecretString="0")["ARN"]
    role = execution_role(server, *reading(secrets=[secret]))
    services = Services(server)
    injected = [{"name": "SECRET", "valueFrom": secret}]
    definition = services.tasks.register(container(secrets=injected), executionRoleArn=role)
    service = services.create(definition, 3)

    for number in range(ROUNDS[processes]):
        time.sleep(chance.random() * 1.5)
        disturb([server, *agents], engine, services, service, secret, number, chance)

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
    for process in [server, *agents]:
        process.kill()
        process.start()
    services.wait_completed(service, deployment)
    assert {task["taskArn"] for task in services.running(service)} == tasks
    assert reads(server) == read


def disturb(
    processes: list, engine: Engine, services: Services, service: str, secret: str, number: int, chance: random.Random
) -> None:
    server = processes[0]
    match chance.choice(["process", "process", "engine", "several", "container", "container", "task", "deploy", "deploy", "scale"]):
        case "process":
            process = chance.choice(processes)
            process.kill()
            time.sleep(chance.random())
            process.launch()
        case "engine":
            engine.kill()
            time.sleep(chance.random())
            engine.start()
        case "several":
            killed = chance.sample([engine, *processes], chance.randrange(2, len(processes) + 2))
            for one in killed:
                one.kill()
            for one in chance.sample(killed, len(killed)):
                one.launch()
                time.sleep(chance.random() * 2)
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
    # The tests ask both; an agent may be away for longer.
    server.await_health()
    engine.await_health()


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
