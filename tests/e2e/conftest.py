"""One server for the tests that only need some server, and fresh ones for those that stop, break or fill theirs."""

from __future__ import annotations

import os
import random
import subprocess

import pytest

import harness
from agents import Agent
from harness import Server
from tasks import Tasks


def pytest_configure() -> None:
    if not harness.BINARY.exists():
        pytest.exit(f"{harness.BINARY} is not there; scripts/test builds it and runs this suite", returncode=2)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running server that tests share: use names of your own in it, and never stop it."""
    running = Server(tmp_path_factory.mktemp("server"))
    # A rotation function that does nothing, for the tests of who may rotate.
    rotators = running.directory / "rotators.toml"
    user = 'user = "65534:65534"' if os.geteuid() == 0 else "same-user = true"
    rotators.write_text(
        f'[[rotator]]\nname = "nothing"\naccounts = ["{running.account}"]\nrole = "nobody"\nprogram = ["/bin/true"]\n{user}\n'
    )
    running.settings["SEALIFT_ROTATORS"] = str(rotators)
    running.start()
    yield running
    running.dispose()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers that belong to one test: `new_server(region=…)`, not started yet."""
    made = []

    def make(**options) -> Server:
        directory = tmp_path / f"server-{len(made)}"
        directory.mkdir()
        made.append(Server(directory, **options))
        return made[-1]

    yield make
    for one in made:
        one.dispose()


@pytest.fixture
def new_agent(tmp_path, new_server):
    """Makes agents in processes of their own: `new_agent(server, …)`, not started yet."""
    made = []

    def make(server: Server, **options) -> Agent:
        made.append(Agent(server, tmp_path / f"agent-{len(made)}", **options))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def tasks(server):
    """The tasks of the shared server's default cluster; those that a test starts end with it."""
    started = Tasks(server)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def ecs(server):
    return server.client("ecs")


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"name{random.randrange(10**12)}"


@pytest.fixture
def postgres_url():
    """The URL of an empty database of its own in the cluster that scripts/test started."""
    cluster = os.environ.get("TEST_POSTGRES_URL")
    if not cluster:
        pytest.fail("TEST_POSTGRES_URL is not set; scripts/test starts a throw-away PostgreSQL and sets it")
    database = f"e2e_{random.randrange(10**12)}"
    subprocess.run(["psql", cluster, "--quiet", "--command", f"CREATE DATABASE {database}"], check=True)
    yield cluster.rsplit("/", 1)[0] + f"/{database}"
    subprocess.run(["psql", cluster, "--quiet", "--command", f"DROP DATABASE {database} WITH (FORCE)"], check=True)
