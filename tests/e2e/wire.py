"""Requests below the SDKs: raw HTTP, signed with botocore's own signer or tampered with on purpose."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from harness import Credentials, Server

TARGETS = {
    "secretsmanager": "secretsmanager",
    "ssm": "AmazonSSM",
    "kms": "TrentService",
    "ecs": "AmazonEC2ContainerServiceV20141113",
}
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["__type"]

    @property
    def message(self) -> str | None:
        return self.json.get("message", self.json.get("Message"))


def send(server: Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """Exactly these bytes, without a client that would mend them."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"127.0.0.1:{server.port}", "Content-Length": str(len(body))} | headers
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders()
        # It may be refused before all of it was read; the answer is there all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(body)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def signed(server: Server, service: str, headers: dict, body: bytes, credentials: Credentials | None = None, region=None, path="/") -> dict:
    """The headers with botocore's signature."""
    credentials = credentials or server.cached_root
    request = AWSRequest("POST", f"{server.endpoint}{path}", headers=headers, data=body)
    key = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    SigV4Auth(key, service, region or server.region).add_auth(request)
    return dict(request.headers.items())


def json_call(
    server: Server, service: str, operation: str, body: bytes | dict, *, headers: dict | None = None, change=None, **signing
) -> Answer:
    """A JSON 1.1 request; `change` may spoil the signed headers."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGETS[service]}.{operation}"} | (headers or {})
    final = signed(server, service, given, body, **signing)
    return send(server, "POST", "/", change(final) if change else final, body)


def query_call(
    server: Server, service: str, action: str, parameters: dict | None = None, *, body: bytes | None = None, change=None, **signing
) -> Answer:
    """A Query request."""
    if body is None:
        body = urlencode({"Action": action, "Version": VERSIONS[service], **(parameters or {})}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    final = signed(server, service, headers, body, **signing)
    return send(server, "POST", "/", change(final) if change else final, body)
