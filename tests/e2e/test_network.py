"""Network modes on real containers: one network for a task in awsvpc, ports and links on a bridge, the host's, and none."""

import json
import urllib.request

import pytest

from errors import refused
from harness import docker, docker_containers, free_port, wait_for
from tasks import FOREVER, Tasks, container, only_container, output

SUBNET, GROUP = "subnet-0a1b2c3d", "sg-0a1b2c3d"
NETWORK = {"awsvpcConfiguration": {"subnets": [SUBNET], "securityGroups": [GROUP]}}
HOLDER = "~internal~ecs~pause"
# Answers on this port for as long as the task lives.
SERVE = "mkdir /tmp/w && echo hello > /tmp/w/index.html && httpd -p 8080 -h /tmp/w; " + FOREVER


def in_awsvpc(tasks: Tasks, *containers: dict, **rest) -> str:
    definition = tasks.register(*containers, networkMode="awsvpc", **rest)
    return tasks.run(definition, networkConfiguration=NETWORK)


def address_of(described: dict) -> str:
    (attachment,) = described["attachments"]
    return {one["name"]: one["value"] for one in attachment["details"]}["privateIPv4Address"]


def read(url: str) -> str:
    def answer():
        try:
            with urllib.request.urlopen(url, timeout=2) as got:
                return got.read().decode()
        except OSError:
            return None

    return wait_for(f"an answer of {url}", answer, 15)


def inspected(container_id: str) -> dict:
    (record,) = json.loads(docker("inspect", container_id))
    return record


# awsvpc


def test_the_containers_of_an_awsvpc_task_meet_on_localhost_and_have_one_address(tasks):
    client = container("client", "while ! wget -qO- http://127.0.0.1:8080/; do sleep 0.1; done; " + FOREVER)
    web = container("web", SERVE, portMappings=[{"containerPort": 8080}])
    task = in_awsvpc(tasks, web, client)
    described = tasks.wait(task, "RUNNING")
    wait_for("the client's line", lambda: output(task, "client").strip() == "hello", 20)

    (attachment,) = described["attachments"]
    assert (attachment["type"], attachment["status"]) == ("ElasticNetworkInterface", "ATTACHED")
    details = {one["name"]: one["value"] for one in attachment["details"]}
    assert details["subnetId"] == SUBNET
    assert details["networkInterfaceId"].startswith("eni-")
    address = details["privateIPv4Address"]
    assert len(described["containers"]) == 2, "what holds the network is not shown"
    for one in described["containers"]:
        assert one["networkBindings"] == []
        assert one["networkInterfaces"] == [{"attachmentId": attachment["id"], "privateIpv4Address": address}]
    assert read(f"http://{address}:8080/") == "hello\n", "the host reaches the task by its address"

    holder = docker_containers(task, HOLDER)[0]["id"]
    for name in ("web", "client"):
        assert inspected(only_container(task, name))["HostConfig"]["NetworkMode"] == f"container:{holder}"

    tasks.ecs.stop_task(task=task)
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["attachments"][0]["status"] == "DELETED"
    assert docker_containers(task, HOLDER) == [], "the network goes with its task"


