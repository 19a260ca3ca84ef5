"""Hosts of their own: `sealift agent` beside a server without one."""

import os
import subprocess
import time

import pytest

from agents import INSTANCE_POLICY, connected
from harness import BINARY, Credentials, allow, docker_containers, trust_of, wait_for
from tasks import (
    FOREVER,
    PYTHON_PATHS,
    PYTHON_VOLUMES,
    Tasks,
    allowing,
    container,
    environment,
    execution_role,
    only_container,
    reading,
    with_python,
)

REMOTE = {"SEALIFT_NO_AGENT": "true"}


@pytest.fixture
def server(new_server):
    return new_server(settings=REMOTE).start()


def secret_task(server, name: str, script: str = FOREVER) -> tuple[Tasks, str]:
    """A definition of one container with a secret."""
    arn = server.client("secretsmanager").create_secret(Name=name, SecretString="injected")["ARN"]
    tasks = Tasks(server)
    injected = [{"name": "SECRET", "valueFrom": arn}]
    return tasks, tasks.register(container(script=script, secrets=injected), executionRoleArn=execution_role(server, *reading(secrets=[arn])))


def reads(server) -> int:
    return len([line for line in server.audit() if line["event"] == "secretsmanager:GetSecretValue"])


def test_a_task_runs_on_another_host_and_outlives_agent_and_server(server, new_agent, name):
    agent = new_agent(server).start()
    tasks, definition = secret_task(server, name, 'trap "exit 7" TERM; sleep 3600 & wait')
    task = tasks.run(definition, enableExecuteCommand=True)
    described = tasks.wait(task, "RUNNING")
    assert described["containerInstanceArn"] == agent.arn
    assert environment(task)["SECRET"] == "injected"
    runs = only_container(task)
    done = server.sealift("task", "exec", task, "--", "sh", "-c", "echo $SECRET")
    assert (done.returncode, done.stdout.strip()) == (0, "injected"), done.stderr
    before = agent.arn

    # The agent is told to stop, and then killed: the container runs on, and nobody reads its secret again.
    assert agent.stop() == 0
    wait_for("the disconnection", lambda: not connected(server))
    agent.start()
    agent.kill()
    agent.start()
    assert agent.arn == before
    assert len(server.client("ecs").list_container_instances()["containerInstanceArns"]) == 1

    # The server is killed: the agent runs on, comes back, and has not forgotten what happened meanwhile.
    server.kill()
    assert agent.process.poll() is None
    assert only_container(task) == runs
    subprocess.run(["docker", "kill", "--signal", "TERM", runs], check=True, capture_output=True)
    time.sleep(2)
    server.start()
    agent.await_connection()
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["containers"][0]["exitCode"] == 7
    assert reads(server) == 1

    state = (agent.data_dir / "agent.json").read_text()
    for secret in [agent.credentials.secret_access_key, "injected"]:
        assert secret not in state
        assert secret not in agent.log()


def test_two_agents_on_one_engine_leave_each_others_containers_alone(server, new_agent):
    ecs = server.client("ecs")
    agents = []
    for cluster in ["one", "two"]:
        ecs.create_cluster(clusterName=cluster)
        agents.append(new_agent(server, cluster=cluster))
        agents[-1].start()
    # And two of one cluster, which share everything but who they are.
    agents.append(new_agent(server, cluster="two").start())
    tasks = [Tasks(server, cluster=cluster) for cluster in ["one", "two"]]
    running = [of.start(container()) for of in tasks]
    kept = [only_container(task) for task in running]
    for agent in agents:
        agent.kill()
    for agent in agents:
        agent.start()
    # A new task takes longer than the agents' look at what they found.
    for of in tasks:
        of.start(container())
    assert [only_container(task) for task in running] == kept
    assert len(docker_containers(f"arn:aws:ecs:*:{server.account}:task/*")) == 4
    # One process at a time is the agent of a directory.
    twin = new_agent(server, cluster="one", settings={"SEALIFT_AGENT_DATA_DIR": str(agents[0].data_dir)})
    twin.launch()
    assert twin.process.wait(20) == 1
    assert "another sealift process uses the data directory" in twin.log()


def test_an_agent_may_be_a_session_of_the_instance_role(server, new_agent, tmp_path):
    iam = server.client("iam")
    iam.create_role(RoleName="hosts", AssumeRolePolicyDocument=trust_of(f"arn:aws:iam::{server.account}:root"))
    iam.attach_role_policy(RoleName="hosts", PolicyArn=INSTANCE_POLICY)
    role = f"arn:aws:iam::{server.account}:role/hosts"
    assuming = server.caller(allow("sts:AssumeRole", role))
    config = tmp_path / "config"
    config.write_text(
        f"[profile host]\nrole_arn = {role}\nrole_session_name = host-1\nsource_profile = key\n"
        f"[profile key]\naws_access_key_id = {assuming.access_key_id}\naws_secret_access_key = {assuming.secret_access_key}\n"
    )
    settings = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PROFILE": "host",
        "AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None,
    }
    agent = new_agent(server, settings=settings, credentials=assuming).start()
    before = agent.arn
    agent.kill()
    assert agent.start().arn == before


def test_who_may_not_register_is_told_so_and_whose_instance_is_gone_ends(server, new_agent):
    stranger = new_agent(server, credentials=server.caller(allow("sts:GetCallerIdentity")))
    stranger.launch()
    assert stranger.process.wait(30) == 1
    assert "AccessDeniedException" in stranger.log()
    assert "is not authorized to perform: ecs:RegisterContainerInstance" in stranger.log()

    agent = new_agent(server).start()
    agent.stop()
    state = agent.data_dir / "agent.json"
    state.write_text(state.read_text().replace(agent.arn, agent.arn.rpartition("/")[0] + "/" + "0" * 32))
    agent.launch()
    assert agent.process.wait(30) == 5
    assert "agent.json` to join as a new one" in agent.log()


def test_secrets_do_not_cross_a_network_in_clear_unasked():
    nobody = Credentials("AKIAIOSFODNN7EXAMPLE", "never-sent")
    done = subprocess.run(
        [BINARY, "agent", "--endpoint-url", "http://192.0.2.1:4566"],
        env={**nobody.environment(), "PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "--allow-plain-http-beyond-loopback" in done.stderr
    assert "never-sent" not in done.stderr


PROGRAM = """
import boto3, json, os, urllib.request
print(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"])
print(json.load(urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task"))["TaskARN"])
"""


def test_containers_there_find_role_metadata_and_server_at_the_address_of_ecs(new_server, new_agent, name):
    server = new_server(settings=REMOTE, arguments=allowing(*PYTHON_PATHS)).start()
    new_agent(server, settings={"SEALIFT_NO_TASK_METADATA": None}).start()
    server.client("logs").create_log_group(logGroupName=name)
    role = execution_role(server, allow(["logs:CreateLogStream", "logs:PutLogEvents"]))
    logs = {"awslogs-group": name, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "there"}
    app = with_python("-c", PROGRAM, logConfiguration={"logDriver": "awslogs", "options": logs})
    tasks = Tasks(server)
    roles = {"executionRoleArn": role, "taskRoleArn": execution_role(server)}
    task = tasks.run(tasks.register(app, volumes=PYTHON_VOLUMES, **roles))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["containers"][0].get("exitCode") == 0, stopped
    events = server.client("logs").filter_log_events(logGroupName=name)["events"]
    who, which = [one["message"] for one in events]
    assert who.startswith(f"arn:aws:sts::{server.account}:assumed-role/{roles['taskRoleArn'].rpartition('/')[2]}/")
    assert which == task
