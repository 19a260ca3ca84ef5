"""The example rotators against a real PostgreSQL: the password really changes, and whoever connects goes on connecting."""

import json
import random
import shutil
from urllib.parse import urlsplit

import psycopg
import pytest

from rotation import Rotators, deploy, rotated


@pytest.fixture(scope="module")
def home():
    deployed = deploy()
    yield deployed
    shutil.rmtree(deployed)


@pytest.fixture
def rotators(home, new_server):
    made = Rotators(home, new_server())
    made.add("single", "postgres_single_user.py")
    made.add("alternating", "postgres_alternating_users.py")
    made.server.start()
    made.make_role()
    return made


class Database:
    """A database with a user of its own, and secrets in AWS's format for it."""

    def __init__(self, url: str):
        self.url, self.place = url, urlsplit(url)
        self.user, self.password = f"app{random.randrange(10**12)}", "the-first-password"
        with psycopg.connect(url, autocommit=True) as master:
            master.execute(f"CREATE ROLE {self.user} LOGIN PASSWORD '{self.password}'")
            master.execute("CREATE TABLE things (n integer)")
            master.execute(f"GRANT ALL ON things TO {self.user}")

    def value(self, username: str, password: str, **more) -> str:
        name = self.place.path.lstrip("/")
        place = {"engine": "postgres", "host": self.place.hostname, "port": self.place.port, "dbname": name}
        return json.dumps(place | {"username": username, "password": password} | more)

    def connects(self, value: dict) -> bool:
        try:
            with psycopg.connect(
                host=value["host"], port=value["port"], dbname=value["dbname"], user=value["username"], password=value["password"]
            ) as connection:
                connection.execute("SELECT count(*) FROM things")
            return True
        except psycopg.OperationalError:
            return False

    def drop(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as master:
            master.execute("DROP TABLE things")
            master.execute(f"DROP ROLE IF EXISTS {self.user}_clone")
            master.execute(f"DROP ROLE {self.user}")


@pytest.fixture
def database(postgres_url):
    made = Database(postgres_url)
    yield made
    made.drop()


def rotate(rotators, secret, function) -> tuple[dict, dict]:
    """The values before and after a rotation."""
    secrets = rotators.server.client("secretsmanager")
    answer = secrets.rotate_secret(SecretId=secret["ARN"], RotationLambdaARN=rotators.arn(function))
    rotated(rotators.server, secret["ARN"], answer["VersionId"])
    value = lambda stage: json.loads(secrets.get_secret_value(SecretId=secret["ARN"], VersionStage=stage)["SecretString"])
    return value("AWSPREVIOUS"), value("AWSCURRENT")


def test_a_single_user_gets_a_new_password_and_the_old_one_ends(rotators, database, name):
    secrets = rotators.server.client("secretsmanager")
    secret = secrets.create_secret(Name=name, SecretString=database.value(database.user, database.password))
    for _ in range(2):
        old, new = rotate(rotators, secret, "single")
        assert old["username"] == new["username"] == database.user
        assert database.connects(new) and not database.connects(old)


def test_alternating_users_keep_the_password_in_use_until_the_next_rotation_but_one(rotators, database, name):
    secrets = rotators.server.client("secretsmanager")
    master = secrets.create_secret(Name=f"{name}-master", SecretString=database.value(database.place.username, database.place.password))
    value = database.value(database.user, database.password, masterarn=master["ARN"])
    secret = secrets.create_secret(Name=name, SecretString=value)
    first, clone = rotate(rotators, secret, "alternating")
    assert (first["username"], clone["username"]) == (database.user, f"{database.user}_clone")
    assert database.connects(first) and database.connects(clone)
    again, second = rotate(rotators, secret, "alternating")
    assert again == clone and second["username"] == database.user
    assert database.connects(clone) and database.connects(second) and not database.connects(first)
