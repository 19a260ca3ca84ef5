"""The life of a task: its states and moments, what its containers wait for, and every way in which one can end."""

import json
import re
import subprocess
import time
from datetime import datetime, timezone

from errors import refused
from harness import IMAGE, docker, docker_containers, wait_for
from operations import new_name
from tasks import FOREVER, Tasks, container, only_container


def on(*names: str, condition: str) -> list[dict]:
    return [{"containerName": name, "condition": condition} for name in names]


def reasons(task: dict) -> dict[str, str | None]:
    return {one["name"]: one.get("reason") for one in task["containers"]}


def codes(task: dict) -> dict[str, int | None]:
    return {one["name"]: one.get("exitCode") for one in task["containers"]}


def started(task: str, name: str) -> str:
    (inspected,) = json.loads(docker("inspect", only_container(task, name)))
    return inspected["State"]["StartedAt"]


def test_the_moments_of_a_task_follow_each_other(tasks):
    task = tasks.start(container())
    tasks.ecs.stop_task(task=task, reason="enough")
    stopped = tasks.wait(task, "STOPPED")
    moments = ["createdAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"]
    # The agent's clock and the server's are one, but what they note is sent in milliseconds and seconds.
    assert all((stopped[b] - stopped[a]).total_seconds() > -1.1 for a, b in zip(moments, moments[1:])), stopped
    assert stopped["connectivity"] == "CONNECTED" and stopped["connectivityAt"] >= stopped["createdAt"]
    assert stopped["desiredStatus"] == "STOPPED"
    assert (datetime.now(timezone.utc) - stopped["stoppedAt"]).total_seconds() < 60


def test_a_task_is_stopping_until_it_has_stopped(tasks):
    task = tasks.start(container(script="trap 'sleep 3; exit 0' TERM; sleep 3600 & wait; wait", stopTimeout=20))
    assert tasks.ecs.stop_task(task=task)["task"]["lastStatus"] == "RUNNING"
    seen = []
    while not seen or seen[-1] != "STOPPED":
        described = tasks.describe(task)
        assert described["desiredStatus"] == "STOPPED"
        if described["lastStatus"] not in seen:
            seen.append(described["lastStatus"])
        time.sleep(0.1)
    assert seen in (["RUNNING", "STOPPING", "STOPPED"], ["STOPPING", "STOPPED"])


