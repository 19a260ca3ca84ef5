"""Images out of registries that ask for a password: whose password, how failures read, and when an image is pulled.

What takes retries (about 40 s, as the agent's) is started once for all tests, side by side.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import random
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness import BINARY, Server, allow, docker, free_port, wait_for
from registries import Registry, TokenRegistry, bridge_address, digest, forget
from tasks import Tasks, container, environment, execution_role, output, reading

PULLER = f"puller-{random.randrange(10**9)}"
OTHER = f"other-{random.randrange(10**9)}"
PASSWORD = f"right-{random.randrange(10**12)}"
OTHER_PASSWORD = f"second-{random.randrange(10**12)}"
WRONG_PASSWORD = f"wrong-{random.randrange(10**12)}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    one = Registry(tmp_path_factory.mktemp("registry"), {PULLER: PASSWORD, OTHER: OTHER_PASSWORD}).start()
    yield one
    one.stop()
    for image in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
        if image.startswith(one.address):
            forget(image)


@pytest.fixture(scope="module")
def tls_registry(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls-registry")
    one = Registry(directory, {PULLER: PASSWORD}, host=bridge_address(), tls=True).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def token_registry(tmp_path_factory):
    one = TokenRegistry(tmp_path_factory.mktemp("token-registry"), {PULLER: PASSWORD}).start()
    yield one
    one.stop()
    forget(f"{one.address}/known:1")


@dataclass
class Puller:
    """One server with its pull behaviour, and secrets for its tasks."""

    server: Server
    tasks: Tasks = field(init=False)
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.tasks = Tasks(self.server)

    def secret(self, value: str, **rest) -> str:
        made = self.server.client("secretsmanager").create_secret(
            Name=f"registry/{random.randrange(10**12)}", SecretString=value, **rest
        )
        return made["ARN"]

    def login(self, user: str = PULLER, password: str = PASSWORD) -> str:
        value = json.dumps({"username": user, "password": password})
        if value not in self.secrets:
            self.secrets[value] = self.secret(value)
        return self.secrets[value]

    def run(self, image: str, credentials: str | None, *statements: dict, script: str = "echo $WHICH", **rest) -> str:
        """Runs one container of the image; without statements, its role may read exactly these credentials."""
        app = {**container(script=script), "image": image}
        if credentials:
            app["repositoryCredentials"] = {"credentialsParameter": credentials}
        if not statements and credentials:
            statements = reading(secrets=[credentials])
        role = execution_role(self.server, *statements)
        return self.tasks.run(self.tasks.register(app, executionRoleArn=role, **rest))

    def stopped(self, task: str, seconds: float = 120) -> dict:
        return self.tasks.wait(task, "STOPPED", seconds)


@pytest.fixture(scope="module")
def pullers(tmp_path_factory):
    """A server for every pull behaviour."""
    made = {}
    for behavior in ("default", "always", "once", "prefer-cached"):
        settings = {"ECS_IMAGE_PULL_BEHAVIOR": behavior, "SEALIFT_LOG": "trace"}
        server = Server(tmp_path_factory.mktemp(behavior), settings=settings)
        server.launch()
        made[behavior] = server
    yield {behavior: Puller(server.await_health()) for behavior, server in made.items()}
    for server in made.values():
        server.dispose()


@pytest.fixture(scope="module")
def slow(pullers, registry, tls_registry, token_registry):
    """Everything that takes retries, started at once: the stopped tasks by name, and the tasks' ARNs."""
    default, always = pullers["default"], pullers["always"]
    registry.push("known:1")
    registry.push_for_another_platform("foreign:1")
    tls_registry.push("known:1")
    registry.push("here:1")
    token_registry.push("known:1")
    address = registry.address
    # What is on the host under a name that the registry would have to be asked for.
    for image in ("here:1", "there:1"):
        docker("tag", "sealift-test/busybox:latest", f"{address}/{image}")
    wrong = (PULLER, WRONG_PASSWORD)
    started = {
        "wrong password": (default, default.run(f"{address}/known:1", default.login(*wrong))),
        "wrong password for a token": (default, default.run(f"{token_registry.address}/known:1", default.login(*wrong))),
        "no login": (default, default.run(f"{address}/known:1", None)),
        "unknown image": (default, default.run(f"{address}/nothing:1", default.login())),
        "unknown tag": (default, default.run(f"{address}/known:2", default.login())),
        "unreachable": (default, default.run(f"127.0.0.1:{free_port()}/known:1", default.login())),
        "wrong platform": (default, default.run(f"{address}/foreign:1", default.login())),
        "untrusted": (default, default.run(f"{tls_registry.address}/known:1", default.login())),
        "here, default": (default, default.run(f"{address}/here:1", default.login(*wrong), script="echo from the host")),
        "here, always": (always, always.run(f"{address}/here:1", always.login(*wrong))),
        "not there any more, always": (always, always.run(f"{address}/there:1", always.login())),
    }
    return {name: puller.stopped(task) for name, (puller, task) in started.items()}


