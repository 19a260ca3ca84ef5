"""Connecting to the PostgreSQL server that a secret in AWS's format describes, and setting passwords there."""

from __future__ import annotations

import psycopg
from psycopg import sql


def connect(value: dict) -> psycopg.Connection:
    """A connection under the name and password of a secret: engine, host, username, password, dbname, port."""
    if value.get("engine") != "postgres":
        raise ValueError("the secret's engine must be postgres")
    return psycopg.connect(
        host=value["host"],
        port=value.get("port", 5432),
        user=value["username"],
        password=value["password"],
        dbname=value.get("dbname", "postgres"),
        connect_timeout=5,
        # AWS's format: without the member, TLS where the server has it.
        sslmode={True: "require", False: "disable", None: "prefer"}[value.get("ssl")],
        autocommit=True,
    )


def connects(value: dict | None) -> bool:
    """Whether the server lets this name in with this password."""
    if value is None:
        return False
    try:
        connect(value).close()
    except psycopg.OperationalError:
        return False
    return True


def set_password(connection: psycopg.Connection, username: str, password: str) -> None:
    """Hashed here: the password in clear would stand in the server's log of statements."""
    hashed = connection.pgconn.encrypt_password(password.encode(), username.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("ALTER USER {} WITH PASSWORD {}").format(sql.Identifier(username), sql.Literal(hashed))
    connection.execute(statement)