# A task with a network interface has all states; each is shown for as long as its cause lasts.
STATES = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
INTERFACE = {
    "PROVISIONING": {"PRECREATED"},
    "PENDING": {"ATTACHING"},
    "ACTIVATING": {"ATTACHING", "ATTACHED"},
    "RUNNING": {"ATTACHED"},
    "DEACTIVATING": {"ATTACHED"},
    "STOPPING": {"ATTACHED"},
    "DEPROVISIONING": {"DETACHING"},
    "STOPPED": {"DELETED"},
}
ON_FARGATE = {"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}}


def for_fargate(tasks: Tasks, script: str) -> str:
    app = {"name": "app", "image": IMAGE, "command": ["sh", "-c", script]}
    return tasks.register(app, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")


def states_until(tasks: Tasks, task: str, last: str) -> list[str]:
    """What is shown, as often as the server answers, until this is."""
    seen = []
    while last not in seen and "STOPPED" not in seen:
        described = tasks.describe(task)
        assert described["attachments"][0]["status"] in INTERFACE[described["lastStatus"]], described
        assert ("stoppedAt" in described) == (described["lastStatus"] == "STOPPED")
        if described["lastStatus"] not in seen:
            seen.append(described["lastStatus"])
    return seen


def test_a_task_of_fargate_goes_through_every_state(tasks):
    task = tasks.run(for_fargate(tasks, "trap 'sleep 1; exit 0' TERM; sleep 3600 & wait; wait"), **ON_FARGATE)
    begun = states_until(tasks, task, "RUNNING")
    assert begun == [state for state in STATES[:4] if state in begun]
    assert tasks.ecs.stop_task(task=task)["task"]["lastStatus"] == "DEACTIVATING"
    ended = states_until(tasks, task, "STOPPED")
    assert ended in (STATES[4:], STATES[5:]), "each is there to be seen, though the first may be over"
    # One that ends by itself is not stopped by anybody.
    by_itself = tasks.run(for_fargate(tasks, "sleep 3; exit 3"), **ON_FARGATE)
    states_until(tasks, by_itself, "RUNNING")
    assert states_until(tasks, by_itself, "STOPPED") == ["RUNNING", "DEPROVISIONING", "STOPPED"]


def test_a_server_that_is_killed_while_a_network_goes_finishes_it(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    task = tasks.run(for_fargate(tasks, FOREVER), **ON_FARGATE)
    tasks.wait(task, "RUNNING")
    app = only_container(task)
    tasks.ecs.stop_task(task=task)
    wait_for("the container's end", lambda: docker("inspect", "--format", "{{.State.Running}}", app).strip() == "false")
    server.kill()
    server.start()
    stopped = tasks.wait(task, "STOPPED")
    assert (stopped["stopCode"], stopped["attachments"][0]["status"]) == ("UserInitiated", "DELETED")
    assert [one["id"] for one in docker_containers(task)] == [app], "what held the network is gone"


def test_a_task_of_its_own_runs_on_though_it_is_unhealthy(tasks):
    check = {"command": ["CMD-SHELL", "test -e /tmp/well"], "interval": 5, "timeout": 2, "retries": 1}
    task = tasks.start(container(healthCheck=check))
    assert tasks.describe(task)["healthStatus"] == "UNKNOWN"
    sick = wait_for("UNHEALTHY", lambda: (d := tasks.describe(task))["healthStatus"] == "UNHEALTHY" and d)
    assert (sick["lastStatus"], sick["containers"][0]["healthStatus"]) == ("RUNNING", "UNHEALTHY")
    docker("exec", only_container(task), "touch", "/tmp/well")
    wait_for("HEALTHY", lambda: tasks.describe(task)["healthStatus"] == "HEALTHY")


# Waiting for other containers


def test_every_condition_is_waited_for(tasks):
    check = {"command": ["CMD-SHELL", "test -e /tmp/healthy"], "interval": 5, "timeout": 2, "retries": 10}
    task = tasks.start(
        container("main", dependsOn=on("runs", condition="START") + on("done", condition="COMPLETE") + on("well", condition="HEALTHY")),
        container("runs"),
        container("done", "sleep 1; exit 3", essential=False),
        container("well", f"sleep 2; touch /tmp/healthy; {FOREVER}", healthCheck=check),
    )
    assert all(started(task, name) <= started(task, "main") for name in ("runs", "done", "well"))
    (done,) = json.loads(docker("inspect", only_container(task, "done")))
    assert done["State"]["FinishedAt"] <= started(task, "main")


def test_a_wait_that_cannot_end_fails_the_container_in_the_agent_s_words(tasks):
    stopped = tasks.refuse(
        container("main", dependsOn=on("init", condition="SUCCESS")),
        container("init", "exit 1", essential=False),
    )
    expected = (
        f"CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [init({IMAGE}) (STOPPED->RUNNING) - Exit: 1] "
        f"for target [main({IMAGE}) (MANIFEST_PULLED->RUNNING)] as dependency did not exit successfully."
    )
    assert (reasons(stopped)["main"], codes(stopped)) == (expected, {"main": 143, "init": 1})
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")


def test_a_wait_ends_with_the_start_timeout_of_what_is_waited_for(tasks):
    stopped = tasks.refuse(
        container("main", dependsOn=on("slow", condition="COMPLETE")),
        container("slow", FOREVER, essential=False, startTimeout=2),
    )
    expected = (
        f"CannotStartContainerError: dependency graph: container ordering dependency [slow({IMAGE}) (RUNNING->RUNNING)] "
        f"for target [main({IMAGE}) (MANIFEST_PULLED->RUNNING)] has timed out."
    )
    assert (reasons(stopped)["main"], codes(stopped)["main"]) == (expected, 143)


def test_what_is_waited_for_stops_last(tasks):
    script = "trap 'date +%s%N > /dev/null; exit 0' TERM; sleep 3600 & wait"
    task = tasks.start(container("first", script), container("second", script, dependsOn=on("first", condition="START")))
    tasks.ecs.stop_task(task=task)
    tasks.wait(task, "STOPPED")
    ends = {name: json.loads(docker("inspect", only_container(task, name)))[0]["State"]["FinishedAt"] for name in ("first", "second")}
    assert ends["second"] <= ends["first"]


# How a container ends


def test_out_of_memory(tasks):
    greedy = container(script="tail /dev/zero") | {"memory": 16}
    stopped = tasks.wait(tasks.run(tasks.register(greedy)), "STOPPED")
    assert reasons(stopped) == {"app": "OutOfMemoryError: Container killed due to memory usage"}
    assert (codes(stopped), stopped["stopCode"]) == ({"app": 137}, "EssentialContainerExited")
    assert stopped["stoppedReason"] == "Essential container in task exited"


def test_killed_from_outside_and_by_a_fault_of_its_own(tasks):
    task = tasks.start(container())
    docker("kill", only_container(task))
    stopped = tasks.wait(task, "STOPPED")
    assert (codes(stopped), reasons(stopped)) == ({"app": 137}, {"app": None})
    faulty = tasks.wait(tasks.run(tasks.register(container(script="sh -c 'kill -SEGV $$'; exit $?"))), "STOPPED")
    assert codes(faulty) == {"app": 139}
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("EssentialContainerExited", "Essential container in task exited")


def test_removed_from_the_engine(tasks):
    task = tasks.start(container())
    docker("rm", "--force", only_container(task))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert codes(stopped)["app"] == 137 or reasons(stopped)["app"] == "ContainerVanishedError: No container matching saved ID found"


def test_no_such_program_directory_or_user(tasks):
    image = {"name": "app", "image": IMAGE, "memory": 64}
    for definition, text in [
        ({"command": ["/no/such/program"]}, "stat /no/such/program: no such file or directory"),
        ({"command": ["no-such-program"]}, 'exec: "no-such-program": executable file not found in \\$PATH'),
        ({"command": ["true"], "user": "nobody-of-that-name"}, "unable to find user nobody-of-that-name"),
        ({"command": ["/etc"]}, "permission denied"),
    ]:
        stopped = tasks.refuse(image | definition)
        assert re.match(f"CannotStartContainerError: Error response from daemon: .*{text}", reasons(stopped)["app"]), stopped
        assert codes(stopped) == {"app": None} and stopped["stopCode"] == "TaskFailedToStart"


def test_a_container_stops_by_sigterm_and_is_given_its_time(tasks):
    polite = "trap 'sleep 2; exit 9' TERM; sleep 3600 & wait; wait"
    stubborn = "trap '' TERM; while :; do sleep 1; done"
    task = tasks.start(container("polite", polite, stopTimeout=20), container("stubborn", stubborn, stopTimeout=3))
    begun = time.monotonic()
    tasks.ecs.stop_task(task=task)
    stopped = tasks.wait(task, "STOPPED", 30)
    assert codes(stopped) == {"polite": 9, "stubborn": 137}
    assert 2.5 < time.monotonic() - begun < 15


def test_the_image_s_own_signal_is_sent(tasks):
    name = f"sealift-test/{new_name()}:1"
    dockerfile = f"FROM {IMAGE}\nSTOPSIGNAL SIGUSR1\n"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, "-"], input=dockerfile, text=True, check=True, capture_output=True)
    try:
        script = "trap 'exit 11' USR1; trap 'exit 12' TERM; sleep 3600 & wait"
        task = tasks.start(container(script=script) | {"image": name})
        tasks.ecs.stop_task(task=task)
        assert codes(tasks.wait(task, "STOPPED"))["app"] == 11
    finally:
        for left in docker("ps", "--all", "--quiet", "--filter", f"ancestor={name}").split():
            docker("rm", "--force", left)
        docker("rmi", name)


# Asking for tasks


def test_a_client_token_stands_for_one_call(tasks):
    definition, token = tasks.register(container()), new_name()
    asked = {"taskDefinition": definition, "count": 2, "clientToken": token, "startedBy": "me"}
    first = tasks.ecs.run_task(**asked)
    arns = [one["taskArn"] for one in first["tasks"]]
    tasks.started += arns
    again = tasks.ecs.run_task(**asked)
    assert sorted(one["taskArn"] for one in again["tasks"]) == sorted(arns)
    with refused("ConflictException"):
        tasks.ecs.run_task(**asked | {"count": 1})
    assert len(tasks.ecs.list_tasks(startedBy="me", family=definition.split("/")[-1].split(":")[0])["taskArns"]) == 2


def test_tags_groups_and_who_started_it(tasks):
    definition = tasks.register(container(), tags=[{"key": "team", "value": "a"}, {"key": "kept", "value": "yes"}])
    given = {"tags": [{"key": "team", "value": "b"}], "propagateTags": "TASK_DEFINITION", "group": "batch", "startedBy": "cron"}
    task = tasks.run(definition, **given)
    (described,) = tasks.ecs.describe_tasks(tasks=[task], include=["TAGS"])["tasks"]
    assert {one["key"]: one["value"] for one in described["tags"]} == {"team": "b", "kept": "yes"}
    assert (described["group"], described["startedBy"]) == ("batch", "cron")
    assert tasks.describe(task)["tags"] == []
    assert tasks.describe(tasks.run(definition))["group"] == f"family:{definition.split('/')[-1].split(':')[0]}"
    for reserved in ("family:x", "service:x"):
        with refused("InvalidParameterException"):
            tasks.ecs.run_task(taskDefinition=definition, group=reserved)


def test_overrides_of_sizes_and_roles_are_what_the_task_gets(server, tasks):
    definition = tasks.register(container(script="true"))
    override = {"name": "app", "command": ["sh", "-c", FOREVER], "memory": 80, "memoryReservation": 40, "cpu": 100}
    task = tasks.run(definition, overrides={"containerOverrides": [override]})
    tasks.wait(task, "RUNNING")
    (inspected,) = json.loads(docker("inspect", only_container(task)))
    host = inspected["HostConfig"]
    assert (host["Memory"], host["MemoryReservation"], host["CpuShares"]) == (80 << 20, 40 << 20, 100)
    with refused("InvalidParameterException", "Override for container named other is not a container in the TaskDefinition."):
        tasks.ecs.run_task(taskDefinition=definition, overrides={"containerOverrides": [{"name": "other"}]})
    with refused("InvalidParameterException", "Container Overrides length must be at most 8192"):
        long = {"name": "app", "command": ["x" * 9000]}
        tasks.ecs.run_task(taskDefinition=definition, overrides={"containerOverrides": [long]})


def test_a_container_that_is_not_essential_can_fail_alone(tasks):
    task = tasks.start(
        container("main"),
        container("short", "exit 4", essential=False),
        {"name": "broken", "image": IMAGE, "memory": 32, "command": ["/no/such"], "essential": False},
    )
    described = wait_for("both ends", lambda: (d := tasks.describe(task)) and all(one["lastStatus"] == "STOPPED" for one in d["containers"][1:]) and d)
    assert described["lastStatus"] == "RUNNING"
    by_name = {one["name"]: one for one in described["containers"]}
    assert by_name["short"]["exitCode"] == 4
    assert by_name["broken"]["reason"].startswith("CannotStartContainerError: ")