def reason(stopped: dict) -> str:
    """The container's reason, in a task that failed to start."""
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"] == "Task failed to start"
    (app,) = stopped["containers"]
    assert "exitCode" not in app
    return app["reason"]


ENGINE = "CannotPullImageManifestError: Error response from daemon: "


def test_two_containers_of_a_task_use_two_accounts_on_one_registry(pullers, registry):
    registry.push("first:1")
    registry.push("second:1")
    puller = pullers["default"]
    logins = [puller.login(), puller.login(OTHER, OTHER_PASSWORD)]
    apps = [
        {
            **container(name=name),
            "image": f"{registry.address}/{name}:1",
            "repositoryCredentials": {"credentialsParameter": login},
        }
        for name, login in zip(("first", "second"), logins, strict=True)
    ]
    role = execution_role(puller.server, *reading(secrets=logins))
    task = puller.tasks.start(*apps, executionRoleArn=role)
    assert [environment(task, name)["WHICH"] for name in ("first", "second")] == ["first:1", "second:1"]
    for name, user in (("first", PULLER), ("second", OTHER)):
        assert wait_for("the registry's word", lambda name=name: registry.pullers(name)) == {user}
    puller.tasks.ecs.stop_task(task=task)


def test_credentials_may_be_named_by_the_secrets_name(pullers, registry):
    registry.push("named:1")
    puller = pullers["default"]
    value = json.dumps({"USERNAME": PULLER, "Password": PASSWORD, "more": 1})
    arn = puller.secret(value)
    name = arn.split(":secret:")[1].rsplit("-", 1)[0]
    task = puller.run(f"{registry.address}/named:1", name, *reading(secrets=[arn]))
    assert puller.stopped(task)["containers"][0]["exitCode"] == 0
    assert output(task) == "named:1\n"


