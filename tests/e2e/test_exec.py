"""`sealift task exec`: commands in running containers, decided by `ecs:ExecuteCommand`."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import urllib.error
import urllib.request
from fcntl import ioctl

import pytest

from errors import refused
from harness import BINARY, allow, deny, docker, wait_for
from operations import new_name
from tasks import container, execution_role, only_container, reading

NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t "
    "running. Wait and try again or run a new task with execute command enabled and try again."
)


@pytest.fixture
def running(tasks):
    """A task with `enableExecuteCommand`."""

    def start(*containers: dict, **rest) -> str:
        task = tasks.run(tasks.register(*(containers or [container()]), **rest), enableExecuteCommand=True)
        tasks.wait(task, "RUNNING")
        return task

    return start


def test_a_command_sees_the_container_with_its_secrets_and_ends_with_its_code(server, running):
    name = new_name()
    server.client("ssm").put_parameter(Name=name, Value="the value", Type="SecureString")
    role = execution_role(server, *reading(parameters=["*"]))
    task = running(container(secrets=[{"name": "V", "valueFrom": name}], user="65534"), executionRoleArn=role)
    done = server.sealift("task", "exec", task, "--", "env")
    assert done.returncode == 0, done.stderr
    assert "V=the value" in done.stdout.splitlines()
    # As root, whatever the container's user is.
    done = server.sealift("task", "exec", task.split("/")[-1], "--", "sh", "-c", "id -u; echo wrong >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "0\n", "wrong\n")
    described = server.client("ecs").describe_tasks(tasks=[task])["tasks"][0]
    assert described["enableExecuteCommand"] is True
    (agent,) = described["containers"][0]["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    # Who did it is in the audit log; what was printed is nowhere.
    (first, *_) = [one for one in server.audit() if one["event"] == "ecs:ExecuteCommand" and one.get("resource") == task]
    assert (first["caller"], first["outcome"], first["detail"]) == (f"arn:aws:iam::{server.account}:root", "ok", "app")
    assert "the value" not in server.log() and "the value" not in (server.data_dir / "audit.log").read_text()


def test_input_and_output_of_any_size_pass_through(server, running):
    task = running()
    text = os.urandom(1_500_000).hex()
    done = server.sealift("task", "exec", "-i", task, "--", "sh", "-c", "wc -c; echo done", input=text)
    assert (done.returncode, done.stdout.split()) == (0, [str(len(text)), "done"])
    done = server.sealift("task", "exec", "-i", task, "--", "cat", input=text)
    assert done.stdout == text
    # Without -i there is no input.
    done = server.sealift("task", "exec", task, "--", "wc", "-c", input="ignored")
    assert done.stdout.strip() == "0"


def test_policies_decide_by_task_and_container(server, running):
    task = running(container("app"), container("side"))
    cluster = f"arn:aws:ecs:{server.region}:{server.account}:cluster/default"
    only_app = {"StringEquals": {"ecs:container-name": "app", "ecs:cluster": cluster}}
    callers = {
        "nobody": server.caller(),
        "allowed": server.caller(allow("ecs:ExecuteCommand", task)),
        "elsewhere": server.caller(allow("ecs:ExecuteCommand", task.replace("task/default/", "task/default/0"))),
        "denied": server.caller(allow("*"), deny("ecs:ExecuteCommand")),
        "app": server.caller(allow("ecs:ExecuteCommand", Condition=only_app)),
    }

    def run(who: str, where: str = "app") -> subprocess.CompletedProcess:
        environment = callers[who].environment() | {"AWS_ENDPOINT_URL": server.endpoint}
        return server.sealift("task", "exec", "--container", where, task, "--", "echo", "here", environment=environment)

    assert run("allowed").stdout == run("app").stdout == "here\n"
    for who, where in [("nobody", "app"), ("elsewhere", "app"), ("denied", "app"), ("app", "side")]:
        done = run(who, where)
        assert (done.returncode, done.stdout) == (126, "")
        assert re.match(
            r"An error occurred \(AccessDeniedException\) when calling the ExecuteCommand operation: User: .* is not authorized to perform: "
            rf"ecs:ExecuteCommand on resource: {re.escape(task)}",
            done.stderr,
        ), done.stderr
    refusals = [one for one in server.audit() if one["event"] == "ecs:ExecuteCommand" and one["outcome"] == "AccessDeniedException"]
    assert len(refusals) >= 4 and refusals[-1]["decisions"][0]["decision"] == "deny"


def test_what_cannot_be_run_is_told(server, tasks, running):
    def told(*arguments: str) -> str:
        done = server.sealift("task", "exec", *arguments, "--", "true")
        assert done.returncode == 126, done.stderr
        return done.stderr.strip().removeprefix("An error occurred (InvalidParameterException) when calling the ExecuteCommand operation: ")

    assert told(tasks.start(container())) == NOT_ENABLED
    assert told("0" * 32) == "The referenced task was not found."
    two = running(container("one"), container("two"))
    assert told(two) == "The container must be named, since the task has more than one."
    assert told("--container", "three", two) == "The container three was not found in the task."
    tasks.ecs.stop_task(task=two)
    tasks.wait(two, "STOPPED")
    assert told("--container", "one", two) == NOT_ENABLED
    task = running()
    done = server.sealift("task", "exec", task, "--", "no-such-program")
    assert done.returncode in (126, 127)
    assert "no-such-program" in done.stdout + done.stderr
    unknown = server.sealift("task", "exec", "--cluster", "nowhere", task, "--", "true")
    assert (unknown.returncode, unknown.stderr.split(")")[0]) == (126, "An error occurred (ClusterNotFoundException")


def test_a_request_without_a_signature_is_refused_and_runs_nothing(server, running):
    task = running()
    body = json.dumps({"task": task, "command": ["touch", "/tmp/ran"]}).encode()
    headers = {"Connection": "Upgrade", "Upgrade": "sealift-exec", "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ExecuteCommand"}
    request = urllib.request.Request(f"{server.endpoint}/_sealift/exec", data=body, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code in (400, 403) and b"MissingAuthenticationToken" in caught.value.read()
    assert docker("exec", only_container(task), "ls", "/tmp").strip() == ""


def test_the_session_manager_plugin_is_not_served(server, running):
    task = running()
    with pytest.raises(Exception, match="sealift does not|not supported|not.*yet") as caught:
        server.client("ecs").execute_command(task=task, command="true", interactive=True)
    assert "ExecuteCommand" in str(caught.value)


class Terminal:
    """`sealift task exec -it` in a terminal of 77 by 33 characters."""

    def __init__(self, server, task: str, *command: str):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            time.sleep(0.2)
            os.execve(BINARY, [str(BINARY), "task", "exec", "-it", task, "--", *command], server.environment())
        self.resize(33, 77)
        self.seen = ""

    def resize(self, rows: int, columns: int) -> None:
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def read(self) -> bool:
        """Reads what is there; whether the terminal is still open."""
        if select.select([self.fd], [], [], 0.1)[0]:
            try:
                read = os.read(self.fd, 4096)
            except OSError:
                return False
            self.seen += read.decode(errors="replace")
            return bool(read)
        return True

    def expect(self, text: str) -> None:
        def found():
            self.read()
            return text in self.seen

        try:
            wait_for(text, found, 20)
        except AssertionError:
            raise AssertionError(f"no {text!r} in {self.seen!r}") from None

    def code(self) -> int:
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_terminal_has_a_size_and_control_c(server, running):
    task = running()
    terminal = Terminal(server, task, "sh")
    terminal.type("stty size; tty; echo ready\n")
    terminal.expect("33 77")
    terminal.expect("/dev/pts/")
    terminal.resize(20, 50)
    os.kill(terminal.pid, signal.SIGWINCH)
    time.sleep(0.5)
    terminal.type("stty size\n")
    terminal.expect("20 50")
    # Ctrl-C interrupts what runs in the container, and not the shell or this side.
    terminal.type("echo began; sleep 600\n")
    terminal.expect("began\r\n")
    time.sleep(0.5)
    terminal.type("\x03")
    terminal.expect("^C")
    terminal.type("echo code $?\n")
    terminal.expect("code 130")
    terminal.type("exit 5\n")
    assert terminal.code() == 5


def test_a_command_ends_with_its_caller_and_with_its_container(server, tasks, running):
    task = running()

    def processes() -> str:
        return docker("exec", only_container(task), "ps")

    caller = subprocess.Popen([BINARY, "task", "exec", task, "--", "sleep", "31415"], env=server.environment())
    wait_for("the command", lambda: "sleep 31415" in processes(), 20)
    caller.kill()
    caller.wait()
    wait_for("its end", lambda: "sleep 31415" not in processes(), 20)
    waiting = subprocess.Popen(
        [BINARY, "task", "exec", task, "--", "sleep", "27182"], env=server.environment(), stderr=subprocess.PIPE, text=True
    )
    wait_for("the command", lambda: "sleep 27182" in processes(), 20)
    tasks.ecs.stop_task(task=task)
    assert waiting.wait(30) != 0


def test_a_terminal_is_wanted_where_there_is_one(server, running):
    done = server.sealift("task", "exec", "-t", running(), "--", "true")
    assert done.returncode == 1 and "--tty wants" in done.stderr


def test_run_task_places_such_tasks_only_where_commands_can_run(server, tasks):
    described = tasks.ecs.describe_container_instances(
        containerInstances=tasks.ecs.list_container_instances()["containerInstanceArns"]
    )["containerInstances"]
    assert any(one["name"] == "ecs.capability.execute-command" for one in described[0]["attributes"])
    with refused("ClientException"):
        tasks.ecs.run_task(taskDefinition="no-such-family", enableExecuteCommand=True)
