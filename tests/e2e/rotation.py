"""Rotators as the tests deploy them: the examples, as programs of a user without rights, with what they import."""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from harness import REPOSITORY, Server, allow, policy, trust, wait_for

NOBODY = "65534:65534"
# What the rotators import. Their user reaches neither the tests' virtual environment nor the repository.
MODULES = (
    "boto3 botocore jmespath s3transfer dateutil six urllib3 psycopg psycopg_binary psycopg_binary.libs typing_extensions"
).split()
SERVICES = ("secretsmanager", "sts")


def deploy() -> Path:
    """A directory that everyone can read, with the examples and what they need."""
    home = Path(tempfile.mkdtemp(prefix="sealift-rotators-"))
    home.chmod(0o755)
    for file in [*(REPOSITORY / "examples/rotation").glob("*.py"), *(REPOSITORY / "tests/e2e/rotators").glob("*.py")]:
        shutil.copy(file, home)
    for name in MODULES:
        _copy(name, home)
    # Their user cannot keep what it compiled, and each step is a new process.
    compileall.compile_dir(home, quiet=1)
    return home


def _copy(name: str, home: Path) -> None:
    found = importlib.util.find_spec(name.split(".")[0])
    assert found, f"{name} is not installed: pip install -r tests/e2e/requirements.txt"
    origin = Path(found.origin)
    if origin.name != "__init__.py":
        shutil.copy(origin, home)
        return
    package = origin.parent.parent / name
    if package.exists():
        shutil.copytree(package, home / name, ignore=_other_services)


def _other_services(directory: str, names: list[str]) -> list[str]:
    """botocore's models of all services are a hundred megabytes."""
    if Path(directory).name == "data" and Path(directory).parent.name in ("botocore", "boto3"):
        return [name for name in names if "." not in name and name not in SERVICES]
    return [name for name in names if name == "__pycache__"]


def interpreter() -> str:
    """A Python of this version that everyone can run: the tests' own may lie in a home directory."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for found in (Path(sys.executable).resolve(), Path("/usr/local/bin", version), Path("/usr/bin", version)):
        if found.exists() and all(place.stat().st_mode & 0o001 for place in (found, *found.resolve().parents)):
            return str(found)
    raise AssertionError(f"no {version} that everyone can run")


class Rotators:
    """The file of one server's rotators, and the role they share."""

    def __init__(self, home: Path, server: Server, retry_after: int = 1):
        self.home, self.server = home, server
        self.control = Path(tempfile.mkdtemp(prefix="control-", dir=home))
        self.control.chmod(0o777)
        self.file = server.directory / "rotators.toml"
        self.file.write_text(f"retry-after-seconds = {retry_after}\n")
        server.settings = {**server.settings, "SEALIFT_ROTATORS": str(self.file)}

    def add(self, name: str, function: str, timeout: int = 30, **more) -> None:
        """A rotator that runs a function's file."""
        program = [interpreter(), str(self.home / "run_function.py"), str(self.home / function)]
        entry = {
            "name": name,
            "accounts": [self.server.account],
            "role": "rotation",
            "timeout-seconds": timeout,
            "program": program,
            "user": NOBODY,
            **more,
        }
        if os.geteuid() != 0:
            del entry["user"]
            entry["same-user"] = True
        environment = {"PYTHONPATH": str(self.home), "PYTHONDONTWRITEBYTECODE": "1", "CONTROL": str(self.control)}
        self._write(entry, f"environment = {{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in environment.items())} }}")

    def add_other(self, name: str, timeout: int = 30, **target) -> None:
        """A rotator that is no program: `url` or `task_definition`, and what belongs to it."""
        entry = {"name": name, "accounts": [self.server.account], "role": "rotation", "timeout-seconds": timeout}
        self._write(entry | {key.replace("_", "-"): value for key, value in target.items()})

    def _write(self, entry: dict, *more: str) -> None:
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        with self.file.open("a") as file:
            file.write("\n".join(["\n[[rotator]]", *lines, *more, ""]))

    def make_role(self, service: str = "lambda.amazonaws.com") -> str:
        iam = self.server.client("iam")
        role = iam.create_role(RoleName="rotation", AssumeRolePolicyDocument=trust(service))["Role"]
        iam.put_role_policy(RoleName="rotation", PolicyName="rotate", PolicyDocument=policy(allow("secretsmanager:*")))
        return role["Arn"]

    def arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.server.region}:{self.server.account}:function:{name}"

    def say(self, what: str, *steps: str) -> None:
        """Steers the scripted function."""
        (self.control / what).write_text(" ".join(steps))

    def unsay(self, what: str) -> None:
        (self.control / what).unlink()

    def steps(self, token: str | None = None) -> list[str]:
        file = self.control / "steps"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [step for step, version, _ in lines if token in (None, version)]

    def pids(self) -> list[int]:
        return [int(line.split()[2]) for line in (self.control / "steps").read_text().splitlines()]


def stages(server: Server, secret: str) -> dict[str, list[str]]:
    return server.client("secretsmanager").describe_secret(SecretId=secret).get("VersionIdsToStages", {})


def rotated(server: Server, secret: str, version: str, seconds: float = 60) -> dict:
    """Waits until a rotation has settled in this version; the secret as it is described then."""

    def settled():
        described = server.client("secretsmanager").describe_secret(SecretId=secret)
        done = described["VersionIdsToStages"].get(version) == ["AWSCURRENT"] and "LastRotatedDate" in described
        return described if done else None

    return wait_for(f"the rotation of {secret} to {version}", settled, seconds)


def events(server: Server, secret_arn: str) -> list[str]:
    """What the audit log says about the rotation of a secret, in order."""
    lines = [line for line in server.audit() if line.get("resource") == secret_arn]
    return [line["event"].removeprefix("secretsmanager:") for line in lines]


def failure(server: Server, secret_arn: str, seconds: float = 60) -> str:
    """Waits until an attempt has failed, and says why."""

    def failed():
        lines = [line for line in server.audit() if line.get("resource") == secret_arn]
        return [line["detail"] for line in lines if line["event"].endswith("RotationFailed")]

    return wait_for("the failure of a rotation", failed, seconds)[0]


def make_due(server: Server, secret_arn: str, ahead: timedelta = timedelta()) -> None:
    """Has the window of a stopped server's secret open now, as if its time had come, or so long from now."""
    opens = int((time.time() + ahead.total_seconds()) * 1000)
    with sqlite3.connect(server.data_dir / "sealift.db") as database:
        changed = database.execute(
            "UPDATE secret_rotations SET opens_at = ?, closes_at = ? WHERE secret_arn = ?", [opens, opens + 1000, secret_arn]
        )
        assert changed.rowcount == 1
    database.close()
