"""How each operation is prepared for the authorisation tests: what must be there, its parameters, and the least policy."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from harness import Server


@dataclass
class Given:
    """What is there before an operation is tried, made by the root user."""

    server: Server
    parameters: dict = field(default_factory=dict)
    # What the least policy allows: pairs of action and resource. The first pair is the operation's own.
    needs: list[tuple[str, str]] = field(default_factory=list)
    # How the resource reads in a denial; None where it does not matter here.
    named: str | None = None
    # The error of one who may, where what the operation acts on takes more than this table prepares.
    refused_anyway: str | None = None

    def client(self, service: str):
        return self.server.client(service)

    def arn(self, service: str, resource: str) -> str:
        region = "" if service == "iam" else self.server.region
        return f"arn:aws:{service}:{region}:{self.server.account}:{resource}"


def new_name() -> str:
    return f"authz{random.randrange(10**12)}"


TABLE = {}


def operation(name: str):
    """Registers how one operation is prepared: the function fills in its parameters and its least policy."""

    def register(prepare):
        TABLE[name] = prepare
        return prepare

    return register


def everywhere(name: str, **parameters) -> None:
    """An operation that is authorised on `*`."""

    def prepare(given: Given) -> None:
        given.parameters, given.needs = parameters, [(name, "*")]

    TABLE[name] = prepare
