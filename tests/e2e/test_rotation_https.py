"""Rotators that are HTTPS servers: the request they get, whom it is sent to, and every way in which a step fails."""

import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from certificates import make_ca, make_certificate
from harness import Credentials, free_port, wait_for
from rotation import Rotators, deploy, events, failure, rotated, stages

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
VALUE = json.dumps({"username": "u", "password": "first-password"})
LOOPBACK = ["127.0.0.0/8", "::1"]


class Receiver:
    """An HTTPS server that notes what it gets and answers as its path says."""

    def __init__(self, certificate):
        receiver = self
        self.requests, self.connections = [], 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers.items()), body))
                receiver.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A client that does not like the certificate."""

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        status, headers, body = 200, {}, b"null"
        match handler.path.strip("/"):
            case "redirect":
                status, headers = 307, {"Location": f"https://127.0.0.1:{self.port}/elsewhere"}
            case "hang":
                time.sleep(5)
            case "long":
                body = b" " * (1 << 20)
            case "error":
                body = json.dumps({"errorMessage": "first-password is wrong", "errorType": "ValueError"}).encode()
            case "unhandled":
                headers = {"X-Amz-Function-Error": "Unhandled"}
            case "broken":
                status = 503
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    make_ca(directory)
    make_certificate(directory, "DNS:localhost", "IP:127.0.0.1")
    make_certificate(directory, "DNS:other.test", file="other")
    return directory


@pytest.fixture
def receiver(authority):
    made = Receiver(authority / "server.crt")
    yield made
    made.server.shutdown()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def started(rotators) -> Rotators:
    rotators.server.start()
    rotators.make_role()
    return rotators


def test_a_function_that_is_served_over_https_rotates(authority, new_server, name):
    home = deploy()
    rotators = Rotators(home, new_server())
    port = free_port()
    rotators.add_other("served", url=f"https://localhost:{port}/", ca_file=str(authority / "ca.crt"), allow_addresses=LOOPBACK)
    server = started(rotators).server
    certificate = ["--certificate", authority / "server.crt", "--key", authority / "server.key", "--listen", f"127.0.0.1:{port}"]
    trusting = ["--endpoint", server.endpoint, "--role", f"arn:aws:iam::{server.account}:role/rotation"]
    function = subprocess.Popen(
        [sys.executable, home / "serve_function.py", *certificate, *trusting, home / "scripted.py"], env={"CONTROL": str(rotators.control)}
    )
    try:
        wait_for("the function's server", lambda: is_listening(port))
        secrets = server.client("secretsmanager")
        secret = secrets.create_secret(Name=name, SecretString=VALUE)
        version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("served"))["VersionId"]
        rotated(server, secret["ARN"], version)
        assert rotators.steps(version)[-4:] == STEPS
        assert json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["password"] != "first-password"
        (put,) = [line for line in server.audit() if line["event"] == "secretsmanager:PutSecretValue"]
        assert put["caller"] == f"arn:aws:sts::{server.account}:assumed-role/rotation/served"

        rotators.say("fail", "testSecret")
        secrets.rotate_secret(SecretId=name)
        assert failure(server, secret["ARN"]).startswith("testSecret: the function answered with an error; the next attempt")
    finally:
        function.kill()
        function.wait()
        shutil.rmtree(home)


def test_the_event_is_aws_s_and_the_request_signed_by_the_rotation_role(authority, receiver, new_server, name, tmp_path):
    rotators = Rotators(tmp_path, new_server(), retry_after=600)
    url = f"https://localhost:{receiver.port}/a/path?with=query"
    rotators.add_other("noted", url=url, ca_file=str(authority / "ca.crt"), allow_addresses=LOOPBACK, endpoint="https://sealift.test")
    server = started(rotators).server
    secrets = server.client("secretsmanager")
    secret = secrets.create_secret(Name=name, SecretString=VALUE)
    version = secrets.rotate_secret(SecretId=name, RotationLambdaARN=rotators.arn("noted"))["VersionId"]
    # It says of all four steps that they are done, and has done nothing.
    assert failure(server, secret["ARN"]).startswith("finishSecret: it ended without moving AWSCURRENT")
    assert [json.loads(body)["Step"] for _, _, body in receiver.requests] == STEPS
    path, headers, body = receiver.requests[0]
    headers = {name.lower(): value for name, value in headers.items()}
    told = json.loads(body)
    credentials = told.pop("credentials")
    assert told == {
        "Step": "createSecret",
        "SecretId": secret["ARN"],
        "ClientRequestToken": version,
        "endpoint": "https://sealift.test",
        "region": server.region,
    }
    assert path == "/a/path?with=query"
    assert (headers["host"], headers["content-type"]) == (f"localhost:{receiver.port}", "application/json")
    assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert headers["x-amz-security-token"] == credentials["SessionToken"]
    scope = f"{credentials['AccessKeyId']}/{headers['x-amz-date'][:8]}/{server.region}/lambda/aws4_request"
    assert headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={scope}, ")
    caller = server.client("sts", Credentials.of(credentials)).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::{server.account}:assumed-role/rotation/noted"


def test_whatever_else_a_server_does_is_a_failed_step(authority, receiver, new_server, name, tmp_path):
    rotators = Rotators(tmp_path, new_server(), retry_after=600)
    other = Receiver(authority / "other.crt")
    here, ca, port = f"https://127.0.0.1:{receiver.port}", str(authority / "ca.crt"), receiver.port
    trusted = {"ca_file": ca, "allow_addresses": LOOPBACK}
    expected = {}

    def expect(function: str, why: str, timeout: int = 30, **target) -> None:
        rotators.add_other(function, timeout=timeout, **target)
        expected[function] = why

    expect("redirect", "the server answered 307 Temporary Redirect; redirects are not followed", url=f"{here}/redirect", **trusted)
    expect("hang", "it did not end within 2 s", timeout=2, url=f"{here}/hang", **trusted)
    expect("long", "the server's answer is longer than 262144 bytes", url=f"{here}/long", **trusted)
    expect("error", "the function answered with an error", url=f"{here}/error", log_output=True, **trusted)
    expect("unhandled", "the function answered with an error", url=f"{here}/unhandled", **trusted)
    expect("broken", "the server answered 503 Service Unavailable", url=f"{here}/broken", **trusted)
    unlisted = "which is no public address and not among its `allow-addresses`"
    expect("unlisted", f"`127.0.0.1` is 127.0.0.1, {unlisted}", url=f"{here}/unlisted", ca_file=ca)
    expect("mapped", f"`::ffff:127.0.0.1` is ::ffff:127.0.0.1, {unlisted}", url=f"https://[::ffff:127.0.0.1]:{port}/mapped", ca_file=ca)
    expect("metadata", f"`169.254.169.254` is 169.254.169.254, {unlisted}", url="https://169.254.169.254/", **trusted)
    expect("resolved", f", {unlisted}", url=f"https://localhost:{port}/resolved", ca_file=ca, allow_addresses=["10.0.0.0/8"])
    expect("untrusted", "there is no secure connection to `127.0.0.1`: invalid peer certificate: UnknownIssuer", url=f"{here}/untrusted", allow_addresses=LOOPBACK)
    expect("misnamed", "there is no secure connection to `127.0.0.1`: invalid peer certificate: certificate not valid for name", url=f"https://127.0.0.1:{other.port}/misnamed", **trusted)
    expect("nobody", "Connection refused", url=f"https://127.0.0.1:{free_port()}/", **trusted)
    expect("unnamed", "`nowhere.invalid` is not found", url="https://nowhere.invalid/", **trusted)

    server = started(rotators).server
    secrets = server.client("secretsmanager")
    made = {}
    for function in expected:
        made[function] = secrets.create_secret(Name=f"{name}-{function}", SecretString=VALUE)
        secrets.rotate_secret(SecretId=made[function]["ARN"], RotationLambdaARN=rotators.arn(function))
    for function, why in expected.items():
        detail = failure(server, made[function]["ARN"])
        assert detail.startswith("createSecret: ") and why in detail, (function, detail)
        assert stages(server, made[function]["ARN"])[made[function]["VersionId"]] == ["AWSCURRENT"]
    asked = {"redirect", "hang", "long", "error", "unhandled", "broken"}
    assert {path.strip("/") for path in receiver.paths()} == asked, "nobody else was asked, and no redirect followed"
    assert other.paths() == []
    assert "withheld: it may hold a secret" in server.log()
    assert "first-password" not in server.log() + (server.data_dir / "audit.log").read_text()
    other.server.shutdown()


def test_a_server_that_hangs_up_or_talks_something_else_is_a_failed_step(new_server, name, tmp_path):
    """Neither a handshake that never comes to an end nor one that is none keeps a rotation."""
    rotators = Rotators(tmp_path, new_server(), retry_after=600)
    silent, plain = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _ = plain.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    threading.Thread(target=talk, daemon=True).start()
    for function, peer in (("silent", silent), ("plain", plain)):
        rotators.add_other(function, timeout=2, url=f"https://127.0.0.1:{peer.getsockname()[1]}/", allow_addresses=LOOPBACK)
    server = started(rotators).server
    secrets = server.client("secretsmanager")
    for function, why in (("silent", "it did not end within 2 s"), ("plain", "there is no secure connection to `127.0.0.1`")):
        secret = secrets.create_secret(Name=f"{name}-{function}", SecretString=VALUE)
        secrets.rotate_secret(SecretId=secret["ARN"], RotationLambdaARN=rotators.arn(function))
        assert why in failure(server, secret["ARN"])
        assert events(server, secret["ARN"]) == ["RotationStarted", "RotationFailed"]
