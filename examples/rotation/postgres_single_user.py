"""Rotates the password of one PostgreSQL user, who changes it himself. The old password ends with the rotation.

The secret has AWS's format: {"engine": "postgres", "host", "username", "password", "dbname", "port"}.
"""

from postgres import connect, connects, set_password
from rotation_steps import Rotation


class SingleUser(Rotation):
    def new_value(self, current: dict) -> dict:
        return current | {"password": self.random_password()}

    def apply(self, pending: dict) -> None:
        if connects(pending):
            return
        current = self.value("AWSCURRENT")
        if (current["username"], current["host"]) != (pending["username"], pending["host"]):
            raise ValueError("the pending version is of another user or host than the current one")
        # Where the password was set back by hand, the one before may still be good.
        known = current if connects(current) else self.value("AWSPREVIOUS")
        with connect(known) as connection:
            set_password(connection, pending["username"], pending["password"])

    def check(self, pending: dict) -> None:
        with connect(pending) as connection:
            connection.execute("SELECT now()")


def lambda_handler(event, context):
    SingleUser(event).run()
