"""A running sealift server of our own, and how the tests reach it, Docker and their own callers."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SEALIFT_BIN", REPOSITORY / "target/debug/sealift"))
AWS_CLI = REPOSITORY / ".venv/bin/aws"
IMAGE = "sealift-test/busybox:latest"

# Every client comes from one session, so that the service models are read once.
_session = boto3.Session()


def wait_for(what: str, poll, seconds: float = 60):
    """Polls until `poll` returns something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        if found := poll():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def plain_environment() -> dict[str, str]:
    """This process's environment without anything that would steer the aws command line or sealift."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEALIFT_", "ECS_", "XDG_"))}


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @classmethod
    def of(cls, answer: dict) -> Credentials:
        """From the `AccessKey` of CreateAccessKey or the `Credentials` of AssumeRole."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))

    def environment(self) -> dict[str, str]:
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key, **token}


class StartRefused(Exception):
    """`sealift up` ended instead of serving; the text is all that it said."""


@dataclass
class Server:
    """`sealift up` in a directory of its own, with an account of its own, on a port that survives restarts."""

    directory: Path
    region: str = "us-east-1"
    database_url: str | None = None
    arguments: tuple[str, ...] = ()
    # Environment variables; `None` takes one away.
    settings: dict[str, str | None] = field(default_factory=dict)
    account: str = field(default_factory=lambda: f"{random.randrange(10**11, 10**12)}")
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        return self.directory / "data"

    @property
    def root_key_file(self) -> Path:
        return self.directory / "config/sealift/root.key"

    @property
    def log_file(self) -> Path:
        return self.directory / "server.log"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def environment(self) -> dict[str, str]:
        database = {"SEALIFT_DATABASE_URL": self.database_url} if self.database_url else {}
        environment = (
            plain_environment()
            | {
                "XDG_CONFIG_HOME": str(self.directory / "config"),
                "SEALIFT_DATA_DIR": str(self.data_dir),
                "SEALIFT_LISTEN": f"127.0.0.1:{self.port}",
                "SEALIFT_ACCOUNT_ID": self.account,
                "SEALIFT_LOG": "debug",
                "AWS_REGION": self.region,
                "ECS_CONTAINER_STOP_TIMEOUT": "1s",
                # One process of a host can serve 169.254.170.2: it is left to the tests that are about it.
                "SEALIFT_NO_TASK_METADATA": "true",
            }
            | database
            | self.settings
        )
        return {name: value for name, value in environment.items() if value is not None}

    def launch(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "up", *self.arguments], env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def start(self) -> Server:
        self.launch()
        return self.await_health()

    def await_health(self) -> Server:
        wait_for("a healthy server", self._healthy, 30)
        return self

    def _healthy(self) -> bool:
        if self.process.poll() is not None:
            raise StartRefused(self.log())
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_sealift/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`: no chance to write, flush or say goodbye."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server did not end within 20 s of {sign.name}") from None

    def sealift(self, *arguments, **options) -> subprocess.CompletedProcess:
        """One sealift command against this server's data directory, with the root user's credentials."""
        environment = self.environment() | options.pop("environment", {})
        return subprocess.run(
            [BINARY, *arguments], env=environment, capture_output=True, text=True, timeout=options.pop("timeout", 120), **options
        )

    def exports(self) -> dict[str, str]:
        """What `eval "$(sealift env)"` puts into a shell."""
        done = self.sealift("env")
        assert done.returncode == 0, done.stderr
        words = [shlex.split(line) for line in done.stdout.splitlines()]
        return dict(word.split("=", 1) for command, word in words if command == "export")

    def root(self) -> Credentials:
        exports = self.exports()
        return Credentials(exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])

    def client(self, service: str, credentials: Credentials | None = None, region: str | None = None):
        credentials = credentials or self.cached_root
        return _session.client(
            service,
            region_name=region or self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=30),
        )

    @property
    def cached_root(self) -> Credentials:
        if not hasattr(self, "_root"):
            self._root = self.root()
        return self._root

    def aws(self, *arguments: str, credentials: Credentials | None = None, region: str | None = None) -> subprocess.CompletedProcess:
        """The unmodified aws command line, with what `sealift env` exports and nothing else."""
        environment = (
            plain_environment()
            | self.exports()
            | {
                "AWS_PAGER": "",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_MAX_ATTEMPTS": "1",
            }
        )
        if credentials:
            environment |= credentials.environment()
        if region:
            environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region
        return subprocess.run([AWS_CLI, *arguments], env=environment, capture_output=True, text=True, timeout=180)

    def aws_json(self, *arguments: str, **options) -> dict:
        done = self.aws(*arguments, "--output", "json", **options)
        assert done.returncode == 0, f"aws {shlex.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def caller(self, *statements: dict) -> Credentials:
        """A new user whose only policy holds these statements (none: the user may do nothing)."""
        iam = self.client("iam")
        name = f"caller-{random.randrange(10**12)}"
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy(*statements))
        return Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])

    def audit(self) -> list[dict]:
        return [json.loads(line) for line in (self.data_dir / "audit.log").read_text().splitlines()]

    def remove_containers(self) -> None:
        """Whatever this server's tasks left on the engine."""
        for container in docker_containers(f"arn:aws:ecs:*:{self.account}:task/*"):
            docker("rm", "--force", "--volumes", container["id"])
        for kind in ("network", "volume"):
            names = docker(kind, "ls", "--quiet", "--filter", f"name=sealift-{self.account}").split()
            if names:
                docker(kind, "rm", *names)

    def dispose(self) -> None:
        try:
            self.kill()
        finally:
            self.remove_containers()
            shutil.rmtree(self.directory, ignore_errors=True)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"docker {shlex.join(arguments)}: {done.stderr}"
    return done.stdout


def docker_containers(task_arn: str, name: str | None = None) -> list[dict]:
    """The containers whose task ARN matches (with `*`), as ECS's labels tell."""
    line = '{{.ID}}\t{{.Label "com.amazonaws.ecs.task-arn"}}\t{{.Label "com.amazonaws.ecs.container-name"}}\t{{.State}}'
    rows = docker("ps", "--all", "--no-trunc", "--filter", "label=com.amazonaws.ecs.task-arn", "--format", line).splitlines()
    found = [dict(zip(("id", "task", "name", "state"), row.split("\t"), strict=True)) for row in rows]
    return [one for one in found if fnmatchcase(one["task"], task_arn) and name in (None, one["name"])]


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **rest) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **rest}


def deny(action: str | list[str], resource: str | list[str] = "*", **rest) -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **rest}


def trust(service: str = "ecs-tasks.amazonaws.com") -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    )


def trust_of(principal: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}
    )
