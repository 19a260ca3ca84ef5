"""Restart policies: the same container starts again, with the values it had."""

import json
import time

from harness import docker
from operations import new_name
from tasks import FOREVER, container, execution_role, only_container, reading

# Runs for a little longer than the shortest period the first time, and for ever the second time.
TWICE = f"[ -e /ran ] && {{ echo again; {FOREVER}; }}; touch /ran; echo first; sleep 61; exit 3"


def test_a_container_that_ran_its_period_starts_again_unless_its_code_is_ignored(server, tasks):
    name = new_name()
    server.client("ssm").put_parameter(Name=name, Value="old", Type="SecureString")
    role = execution_role(server, *reading(parameters=["*"]))
    policy = {"enabled": True, "restartAttemptPeriod": 60}
    secrets = [{"name": "V", "valueFrom": name}]

    def start(script: str, **more) -> str:
        app = container(script=script, restartPolicy=policy | more, secrets=secrets)
        return tasks.start(app, executionRoleArn=role)

    begun = time.monotonic()
    again = start(TWICE)
    ignored = start(TWICE, ignoredExitCodes=[1, 3])
    too_soon = tasks.run(tasks.register(container(script="sleep 1; exit 3", restartPolicy=policy)))
    stopped = tasks.wait(too_soon, "STOPPED")
    assert stopped["containers"][0]["exitCode"] == 3, "its period had not passed"
    server.client("ssm").put_parameter(Name=name, Value="new", Type="SecureString", Overwrite=True)
    before = tasks.describe(again)

    stopped = tasks.wait(ignored, "STOPPED", 75 - (time.monotonic() - begun) + 15)
    assert (stopped["stopCode"], stopped["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)

    time.sleep(2)
    described = tasks.describe(again)
    (app,) = described["containers"]
    assert (described["lastStatus"], app["lastStatus"], "exitCode" in app, "reason" in app) == ("RUNNING", "RUNNING", False, False)
    assert app["runtimeId"] == before["containers"][0]["runtimeId"]
    assert described["startedAt"] == before["startedAt"]
    assert docker("logs", only_container(again)).splitlines() == ["first", "again"]
    (inspected,) = json.loads(docker("inspect", only_container(again)))
    assert "V=old" in inspected["Config"]["Env"], "values are read once, for a container that is made"
    # A container that is to stop is not started again.
    tasks.ecs.stop_task(task=again)
    assert tasks.wait(again, "STOPPED")["stopCode"] == "UserInitiated"
