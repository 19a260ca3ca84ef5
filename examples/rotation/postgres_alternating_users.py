"""Rotates between two PostgreSQL users of equal rights: `app` and `app_clone`. The password in use stays good until the
next rotation but one, so that nobody who read the secret before is locked out.

The secret has AWS's format, with `masterarn` naming the secret of a user who may make users and set passwords. The clone
is made at the first rotation, as a member of the first user's role.
"""

import json

from postgres import connect, connects, set_password
from psycopg import sql
from rotation_steps import Rotation

SUFFIX = "_clone"


class AlternatingUsers(Rotation):
    def new_value(self, current: dict) -> dict:
        return current | {"username": other(current["username"]), "password": self.random_password()}

    def apply(self, pending: dict) -> None:
        if connects(pending):
            return
        current = self.value("AWSCURRENT")
        if pending["username"] != other(current["username"]) or pending["host"] != current["host"]:
            raise ValueError("the pending version is not of the other user of the current one")
        master = self.secrets.get_secret_value(SecretId=current["masterarn"])
        with connect(json.loads(master["SecretString"]) | {"dbname": current.get("dbname", "postgres")}) as connection:
            make_user(connection, pending["username"], like=current["username"])
            set_password(connection, pending["username"], pending["password"])

    def check(self, pending: dict) -> None:
        with connect(pending) as connection:
            connection.execute("SELECT now()")


def other(username: str) -> str:
    return username.removesuffix(SUFFIX) if username.endswith(SUFFIX) else username + SUFFIX


def make_user(connection, username: str, like: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [username]).fetchone()
    if known is None:
        statement = sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}")
        connection.execute(statement.format(sql.Identifier(username), sql.Identifier(like)))


def lambda_handler(event, context):
    AlternatingUsers(event).run()
