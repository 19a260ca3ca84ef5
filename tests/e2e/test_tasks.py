"""Tasks and their containers: states, stop reasons, overrides, and what a plain container definition contains."""

import json
import re
import urllib.request

import pytest

from errors import refused
from harness import IMAGE, docker, docker_containers, wait_for
from tasks import FOREVER, Tasks, container, environment, execution_role, only_container, output, reading


def test_a_task_goes_through_its_states_and_shows_its_containers(tasks, ecs, server, name):
    # Long enough for its neighbour to start: a task is RUNNING, and has a startedAt, once all its containers were.
    definition = tasks.register(container(script="sleep 2; exit 7"), container("side", essential=False), family=name)
    (started,) = ecs.run_task(taskDefinition=name, group="mine", startedBy="someone", tags=[{"key": "a", "value": "b"}])["tasks"]
    assert (started["lastStatus"] in ("PROVISIONING", "PENDING"), started["desiredStatus"]) == (True, "RUNNING")
    assert (started["taskDefinitionArn"], started["group"], started["startedBy"]) == (definition, "mine", "someone")
    stopped = tasks.wait(started["taskArn"], "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("EssentialContainerExited", "Essential container in task exited")
    codes = {one["name"]: one["exitCode"] for one in stopped["containers"]}
    assert codes == {"app": 7, "side": 0}
    assert all(one["lastStatus"] == "STOPPED" and re.fullmatch("[0-9a-f]{64}", one["runtimeId"]) for one in stopped["containers"])
    for moment in ("createdAt", "startedAt", "stoppingAt", "stoppedAt", "executionStoppedAt"):
        assert moment in stopped, moment
    assert stopped["containerInstanceArn"].startswith(f"arn:aws:ecs:{server.region}:{server.account}:container-instance/default/")
    assert ecs.describe_tasks(tasks=[started["taskArn"].split("/")[-1]], include=["TAGS"])["tasks"][0]["tags"] == [
        {"key": "a", "value": "b"}
    ]


def test_stopping_a_task_gives_the_user_s_reason(tasks, ecs):
    task = tasks.start(container(script="trap 'exit 3' TERM; sleep 3600 & wait"))
    assert ecs.stop_task(task=task, reason="no longer needed")["task"]["desiredStatus"] == "STOPPED"
    stopped = tasks.wait(task, "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "no longer needed")
    assert stopped["containers"][0]["exitCode"] == 3


def test_a_container_that_does_not_end_is_killed_after_its_stop_timeout(tasks, ecs):
    task = tasks.start(container(script="trap '' TERM; while :; do sleep 1; done", stopTimeout=2))
    ecs.stop_task(task=task)
    assert tasks.wait(task, "STOPPED", 30)["containers"][0]["exitCode"] == 137


def test_tasks_are_listed_by_family_starter_and_status(tasks, ecs, name):
    definition = tasks.register(container(), family=name)
    arns = sorted(one["taskArn"] for one in ecs.run_task(taskDefinition=definition, count=3, startedBy=name)["tasks"])
    assert len(arns) == 3
    assert sorted(ecs.list_tasks(family=name)["taskArns"]) == arns
    assert sorted(ecs.list_tasks(startedBy=name)["taskArns"]) == arns
    pages = ecs.get_paginator("list_tasks").paginate(family=name, PaginationConfig={"PageSize": 2})
    assert sorted(arn for page in pages for arn in page["taskArns"]) == arns
    ecs.stop_task(task=arns[0])
    tasks.wait(arns[0], "STOPPED")
    assert sorted(ecs.list_tasks(family=name)["taskArns"]) == arns[1:]
    assert ecs.list_tasks(family=name, desiredStatus="STOPPED")["taskArns"] == arns[:1]
    for arn in arns[1:]:
        ecs.stop_task(task=arn)


def test_an_absent_task_is_missing(ecs, server):
    answer = ecs.describe_tasks(tasks=["0" * 32])
    assert answer["tasks"] == []
    assert answer["failures"] == [{"arn": f"arn:aws:ecs:{server.region}:{server.account}:task/default/{'0' * 32}", "reason": "MISSING"}]
    with refused("InvalidParameterException"):
        ecs.stop_task(task="0" * 32)


def test_overrides_change_command_and_environment(tasks):
    definition = tasks.register(container(script="false", environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]))
    override = {"name": "app", "command": ["sh", "-c", FOREVER], "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}
    task = tasks.run(definition, overrides={"containerOverrides": [override]})
    tasks.wait(task, "RUNNING")
    inside = environment(task)
    assert (inside["A"], inside["B"], inside["C"]) == ("1", "3", "4")


def test_an_override_never_replaces_a_secret(tasks, server, name):
    server.client("ssm").put_parameter(Name=name, Value="kept", Type="SecureString")
    role = execution_role(server, *reading(parameters=[f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}"]))
    definition = tasks.register(container(secrets=[{"name": "V", "valueFrom": name}]), executionRoleArn=role)
    override = {"containerOverrides": [{"name": "app", "environment": [{"name": "V", "value": "mine"}]}]}
    text = "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'V'."
    with refused("ClientException", text):
        tasks.ecs.run_task(taskDefinition=definition, overrides=override)


def test_an_essential_container_that_exits_stops_the_others(tasks):
    task = tasks.run(tasks.register(container("short", "sleep 1; exit 5"), container("long")))
    stopped = tasks.wait(task, "STOPPED")
    assert {one["name"]: one["exitCode"] for one in stopped["containers"]} == {"short": 5, "long": 0}


def test_a_container_that_is_not_essential_may_exit(tasks):
    task = tasks.start(container("main"), container("helper", "exit 4", essential=False))
    wait_for("the helper's exit", lambda: {c["name"]: c.get("exitCode") for c in tasks.describe(task)["containers"]}["helper"] == 4)
    assert tasks.describe(task)["lastStatus"] == "RUNNING"


# Containers


def test_ecs_s_labels_and_name_are_on_the_container(tasks, server, name):
    task = tasks.start(container("my.app_1-x".replace(".", "")), family=name)
    (found,) = docker_containers(task)
    (inspected,) = json.loads(docker("inspect", found["id"]))
    labels = {key.removeprefix("com.amazonaws.ecs."): value for key, value in inspected["Config"]["Labels"].items()}
    assert labels["task-arn"] == task
    assert (labels["container-name"], labels["task-definition-family"], labels["task-definition-version"]) == ("myapp_1-x", name, "1")
    assert labels["cluster"] in ("default", f"arn:aws:ecs:{server.region}:{server.account}:cluster/default")
    assert re.fullmatch(f"/ecs-{name}-1-myapp1-x-[0-9a-f]+", inspected["Name"])


def test_what_a_plain_container_definition_contains_works(tasks):
    definition = {
        "name": "app",
        "image": IMAGE,
        "cpu": 128,
        "memory": 48,
        "memoryReservation": 32,
        "entryPoint": ["sh", "-c"],
        "command": [FOREVER],
        "user": "65534:65534",
        "workingDirectory": "/tmp",
        "hostname": "its-host",
        "dockerLabels": {"mine": "yes"},
        "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": 8080}, {"containerPort": 5353, "protocol": "udp"}],
        "extraHosts": [{"hostname": "other-host", "ipAddress": "192.0.2.7"}],
    }
    task = tasks.start(definition)
    (inspected,) = json.loads(docker("inspect", only_container(task)))
    config, host = inspected["Config"], inspected["HostConfig"]
    assert (config["User"], config["WorkingDir"], config["Hostname"], config["Labels"]["mine"]) == (
        "65534:65534",
        "/tmp",
        "its-host",
        "yes",
    )
    assert (host["Memory"], host["MemoryReservation"], host["CpuShares"], host["ReadonlyRootfs"]) == (48 << 20, 32 << 20, 128, True)
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert host["ExtraHosts"] == ["other-host:192.0.2.7"]
    assert docker("exec", only_container(task), "sh", "-c", "id -u; pwd; hostname; ulimit -n").split() == [
        "65534",
        "/tmp",
        "its-host",
        "100",
    ]
    bindings = wait_for("the ports", lambda: tasks.describe(task)["containers"][0].get("networkBindings"))
    ports = {(one["containerPort"], one["protocol"]): one["hostPort"] for one in bindings}
    assert ports.keys() == {(8080, "tcp"), (5353, "udp")}
    assert all(ports.values())


def test_a_published_port_reaches_the_program(tasks):
    serve = "mkdir -p /tmp/www; echo served > /tmp/www/index.html; exec httpd -f -p 8000 -h /tmp/www"
    task = tasks.start(container(script=serve, portMappings=[{"containerPort": 8000, "hostPort": 0}]))
    binding, *_ = wait_for("the port", lambda: tasks.describe(task)["containers"][0].get("networkBindings"))
    url = f"http://127.0.0.1:{binding['hostPort']}/"

    def served():
        try:
            return urllib.request.urlopen(url, timeout=1).read() == b"served\n"
        except OSError:
            return False

    wait_for("an answer", served, 15)


def test_containers_of_a_task_share_a_named_volume(tasks):
    mount = [{"sourceVolume": "data", "containerPath": "/data"}]
    task = tasks.start(
        container("writer", f"echo hello > /data/file; {FOREVER}", mountPoints=mount),
        container(
            "reader",
            f"until [ -e /data/file ]; do sleep 0.1; done; cat /data/file; {FOREVER}",
            mountPoints=[{**mount[0], "readOnly": True}],
        ),
        volumes=[{"name": "data"}],
    )
    wait_for("the file", lambda: output(task, "reader") == "hello\n", 15)


def test_a_container_waits_for_those_it_depends_on(tasks):
    task = tasks.start(
        container("first", "sleep 1; exit 0", essential=False),
        container("second", dependsOn=[{"containerName": "first", "condition": "SUCCESS"}]),
    )
    inspected = {one["name"]: json.loads(docker("inspect", one["id"]))[0]["State"] for one in docker_containers(task)}
    assert inspected["first"]["FinishedAt"] <= inspected["second"]["StartedAt"]


@pytest.mark.parametrize(
    ("what", "containers", "rest"),
    [
        ("privileged", [container(privileged=True)], {}),
        (
            "host path",
            [container(mountPoints=[{"sourceVolume": "h", "containerPath": "/h"}])],
            {"volumes": [{"name": "h", "host": {"sourcePath": "/etc"}}]},
        ),
        ("pid", [container()], {"pidMode": "host"}),
        ("ipc", [container()], {"ipcMode": "host"}),
        ("device", [container(linuxParameters={"devices": [{"hostPath": "/dev/null"}]})], {}),
    ],
)
def test_what_would_own_the_host_is_refused_unless_the_operator_allows_it(tasks, what, containers, rest):
    definition = tasks.register(*containers, **rest)
    with refused("ClientException", re.compile(what.split()[0], re.IGNORECASE)):
        tasks.ecs.run_task(taskDefinition=definition)


def test_a_missing_image_is_the_container_s_reason(tasks):
    stopped = tasks.refuse({"name": "app", "image": "127.0.0.1:1/no/such:latest", "memory": 64})
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert re.match("CannotPull(ImageManifest|Container)Error: ", stopped["containers"][0]["reason"])


def test_a_missing_program_is_the_container_s_reason(tasks):
    stopped = tasks.refuse({"name": "app", "image": IMAGE, "memory": 64, "command": ["/no/such"]})
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert stopped["containers"][0]["reason"].startswith("CannotStartContainerError: ")


def test_tasks_of_two_accounts_share_no_network_and_no_volume(server, new_server):
    other = new_server().start()
    mounted = container(mountPoints=[{"sourceVolume": "shared", "containerPath": "/shared"}], script=f"touch /shared/$HOSTNAME; {FOREVER}")
    volume = [{"name": "shared", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}}]
    started = [Tasks(one).start(mounted, volumes=volume) for one in (server, other)]
    networks, volumes = [], []
    for task in started:
        (inspected,) = json.loads(docker("inspect", only_container(task)))
        networks.append(set(inspected["NetworkSettings"]["Networks"]))
        volumes.append({mount["Name"] for mount in inspected["Mounts"]})
    assert networks[0].isdisjoint(networks[1])
    assert volumes[0].isdisjoint(volumes[1])
