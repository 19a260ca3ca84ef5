"""`sealift agent` processes: hosts of their own beside a server, as the tests start and kill them."""

from __future__ import annotations

import random
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness import BINARY, Credentials, Server, plain_environment, wait_for

INSTANCE_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"


def host_user(server: Server) -> Credentials:
    """A user with the rights of an instance role: one host is one principal."""
    iam = server.client("iam")
    name = f"host-{random.randrange(10**12)}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=INSTANCE_POLICY)
    return Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])


@dataclass
class Agent:
    """`sealift agent` with a directory of its own, which survives restarts."""

    server: Server
    directory: Path
    cluster: str = "default"
    arguments: tuple[str, ...] = ()
    # Environment variables; `None` takes one away.
    settings: dict[str, str | None] = field(default_factory=dict)
    credentials: Credentials | None = None
    process: subprocess.Popen | None = None
    # How often earlier processes said who they are.
    said: int = 0

    @property
    def data_dir(self) -> Path:
        return self.directory / "agent"

    def log(self) -> str:
        return (self.directory / "agent.log").read_text(errors="replace")

    def environment(self) -> dict[str, str]:
        self.credentials = self.credentials or host_user(self.server)
        environment = (
            plain_environment()
            | self.credentials.environment()
            | {
                "AWS_ENDPOINT_URL": self.server.endpoint,
                "AWS_REGION": self.server.region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "SEALIFT_AGENT_DATA_DIR": str(self.data_dir),
                "SEALIFT_LOG": "debug",
                "SEALIFT_NO_TASK_METADATA": "true",
                "ECS_CLUSTER": self.cluster,
                "ECS_CONTAINER_STOP_TIMEOUT": "1s",
            }
            | self.settings
        )
        return {name: value for name, value in environment.items() if value is not None}

    def launch(self) -> None:
        environment = self.environment()
        self.directory.mkdir(exist_ok=True)
        self.said = len(self._arns())
        with (self.directory / "agent.log").open("ab") as log:
            command = [BINARY, "agent", *self.arguments]
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self) -> Agent:
        self.launch()
        return self.await_connection()

    def await_connection(self) -> Agent:
        wait_for("the connection of an agent", self._is_connected, 60)
        return self

    def _is_connected(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(self.log()[-2000:])
        if len(self._arns()) == self.said:
            return False
        return self.arn in [one["containerInstanceArn"] for one in connected(self.server, self.cluster)]

    @property
    def arn(self) -> str:
        """The container instance that it said it is."""
        return self._arns()[-1]

    def _arns(self) -> list[str]:
        begins = "sealift agent is "
        lines = self.log().splitlines() if (self.directory / "agent.log").exists() else []
        return [line.removeprefix(begins).strip() for line in lines if line.startswith(begins)]

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        """`kill -9`."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def connected(server: Server, cluster: str = "default") -> list[dict]:
    """The container instances whose agents are connected."""
    ecs = server.client("ecs")
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    if not arns:
        return []
    described = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
    return [one for one in described if one["agentConnected"]]
