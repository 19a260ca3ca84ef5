"""Task definitions, tasks and their containers, as the tests write and watch them."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from harness import IMAGE, Server, allow, docker, docker_containers, policy, trust, wait_for

# A program that runs until it is told to stop, and then ends at once.
FOREVER = "trap 'exit 0' TERM; sleep 3600 & wait"


def container(name: str = "app", script: str = FOREVER, **rest) -> dict:
    return {"name": name, "image": IMAGE, "memory": 64, "command": ["sh", "-c", script], **rest}


# The Python of this machine with its boto3, for containers whose image has none: unmodified, and from the host.
PYTHON = str(Path(sys.prefix).resolve() / "bin/python")
PYTHON_PATHS = sorted({"/usr", "/lib", "/lib64", str(Path(sys.base_prefix).resolve()), str(Path(sys.prefix).resolve())})
PYTHON_VOLUMES = [{"name": f"host{n}", "host": {"sourcePath": path}} for n, path in enumerate(PYTHON_PATHS)]


def allowing(*paths: str) -> tuple[str, ...]:
    """Arguments of a server whose tasks may mount these paths of the host."""
    return tuple(argument for path in paths for argument in ("--allow-host-path", path))


def with_python(*arguments: str, **rest) -> dict:
    """A container that runs the host's Python; its task definition has `PYTHON_VOLUMES`."""
    mounts = [{"sourceVolume": f"host{n}", "containerPath": path, "readOnly": True} for n, path in enumerate(PYTHON_PATHS)]
    mounts += rest.pop("mountPoints", [])
    return {**container(**rest), "memory": 512, "command": [PYTHON, *arguments], "mountPoints": mounts}


def execution_role(server: Server, *statements: dict, name: str | None = None) -> str:
    """A role that ECS may assume, with these statements as its only policy."""
    iam = server.client("iam")
    name = name or f"execution-{random.randrange(10**12)}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="secrets", PolicyDocument=policy(*statements))
    return role["Arn"]


def reading(*, secrets: list[str] = (), parameters: list[str] = (), keys: list[str] = ()) -> list[dict]:
    """The least policy with which an execution role reads exactly these."""
    wanted = [("secretsmanager:GetSecretValue", secrets), ("ssm:GetParameters", parameters), ("kms:Decrypt", keys)]
    return [allow(action, list(resources)) for action, resources in wanted if resources]


class Tasks:
    """Tasks of one server, region and cluster."""

    def __init__(self, server: Server, region: str | None = None, cluster: str | None = None):
        self.ecs = server.client("ecs", region=region)
        self.cluster = {"cluster": cluster} if cluster else {}
        self.started: list[str] = []

    def register(self, *containers: dict, **rest) -> str:
        family = rest.pop("family", f"family-{random.randrange(10**12)}")
        answer = self.ecs.register_task_definition(family=family, containerDefinitions=list(containers), **rest)
        return answer["taskDefinition"]["taskDefinitionArn"]

    def run(self, task_definition: str, **rest) -> str:
        answer = self.ecs.run_task(taskDefinition=task_definition, **self.cluster, **rest)
        assert answer["failures"] == [], answer["failures"]
        self.started.append(answer["tasks"][0]["taskArn"])
        return self.started[-1]

    def stop(self) -> None:
        """Stops what was started here and still runs."""
        for task in self.started:
            if self.describe(task)["lastStatus"] != "STOPPED":
                self.ecs.stop_task(task=task, **self.cluster)

    def describe(self, task: str) -> dict:
        answer = self.ecs.describe_tasks(tasks=[task], **self.cluster)
        assert answer["failures"] == [], answer["failures"]
        return answer["tasks"][0]

    def wait(self, task: str, status: str, seconds: float = 60) -> dict:
        def reached():
            described = self.describe(task)
            if described["lastStatus"] == "STOPPED" and status != "STOPPED":
                raise AssertionError(
                    f"the task stopped: {described.get('stopCode')}: {described.get('stoppedReason')}: {described['containers']}"
                )
            return described if described["lastStatus"] == status else None

        return wait_for(f"{status} of {task}", reached, seconds)

    def start(self, *containers: dict, **rest) -> str:
        """Registers, runs, and waits until it runs."""
        task = self.run(self.register(*containers, **rest))
        self.wait(task, "RUNNING")
        return task

    def refuse(self, *containers: dict, **rest) -> dict:
        """Registers and runs what cannot start; the stopped task."""
        return self.wait(self.run(self.register(*containers, **rest)), "STOPPED")


def only_container(task: str, name: str = "app") -> str:
    (found,) = docker_containers(task, name)
    return found["id"]


def output(task: str, name: str = "app") -> str:
    """What the container printed so far."""
    return docker("logs", only_container(task, name))


def environment(task: str, name: str = "app") -> dict[str, str]:
    """The environment of the running container, as a program inside of it sees it."""
    lines = docker("exec", only_container(task, name), "sh", "-c", "tr '\\0' '\\n' < /proc/1/environ").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
