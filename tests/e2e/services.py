"""Services, as the tests make, watch and probe them."""

from __future__ import annotations

import random
import threading
import time
import urllib.error
import urllib.request

from harness import Server, wait_for
from tasks import FOREVER, Tasks, container

# Serves the value of the variable SECRET until it is told to stop.
WEB = 'mkdir -p /www; printf %s "$SECRET" > /www/index.html; httpd -p 80 -h /www; ' + FOREVER


def web(**rest) -> dict:
    return container(script=WEB, portMappings=[{"containerPort": 80}], **rest)


class Services:
    """Services of one server's default cluster."""

    def __init__(self, server: Server):
        self.server = server
        self.ecs = server.client("ecs")
        self.tasks = Tasks(server)
        self.made: list[str] = []

    def create(self, task_definition: str, desired: int | None = 1, **rest) -> str:
        """A service that nobody else uses; its name."""
        name = rest.pop("serviceName", None) or f"service{random.randrange(10**12)}"
        count = {} if desired is None else {"desiredCount": desired}
        self.ecs.create_service(serviceName=name, taskDefinition=task_definition, **count, **rest)
        self.made.append(name)
        return name

    def update(self, name: str, **rest) -> dict:
        return self.ecs.update_service(service=name, **rest)["service"]

    def redeploy(self, name: str) -> str:
        """Forces a new deployment; its id."""
        return self.update(name, forceNewDeployment=True)["deployments"][0]["id"]

    def describe(self, name: str) -> dict:
        (found,) = self.ecs.describe_services(services=[name])["services"]
        return found

    def messages(self, name: str) -> list[str]:
        """What the service said, the oldest first, without its name in front."""
        return [event["message"].removeprefix(f"(service {name}) ") for event in reversed(self.describe(name)["events"])]

    def wait_completed(self, name: str, deployment: str | None = None, seconds: float = 90) -> dict:
        def completed():
            found = self.describe(name)
            only = found["deployments"][0]
            done = len(found["deployments"]) == 1 and only["rolloutState"] == "COMPLETED" and deployment in (None, only["id"])
            return found if done else None

        return wait_for(f"a completed deployment of {name}", completed, seconds)

    def running(self, name: str) -> list[dict]:
        """The service's tasks that run and are to run on."""
        arns = self.ecs.list_tasks(serviceName=name)["taskArns"]
        described = self.ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
        return [task for task in described if task["lastStatus"] == "RUNNING"]

    def all_tasks(self, name: str) -> set[str]:
        """Every task that the service ever had, as long as they are remembered."""
        return {
            arn for status in ("RUNNING", "STOPPED") for arn in self.ecs.list_tasks(serviceName=name, desiredStatus=status)["taskArns"]
        }

    def delete(self) -> None:
        """Deletes what was made here, and waits until its tasks have ended."""
        for name in self.made:
            if self.describe(name)["status"] == "ACTIVE":
                self.ecs.delete_service(service=name, force=True)
        for name in self.made:
            wait_for(f"the end of {name}", lambda name=name: self.describe(name)["status"] == "INACTIVE")


class Probe:
    """Asks every running task of a service again and again, as a load balancer would let clients do, and counts the answers."""

    def __init__(self, services: Services, name: str):
        self.services, self.name = services, name
        self.rounds: list[list[str]] = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Probe:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ending.set()
        self.thread.join()

    def _ask(self) -> None:
        while not self.ending.is_set():
            ports = [
                binding["hostPort"]
                for task in self.services.running(self.name)
                for one in task["containers"]
                for binding in one["networkBindings"]
                if binding["bindIP"] != "::"
            ]
            self.rounds.append([answer for answer in map(self._answer, ports) if answer is not None])
            time.sleep(0.05)

    @staticmethod
    def _answer(port: int) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None
