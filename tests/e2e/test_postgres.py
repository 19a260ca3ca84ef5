"""The same server over PostgreSQL: the walk-through, durability, and nothing in clear in the database."""

import subprocess

import pytest

from harness import StartRefused
from tasks import Tasks, container, only_container
from test_canary import MARK, Exercise, found_in
from test_durability import Writers
from test_walkthrough import walk_through


@pytest.fixture
def on_postgres(new_server, postgres_url):
    server = new_server(database_url=postgres_url)
    yield server
    server.kill()


def test_the_walk_through_on_postgresql(on_postgres, name):
    walk_through(on_postgres.start(), name, "us-east-2")


def test_every_answered_write_survives_kill_9_on_postgresql(on_postgres):
    server = on_postgres.start()
    before = Writers(server)
    before.wait()
    server.kill()
    before.join()
    server.start()
    before.check()


def test_tasks_outlive_the_server_on_postgresql(on_postgres):
    server = on_postgres.start()
    tasks = Tasks(server)
    task = tasks.start(container())
    holder = only_container(task)
    server.kill()
    server.start()
    assert tasks.describe(task)["lastStatus"] == "RUNNING"
    assert only_container(task) == holder
    tasks.ecs.stop_task(task=task)
    tasks.wait(task, "STOPPED")


def test_a_wrong_root_key_is_refused_on_postgresql(on_postgres, new_server, postgres_url):
    on_postgres.start()
    on_postgres.stop()
    other = new_server(database_url=postgres_url)
    with pytest.raises(StartRefused, match="root key"):
        other.start()


def test_nothing_is_in_clear_in_the_database(on_postgres, postgres_url):
    server = on_postgres.start()
    exercise = Exercise(server)
    exercise.store()
    exercise.read()
    dump = subprocess.run(["pg_dump", "--inserts", postgres_url], capture_output=True, check=True).stdout
    assert b"INSERT INTO" in dump
    assert found_in(dump, MARK) == []


def test_an_unreachable_database_is_a_clear_refusal_without_its_password(new_server):
    server = new_server(database_url="postgres://someone:hush-hush@127.0.0.1:1/nothing")
    with pytest.raises(StartRefused) as caught:
        server.start()
    assert "database" in str(caught.value)
    assert "hush-hush" not in str(caught.value)
