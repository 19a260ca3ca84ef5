"""Parameter policies: what they must be, and that they act."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from errors import refused
from harness import wait_for

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def ssm(server):
    return server.client("ssm")


def policy(kind: str, **attributes: str) -> dict:
    return {"Type": kind, "Version": "1.0", "Attributes": attributes}


def expiration(after: timedelta) -> dict:
    moment = datetime.now(timezone.utc) + after
    return policy("Expiration", Timestamp=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def put(ssm, name: str, *policies: dict, **rest):
    rest = {"Value": "v", "Type": "String", "Tier": "Advanced", **rest}
    return ssm.put_parameter(Name=name, Policies=json.dumps(policies), **rest)


def described(ssm, name: str) -> list[tuple]:
    (found,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    return [(one["PolicyType"], one["PolicyStatus"], json.loads(one["PolicyText"])) for one in found["Policies"]]


def told(server, name: str) -> list[tuple]:
    """What the audit log has of the policies of a parameter."""
    lines = [json.loads(line) for line in (server.data_dir / "audit.log").read_text().splitlines()]
    actions = [line["details"] for line in lines if line["event"] == "ssm:ParameterPolicyAction"]
    return [(one["policyType"], one["policy"]) for one in actions if one["parameter"].endswith(f":parameter/{name}")]


def test_policies_are_shown_and_stay_until_they_are_replaced(ssm, name):
    given = [
        expiration(10 * HOUR),
        policy("ExpirationNotification", Before="2", Unit="Hours"),
        policy("NoChangeNotification", After="20", Unit="Days"),
    ]
    put(ssm, name, *given)
    expected = [(one["Type"], "Pending", one) for one in given]
    assert described(ssm, name) == expected
    ssm.put_parameter(Name=name, Value="w", Overwrite=True)
    assert described(ssm, name) == expected
    put(ssm, name, given[2], Overwrite=True)
    assert described(ssm, name) == expected[2:]
    put(ssm, name, {}, Overwrite=True)
    assert described(ssm, name) == []
    history = ssm.get_parameter_history(Name=name)["Parameters"]
    assert [len(one["Policies"]) for one in history] == [3, 3, 1, 0]


def test_policies_need_the_advanced_tier(ssm, name):
    with refused("ValidationException"):
        put(ssm, name, expiration(HOUR), Tier="Standard")
    assert put(ssm, name, expiration(HOUR), Tier="Intelligent-Tiering")["Tier"] == "Advanced"


@pytest.mark.parametrize(
    "policies, code",
    [
        ([policy("Other")], "InvalidPolicyTypeException"),
        ([policy("Expiration")], "InvalidPolicyAttributeException"),
        ([policy("Expiration", Timestamp="tomorrow")], "InvalidPolicyAttributeException"),
        ([policy("NoChangeNotification", After="1", Unit="Weeks")], "InvalidPolicyAttributeException"),
        ([policy("NoChangeNotification", After="-1", Unit="Days")], "InvalidPolicyAttributeException"),
        ([policy("ExpirationNotification", Before="1", Unit="Days")], "IncompatiblePolicyException"),
        ([expiration(HOUR), expiration(HOUR)], "IncompatiblePolicyException"),
        ([policy("NoChangeNotification", After=str(n), Unit="Days") for n in range(1, 12)], "PoliciesLimitExceededException"),
    ],
)
def test_what_is_no_policy_is_refused(ssm, name, policies, code):
    with refused(code):
        put(ssm, name, *policies)
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_an_expired_parameter_goes_and_that_is_told(ssm, server, name):
    end = expiration(timedelta(seconds=2))
    put(ssm, name, end)
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v"
    wait_for("the expiration", lambda: ssm.get_parameters(Names=[name])["InvalidParameters"] == [name], 20)
    assert told(server, name) == [("Expiration", end)]
    assert ssm.put_parameter(Name=name, Value="new", Type="String")["Version"] == 1


def test_notifications_are_told_once_and_before_the_end(ssm, server, name):
    end, before = expiration(HOUR + timedelta(seconds=2)), policy("ExpirationNotification", Before="1", Unit="Hours")
    put(ssm, name, end, before)
    assert told(server, name) == []
    wait_for("the notification", lambda: told(server, name), 20)
    assert [status for _, status, _ in described(ssm, name)] == ["Pending", "Finished"]
    ssm.put_parameter(Name=name, Value="w", Overwrite=True)
    # Another one that is due at once is told after everything that was due before it.
    put(ssm, f"{name}x", expiration(HOUR / 2), before)
    wait_for("the next notification", lambda: told(server, f"{name}x"), 20)
    assert told(server, name) == [("ExpirationNotification", before)]


def test_policies_act_after_a_restart(new_server, name):
    server = new_server().start()
    put(server.client("ssm"), name, expiration(timedelta(seconds=1)))
    server.stop()
    server.start()
    wait_for("the expiration", lambda: told(server, name), 20)
    with refused("ParameterNotFound"):
        server.client("ssm").get_parameter(Name=name)