def test_an_awsvpc_task_survives_a_restart_of_the_server_with_its_network(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    task = in_awsvpc(tasks, container(script=SERVE))
    address = address_of(tasks.wait(task, "RUNNING"))
    server.kill()
    server.start()
    assert read(f"http://{address}:8080/") == "hello\n"
    described = tasks.describe(task)
    assert (described["lastStatus"], address_of(described)) == ("RUNNING", address)
    # The agent that came back knows the network as that of the task.
    wait_for("the agent", lambda: "container found again" in server.log(), 30)
    tasks.ecs.stop_task(task=task)
    tasks.wait(task, "STOPPED")
    assert docker_containers(task, HOLDER) == []


def test_a_task_whose_network_is_gone_stops(tasks):
    task = in_awsvpc(tasks, container())
    tasks.wait(task, "RUNNING")
    docker("kill", docker_containers(task, HOLDER)[0]["id"])
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert docker_containers(task, HOLDER) == []


def test_nobody_pulls_anything_for_the_network(tasks):
    task = in_awsvpc(tasks, container())
    tasks.wait(task, "RUNNING")
    record = inspected(docker_containers(task, HOLDER)[0]["id"])
    assert record["Config"]["Image"].startswith("sealift.invalid/"), "a name that no registry has"
    image = json.loads(docker("image", "inspect", record["Image"]))[0]
    assert image["Size"] < 1000 and image["RepoDigests"] == []
    assert record["HostConfig"]["CapDrop"] == ["ALL"] and record["Config"]["User"] == "65534:65534"


@pytest.mark.parametrize(
    ("mode", "network", "text"),
    [
        ("awsvpc", {}, "Network Configuration must be provided when networkMode 'awsvpc' is specified."),
        (
            "bridge",
            {"networkConfiguration": NETWORK},
            "Network Configuration is not valid for the given networkMode of this task definition.",
        ),
        (
            "awsvpc",
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": [SUBNET], "assignPublicIp": "ENABLED"}}},
            "Assign public IP is not supported for this launch type.",
        ),
        ("awsvpc", {"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}}, "subnets can not be empty."),
    ],
)
def test_a_network_configuration_is_asked_for_where_it_has_a_meaning(tasks, mode, network, text):
    definition = tasks.register(container(), networkMode=mode)
    with refused("InvalidParameterException", text):
        tasks.ecs.run_task(taskDefinition=definition, **network)


def test_the_aws_command_line_runs_an_awsvpc_task(server, tasks):
    definition = tasks.register(container(), networkMode="awsvpc")
    network = f"awsvpcConfiguration={{subnets=[{SUBNET}],securityGroups=[{GROUP}]}}"
    answer = server.aws_json("ecs", "run-task", "--task-definition", definition, "--network-configuration", network)
    task = answer["tasks"][0]["taskArn"]
    tasks.started.append(task)
    assert answer["tasks"][0]["attachments"][0]["status"] == "PRECREATED"
    assert server.aws("ecs", "wait", "tasks-running", "--tasks", task).returncode == 0


# bridge


def test_static_and_dynamic_ports_are_published_and_told(tasks):
    port = free_port()
    mappings = [{"containerPort": 8080, "hostPort": port}, {"containerPort": 8081}, {"containerPort": 53, "protocol": "udp"}]
    task = tasks.start(container(script=SERVE, portMappings=mappings))
    bindings = tasks.describe(task)["containers"][0]["networkBindings"]
    seen = {(one["containerPort"], one["protocol"]): one for one in bindings if one["bindIP"] == "0.0.0.0"}
    assert set(seen) == {(8080, "tcp"), (8081, "tcp"), (53, "udp")}
    assert seen[8080, "tcp"]["hostPort"] == port
    assert seen[8081, "tcp"]["hostPort"] > 1024
    assert read(f"http://127.0.0.1:{port}/") == "hello\n"
    assert tasks.describe(task)["attachments"] == []


def test_a_host_port_is_given_once(tasks):
    port = free_port()
    definition = tasks.register(container(portMappings=[{"containerPort": 80, "hostPort": port}]))
    tasks.wait(tasks.run(definition), "RUNNING")
    answer = tasks.ecs.run_task(taskDefinition=definition)
    assert answer["tasks"] == []
    assert [one["reason"] for one in answer["failures"]] == ["RESOURCE:PORTS"]


def test_a_link_is_a_name_for_another_container(tasks):
    client = container("client", "while ! wget -qO- http://database:8080/; do sleep 0.1; done; " + FOREVER, links=["web:database"])
    task = tasks.start(container("web", SERVE), client)
    wait_for("the client's line", lambda: output(task, "client").strip() == "hello", 20)


# host and none


def test_the_host_s_network_is_refused_until_the_operator_allows_it(tasks):
    definition = tasks.register(container(), networkMode="host")
    with refused("ClientException", "the host's network (networkMode host) is not allowed on this server; its operator has to allow it first."):
        tasks.ecs.run_task(taskDefinition=definition)


def test_a_task_in_the_host_s_network_has_its_ports(new_server):
    tasks = Tasks(new_server(arguments=("--allow-host-network",)).start())
    port = free_port()
    serve = SERVE.replace("8080", str(port))
    task = tasks.start(container(script=serve, portMappings=[{"containerPort": port}]), networkMode="host")
    assert read(f"http://127.0.0.1:{port}/") == "hello\n"
    described = tasks.describe(task)
    assert described["containers"][0]["networkBindings"] == []
    definition = described["taskDefinitionArn"]
    answer = tasks.ecs.run_task(taskDefinition=definition)
    assert [one["reason"] for one in answer["failures"]] == ["RESOURCE:PORTS"], "the port is taken"


def test_without_a_network_there_is_only_the_container_itself(tasks):
    task = tasks.start(container(script="ls /sys/class/net; " + FOREVER), networkMode="none")
    assert wait_for("its line", lambda: output(task).split(), 10) == ["lo"]