@pytest.mark.parametrize("behavior", ["default", "prefer-cached"])
def test_a_role_that_may_not_read_the_credentials_starts_nothing_even_with_the_image_here(pullers, registry, behavior):
    registry.push("guarded:1")
    puller, image = pullers[behavior], f"{registry.address}/guarded:1"
    assert puller.stopped(puller.run(image, puller.login()))["containers"][0]["exitCode"] == 0
    stopped = puller.stopped(puller.run(image, puller.login(), allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:no")))
    assert stopped["stopCode"] == "TaskFailedToStart"
    text = stopped["stoppedReason"]
    assert text.startswith(f"Asm fetching secret from the service for {puller.login()}: operation error Secrets Manager: ")
    assert "api error AccessDeniedException: User: arn:aws:sts::" in text
    assert text.endswith(
        f"is not authorized to perform: secretsmanager:GetSecretValue on resource: {puller.login()} "
        "because no identity-based policy allows the secretsmanager:GetSecretValue action"
    )
    assert "exitCode" not in stopped["containers"][0]


def test_each_failure_of_the_credentials_is_told_apart(pullers, registry):
    puller, image = pullers["default"], f"{registry.address}/known:1"
    kms = puller.server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = puller.secret(json.dumps({"username": PULLER, "password": PASSWORD}), KmsKeyId=key)
    missing = f"arn:aws:secretsmanager:us-east-1:{puller.server.account}:secret:missing-AbCdEf"
    schema = "Asm fetching authorization data: unable to unmarshal secret value, invalid schema"
    cases = [
        (sealed, "api error AccessDeniedException: Access to KMS is not allowed"),
        (missing, "ResourceNotFoundException: Secrets Manager can't find the specified secret."),
        (puller.secret("puller:password"), schema),
        (puller.secret('{"username":5,"password":"p"}'), schema),
        (puller.secret('{"username":"puller"}'), "Asm fetching password: AuthorizationData is malformed, empty field"),
        (puller.secret('{"username":"","password":"p"}'), "Asm fetching username: AuthorizationData is malformed, empty field"),
    ]
    started = [(puller.run(image, credentials), end) for credentials, end in cases]
    for task, end in started:
        stopped = puller.stopped(task)
        assert stopped["stopCode"] == "TaskFailedToStart"
        assert stopped["stoppedReason"].endswith(end), stopped["stoppedReason"]


@pytest.mark.parametrize("kind", ["docker", "dockercfg"])
def test_a_login_of_the_host_is_for_images_that_have_none_of_their_own(new_server, registry, kind):
    registry.push("host:1")
    forget(f"{registry.address}/host:1")
    auth = base64.b64encode(f"{OTHER}:{OTHER_PASSWORD}".encode()).decode()
    login = {"docker": {"username": OTHER, "password": OTHER_PASSWORD}, "dockercfg": {"auth": auth}}[kind]
    one = new_server()
    one.settings |= {"ECS_ENGINE_AUTH_TYPE": kind, "ECS_ENGINE_AUTH_DATA": json.dumps({f"http://{registry.address}": login})}
    puller = Puller(one.start())
    task = puller.run(f"{registry.address}/host:1", None)
    assert puller.stopped(task)["containers"][0].get("exitCode") == 0, puller.tasks.describe(task)
    assert wait_for("the registry's word", lambda: registry.pullers("host")) == {OTHER}
    assert OTHER_PASSWORD not in one.log() and auth not in one.log()
    one.stop()
    one.settings["ECS_ENGINE_AUTH_DATA"] = OTHER_PASSWORD
    done = one.sealift("up", timeout=20)
    assert (done.returncode, "ECS_ENGINE_AUTH_DATA must be a JSON object" in done.stderr) == (1, True), done.stderr
    assert OTHER_PASSWORD not in done.stderr


def test_a_refused_password_is_the_registrys_word(slow):
    assert reason(slow["wrong password"]) == ENGINE + "unauthorized: authentication required"


def test_a_registry_that_takes_tokens_gets_one_for_the_password(pullers, slow, token_registry):
    puller = pullers["default"]
    forget(f"{token_registry.address}/known:1")
    task = puller.run(f"{token_registry.address}/known:1", puller.login())
    assert puller.stopped(task)["containers"][0].get("exitCode") == 0, puller.tasks.describe(task)
    assert output(task) == "known:1\n"
    text = reason(slow["wrong password for a token"])
    assert text.startswith(ENGINE) and "unauthorized" in text, text


def test_a_registry_that_asks_for_a_login_where_there_is_none(slow, registry):
    assert reason(slow["no login"]) == f'{ENGINE}Head "{registry.url}/v2/known/manifests/1": no basic auth credentials'


@pytest.mark.parametrize("what", ["unknown image", "unknown tag"])
def test_an_image_or_tag_that_is_not_there(slow, what):
    assert reason(slow[what]) == ENGINE + "manifest unknown: manifest unknown"


def test_a_registry_that_does_not_answer(slow):
    text = reason(slow["unreachable"])
    assert text.startswith(f'{ENGINE}Get "http') and text.endswith("connect: connection refused"), text


def test_a_certificate_that_is_not_trusted(slow):
    text = reason(slow["untrusted"])
    assert text.startswith(f'{ENGINE}Get "https://') and "x509: certificate signed by unknown authority" in text, text


def test_an_image_for_another_platform(slow):
    text = reason(slow["wrong platform"])
    assert text == "CannotPullContainerError: no matching manifest for linux/amd64 in the manifest list entries", text


def test_default_goes_on_with_the_image_on_the_host_and_says_so(slow, pullers, registry):
    stopped = slow["here, default"]
    assert stopped["containers"][0]["exitCode"] == 0
    assert "reason" not in stopped["containers"][0]
    assert output(stopped["taskArn"]) == "from the host\n"
    said = [line for line in pullers["default"].server.log().splitlines() if "using the image that is here" in line]
    assert any(f"{registry.address}/here:1" in line and "unauthorized" in line for line in said), said


def test_always_stops_the_task_although_the_image_is_on_the_host(slow):
    assert reason(slow["here, always"]) == ENGINE + "unauthorized: authentication required"
    assert reason(slow["not there any more, always"]) == ENGINE + "manifest unknown: manifest unknown"


def test_default_and_always_ask_the_registry_each_time(pullers, registry):
    for behavior in ("default", "always"):
        puller, name = pullers[behavior], f"moving-{behavior}"
        printed = []
        for version in ("one", "two"):
            registry.push(f"{name}:1", variable=version)
            task = puller.run(f"{registry.address}/{name}:1", puller.login())
            assert puller.stopped(task)["containers"][0]["exitCode"] == 0
            printed.append(output(task))
        assert printed == ["one\n", "two\n"], behavior


def test_once_pulls_what_it_did_not_pull_itself_and_then_no_more(pullers, registry):
    puller = pullers["once"]
    printed = []
    docker("tag", "sealift-test/busybox:latest", f"{registry.address}/once:1")
    for version in ("one", "two"):
        registry.push("once:1", variable=version)
        task = puller.run(f"{registry.address}/once:1", puller.login())
        assert puller.stopped(task)["containers"][0]["exitCode"] == 0
        printed.append(output(task))
    assert printed == ["one\n", "one\n"]
    forget(f"{registry.address}/once:1")
    task = puller.run(f"{registry.address}/once:1", puller.login())
    assert puller.stopped(task)["containers"][0]["exitCode"] == 0
    assert output(task) == "two\n", "what was cleaned up is pulled again"


def test_prefer_cached_pulls_only_what_is_not_here(pullers, registry):
    puller = pullers["prefer-cached"]
    printed = []
    for version in ("one", "two"):
        registry.push("cached:1", variable=version)
        task = puller.run(f"{registry.address}/cached:1", puller.login())
        assert puller.stopped(task)["containers"][0]["exitCode"] == 0
        printed.append(output(task))
    assert printed == ["one\n", "one\n"]
    # Not even a login that the registry would refuse matters then.
    task = puller.run(f"{registry.address}/cached:1", puller.login(PULLER, WRONG_PASSWORD))
    assert puller.stopped(task)["containers"][0]["exitCode"] == 0


def test_an_image_is_taken_by_its_digest(pullers, registry):
    puller = pullers["default"]
    first = registry.push("pinned:1", variable="one")
    second = registry.push("pinned:1", variable="two")
    task = puller.run(f"{registry.address}/pinned@{first}", puller.login())
    stopped = puller.stopped(task)
    assert output(task) == "one\n"
    assert stopped["containers"][0]["imageDigest"] == first
    by_tag = puller.stopped(puller.run(f"{registry.address}/pinned:1", puller.login()))
    assert by_tag["containers"][0]["imageDigest"] == second


def test_pulls_of_one_image_by_several_tasks_at_once_happen_once(pullers, registry):
    # Large enough that all tasks are there before it has come.
    registry.push("shared:1", padding=80_000_000)
    begun = f"{time.time():.3f}"
    puller = pullers["default"]
    app = {**container(script="echo $WHICH"), "image": f"{registry.address}/shared:1"}
    app["repositoryCredentials"] = {"credentialsParameter": puller.login()}
    role = execution_role(puller.server, *reading(secrets=[puller.login()]))
    definition = puller.tasks.register(app, executionRoleArn=role)
    started = puller.tasks.ecs.run_task(taskDefinition=definition, count=4)
    for task in started["tasks"]:
        assert puller.stopped(task["taskArn"])["containers"][0]["exitCode"] == 0
    window = ["--since", begun, "--until", f"{time.time():.3f}"]
    pulls = docker("events", *window, "--filter", "type=image", "--filter", "event=pull").splitlines()
    assert len([pull for pull in pulls if f"{registry.address}/shared" in pull]) == 1, pulls


def test_over_tls_with_a_ca_of_its_own(pullers, tls_registry, slow):
    tls_registry.push("trusted:1")
    tls_registry.trust()
    puller = pullers["default"]
    task = puller.run(f"{tls_registry.address}/trusted:1", puller.login())
    assert puller.stopped(task)["containers"][0]["exitCode"] == 0
    assert output(task) == "trusted:1\n"


def definition_file(puller: Puller, path: Path, image: str) -> Path:
    app = {**container(script="echo $WHICH"), "image": image}
    app["repositoryCredentials"] = {"credentialsParameter": puller.login()}
    role = execution_role(puller.server, *reading(secrets=[puller.login()]))
    path.write_text(json.dumps({"family": "shown", "executionRoleArn": role, "containerDefinitions": [app]}))
    return path


def test_sealift_run_shows_a_pull_in_lines_or_with_a_bar(new_server, registry, tmp_path):
    registry.push("lines:1")
    registry.push("bar:1", padding=120_000_000)
    server = new_server().start()
    puller = Puller(server)
    lines = definition_file(puller, tmp_path / "lines.json", f"{registry.address}/lines:1")
    bar = definition_file(puller, tmp_path / "bar.json", f"{registry.address}/bar:1")
    done = server.sealift("run", str(lines))
    assert (done.returncode, done.stdout) == (0, "lines:1\n"), done.stderr
    assert f"app: pulling {registry.address}/lines:1\n" in done.stderr
    assert f"app: pulled {registry.address}/lines:1 (" in done.stderr

    # The command brings up a server of its own on this directory, now that the other is gone.
    server.stop()
    terminal, inner = pty.openpty()
    command = [BINARY, "run", str(bar)]
    run = subprocess.Popen(command, env=server.environment(), stdout=subprocess.PIPE, stderr=inner)
    os.close(inner)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass
    assert run.wait(60) == 0
    assert run.stdout.read() == b"bar:1\n"
    assert f"\r\x1b[Kapp: pulling {registry.address}/bar:1".encode() in shown
    assert b"app: [" in shown and b"app: pulled " in shown


def test_the_password_is_nowhere(pullers, registry, slow, tmp_path):
    """Everything above has run with these passwords; the logs are those of the trace level."""
    import base64

    forms = []
    for user, password in ((PULLER, PASSWORD), (OTHER, OTHER_PASSWORD), (PULLER, WRONG_PASSWORD)):
        forms += [password, base64.b64encode(f"{user}:{password}".encode()).decode()]

    def look(where: str, content: bytes) -> None:
        found = [form for form in forms if form.encode() in content]
        assert not found, f"{where} holds {found}"

    for puller in pullers.values():
        server = puller.server
        for path in [path for path in server.directory.rglob("*") if path.is_file()]:
            look(str(path), path.read_bytes())
        for process in Path(f"/proc/{server.process.pid}").glob("cmdline"):
            look("the argument list", process.read_bytes())
        ids = docker("ps", "--all", "--quiet", "--filter", "label=com.amazonaws.ecs.task-arn").split()
        if ids:
            look("docker inspect", docker("inspect", *ids).encode())
        for task in puller.tasks.started:
            look("DescribeTasks", json.dumps(puller.tasks.describe(task), default=str).encode())
    for home in {Path.home() / ".docker", Path("/root/.docker")}:
        for path in [path for path in home.rglob("*") if path.is_file()]:
            look(str(path), path.read_bytes())
    look("the environment of the engine", json.dumps(docker("info")).encode())


def test_a_registry_that_sends_the_login_back_finds_it_blanked_out(new_server):
    """A hostile or careless registry answers with what it was sent, and the engine repeats what a registry says."""
    import http.server
    import threading

    class Echo(http.server.BaseHTTPRequestHandler):
        def answer(self):
            sent = self.headers.get("Authorization", "")
            body = json.dumps({"errors": [{"code": "DENIED", "message": f"you sent {sent} {PASSWORD}"}]}).encode()
            self.send_response(403 if sent else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="echo"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = answer

        def log_message(self, *_):
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    server = new_server(settings={"ECS_IMAGE_PULL_BEHAVIOR": "always", "SEALIFT_LOG": "trace"}).start()
    puller = Puller(server)
    try:
        task = puller.run(f"127.0.0.1:{listener.server_port}/app@{digest(b'')}", puller.login())
        stopped = puller.stopped(task)
    finally:
        listener.shutdown()
    text = reason(stopped)
    assert "<value of the registry login>" in text, text
    assert PASSWORD not in text and PASSWORD not in server.log()
