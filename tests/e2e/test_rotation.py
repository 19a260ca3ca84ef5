"""Rotation: the contract with rotation functions, schedules, and what a function that fails, hangs or dies leaves behind."""

import json
import os
import shutil
import time
from datetime import datetime, timedelta, timezone

import pytest

from errors import refused
from harness import StartRefused, allow, wait_for
from rotation import Rotators, deploy, events, make_due, rotated, stages
from wire import json_call

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
VALUE = json.dumps({"username": "u", "password": "first-password"})
NOT_COMPLETE = "A previous rotation isn't complete. That rotation will be reattempted."


@pytest.fixture(scope="module")
def home():
    deployed = deploy()
    yield deployed
    shutil.rmtree(deployed)


@pytest.fixture
def rotators(home, new_server):
    """A running server of one's own with the scripted function `scripted`."""
    made = Rotators(home, new_server())
    made.add("scripted", "scripted.py")
    made.server.start()
    made.make_role()
    return made


@pytest.fixture
def secrets(rotators):
    return rotators.server.client("secretsmanager")


@pytest.fixture
def secret(secrets, name):
    return secrets.create_secret(Name=name, SecretString=VALUE)


def rotate(rotators, secret, **more) -> str:
    answer = rotators.server.client("secretsmanager").rotate_secret(
        SecretId=secret["ARN"], RotationLambdaARN=rotators.arn("scripted"), **more
    )
    assert (answer["ARN"], answer["Name"]) == (secret["ARN"], secret["Name"])
    return answer["VersionId"]


def password(secrets, secret, **which) -> str:
    return json.loads(secrets.get_secret_value(SecretId=secret["ARN"], **which)["SecretString"])["password"]


def test_a_rotation_takes_four_steps_and_moves_the_labels(rotators, secrets, secret):
    described = secrets.describe_secret(SecretId=secret["ARN"])
    assert not {"RotationEnabled", "RotationRules", "RotationLambdaARN", "NextRotationDate"} & described.keys()
    version = rotate(rotators, secret, RotationRules={"AutomaticallyAfterDays": 7})
    described = rotated(rotators.server, secret["ARN"], version)

    assert rotators.steps(version) == STEPS
    assert described["VersionIdsToStages"] == {version: ["AWSCURRENT"], secret["VersionId"]: ["AWSPREVIOUS"]}
    assert password(secrets, secret) != "first-password"
    assert password(secrets, secret, VersionStage="AWSPREVIOUS") == "first-password"
    assert described["RotationEnabled"] is True
    assert described["RotationLambdaARN"] == rotators.arn("scripted")
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 7}
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert described["NextRotationDate"] in (today + timedelta(days=8, seconds=-1), today + timedelta(days=7, seconds=-1))
    (listed,) = secrets.list_secrets()["SecretList"]
    for member in ("RotationEnabled", "RotationLambdaARN", "RotationRules", "LastRotatedDate", "NextRotationDate"):
        assert listed[member] == described[member]

    assert events(rotators.server, secret["ARN"]) == ["RotationStarted", "RotationSucceeded"]
    (put,) = [line for line in rotators.server.audit() if line["event"] == "secretsmanager:PutSecretValue"]
    assert put["caller"] == f"arn:aws:sts::{rotators.server.account}:assumed-role/rotation/scripted"


def test_a_program_runs_without_rights_and_with_an_empty_environment(rotators, secrets, secret):
    rotated(rotators.server, secret["ARN"], rotate(rotators, secret))
    environment = dict(line.split("=", 1) for line in (rotators.control / "environment").read_text().splitlines())
    given = {"PATH", "LANG", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "CONTROL"}
    assert environment.keys() <= given | {"LC_CTYPE"}
    assert environment["AWS_ENDPOINT_URL"] == rotators.server.endpoint
    if os.geteuid() == 0:
        assert (rotators.control / "ids").read_text() == "65534 65534 []"


def test_a_test_without_rotating_takes_one_step_against_a_copy(rotators, secrets, secret):
    version = rotate(rotators, secret, RotateImmediately=False, RotationRules={"ScheduleExpression": "rate(10 days)"})
    wait_for("the test", lambda: "TestRotationSucceeded" in events(rotators.server, secret["ARN"]))
    assert rotators.steps() == ["testSecret"]
    described = secrets.describe_secret(SecretId=secret["ARN"])
    assert described["VersionIdsToStages"] == {secret["VersionId"]: ["AWSCURRENT"]}
    assert described["RotationRules"] == {"ScheduleExpression": "rate(10 days)"}
    assert "LastRotatedDate" not in described and "NextRotationDate" in described
    assert version != secret["VersionId"]
    rotators.say("fail", "testSecret")
    rotate(rotators, secret, RotateImmediately=False)
    wait_for("the failed test", lambda: "TestRotationFailed" in events(rotators.server, secret["ARN"]))
    assert stages(rotators.server, secret["ARN"]) == {secret["VersionId"]: ["AWSCURRENT"]}


def test_what_aws_refuses_is_refused_and_stores_nothing(rotators, secrets, secret):
    server, arn, function = rotators.server, secret["ARN"], rotators.arn("scripted")
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        secrets.rotate_secret(SecretId=arn)
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        secrets.cancel_rotate_secret(SecretId=arn)
    cannot_invoke = "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."
    for unknown in (rotators.arn("other"), "arn:aws:lambda:us-east-1:444455556666:function:scripted", "scripted"):
        with refused("AccessDeniedException", cannot_invoke):
            secrets.rotate_secret(SecretId=arn, RotationLambdaARN=unknown)
    for rules in (
        {"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "cron(5 8 * * ? *)"},
        {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
        {"Duration": "2h"},
    ):
        with refused("InvalidParameterException"):
            secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function, RotationRules=rules)
    for rules in ({"AutomaticallyAfterDays": 0}, {"AutomaticallyAfterDays": 1001}, {"ScheduleExpression": "rate(1 day);"}):
        with refused("ValidationException"):
            secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function, RotationRules=rules)
    with refused("ResourceNotFoundException"):
        secrets.rotate_secret(SecretId="nothing", RotationLambdaARN=function)
    stranger = server.client("secretsmanager", server.caller(allow("secretsmanager:RotateSecret")))
    with refused("AccessDeniedException") as caught:
        stranger.rotate_secret(SecretId=arn, RotationLambdaARN=function)
    assert f"lambda:InvokeFunction on resource: {function}" in caught.value.response["Error"]["Message"]
    assert "RotationEnabled" not in secrets.describe_secret(SecretId=arn)
    secrets.delete_secret(SecretId=arn)
    with refused("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion."):
        secrets.rotate_secret(SecretId=arn, RotationLambdaARN=function)


def test_a_failed_rotation_leaves_the_current_version_shows_and_is_tried_again(rotators, secrets, secret):
    rotators.say("fail", "setSecret")
    token = "0" * 32
    assert rotate(rotators, secret, ClientRequestToken=token) == token
    wait_for("two attempts", lambda: rotators.steps().count("setSecret") >= 2)
    described = secrets.describe_secret(SecretId=secret["ARN"])
    assert described["VersionIdsToStages"] == {token: ["AWSPENDING"], secret["VersionId"]: ["AWSCURRENT"]}
    assert "LastRotatedDate" not in described
    assert password(secrets, secret) == "first-password"
    assert events(rotators.server, secret["ARN"])[:2] == ["RotationStarted", "RotationFailed"]
    details = [line["detail"] for line in rotators.server.audit() if line["event"] == "secretsmanager:RotationFailed"]
    assert details[0].startswith("setSecret: the program ended with exit status: 1")

    assert rotate(rotators, secret, ClientRequestToken=token) == token
    with refused("InvalidRequestException", NOT_COMPLETE):
        rotate(rotators, secret, ClientRequestToken="1" * 32)
    rotators.unsay("fail")
    rotated(rotators.server, secret["ARN"], token)
    assert rotators.steps(token)[-4:] == STEPS
    assert rotate(rotators, secret, ClientRequestToken=token) == token


def test_the_first_value_of_an_empty_secret_is_current_only_once_it_was_tested(rotators, secrets, name):
    secret = secrets.create_secret(Name=name)
    rotators.say("fail", "testSecret")
    version = rotate(rotators, secret)
    wait_for("the failure", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
    assert stages(rotators.server, secret["ARN"]) == {version: ["AWSPENDING"]}
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"):
        secrets.get_secret_value(SecretId=name)
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPENDING")["VersionId"] == version
    rotators.unsay("fail")
    assert rotated(rotators.server, secret["ARN"], version)["VersionIdsToStages"] == {version: ["AWSCURRENT"]}


def test_replicas_settle_with_their_primary(rotators, secrets, name):
    secret = secrets.create_secret(Name=name, SecretString=VALUE, AddReplicaRegions=[{"Region": "eu-north-1"}])
    north = rotators.server.client("secretsmanager", region="eu-north-1")
    settled = ("VersionIdsToStages", "LastChangedDate")

    def is_settled(events_wanted: int) -> bool:
        return events(rotators.server, secret["ARN"]).count("RotationSucceeded") == events_wanted

    first = rotate(rotators, secret, RotationRules={"AutomaticallyAfterDays": 7})
    wait_for("the rotation", lambda: is_settled(1))
    here, there = (client.describe_secret(SecretId=name) for client in (secrets, north))
    assert here["VersionIdsToStages"] == {first: ["AWSCURRENT"], secret["VersionId"]: ["AWSPREVIOUS"]}
    assert {member: here[member] for member in settled} == {member: there[member] for member in settled}
    assert north.get_secret_value(SecretId=name)["SecretString"] == secrets.get_secret_value(SecretId=name)["SecretString"]

    # A label that was left behind is taken away by the next rotation of the schedule, there as well.
    secrets.update_secret_version_stage(SecretId=name, VersionStage="AWSPENDING", MoveToVersionId=first)
    assert north.describe_secret(SecretId=name)["VersionIdsToStages"][first] == ["AWSCURRENT", "AWSPENDING"]
    rotators.say("fail", "createSecret")
    rotators.server.stop()
    make_due(rotators.server, secret["ARN"])
    rotators.server.start()
    wait_for("the failure", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
    assert stages(rotators.server, secret["ARN"])[first] == ["AWSCURRENT"]
    assert north.describe_secret(SecretId=name)["VersionIdsToStages"] == {first: ["AWSCURRENT"], secret["VersionId"]: ["AWSPREVIOUS"]}


def test_a_function_that_moves_no_label_has_not_rotated(rotators, secrets, secret):
    rotators.say("lie", "finishSecret")
    rotate(rotators, secret)
    wait_for("the failure", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
    assert "AWSCURRENT" in stages(rotators.server, secret["ARN"])[secret["VersionId"]]


def test_a_function_that_hangs_is_ended_with_everything_it_started(home, new_server, name):
    rotators = Rotators(home, new_server(), retry_after=600)
    rotators.add("scripted", "scripted.py", timeout=8)
    rotators.server.start()
    rotators.make_role()
    secret = rotators.server.client("secretsmanager").create_secret(Name=name, SecretString=VALUE)
    rotators.say("hang-before", "setSecret")
    rotate(rotators, secret)
    wait_for("the time to be up", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
    wait_for("its end", lambda: not os.path.exists(f"/proc/{rotators.pids()[-1]}"), 5)
    (detail,) = [line["detail"] for line in rotators.server.audit() if line["event"] == "secretsmanager:RotationFailed"]
    assert detail.startswith("setSecret: it did not end within 8 s; the next attempt is at ")
    assert password(rotators.server.client("secretsmanager"), secret) == "first-password"


def test_a_rotation_survives_kill_9_in_the_middle_of_each_step(rotators, secrets, name):
    for when, step in zip(("hang-before", "hang-after", "hang-before", "hang-after"), STEPS):
        secret = secrets.create_secret(Name=f"{name}-{when}-{step}", SecretString=VALUE)
        rotators.say(when, step)
        before = len(rotators.steps())
        version = rotate(rotators, secret)
        wait_for(f"{step} to be under way", lambda: step in rotators.steps()[before:])
        if when == "hang-after":
            time.sleep(1.5)
        rotators.server.kill()
        os.kill(rotators.pids()[-1], 9)
        rotators.unsay(when)
        rotators.server.start()
        rotated(rotators.server, secret["ARN"], version)
        assert password(secrets, secret) != "first-password"
        assert password(secrets, secret, VersionStage="AWSPREVIOUS") == "first-password"


def test_a_cancelled_rotation_keeps_its_labels_and_loses_its_dates(rotators, secrets, secret):
    first = rotate(rotators, secret, RotationRules={"AutomaticallyAfterDays": 30})
    rotated(rotators.server, secret["ARN"], first)
    rotators.say("fail", "createSecret")
    pending = secrets.rotate_secret(SecretId=secret["ARN"])["VersionId"]
    answer = secrets.cancel_rotate_secret(SecretId=secret["ARN"])
    assert (answer["ARN"], answer["Name"], answer["VersionId"]) == (secret["ARN"], secret["Name"], pending)
    described = secrets.describe_secret(SecretId=secret["ARN"])
    assert described["RotationEnabled"] is False
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert not {"LastRotatedDate", "NextRotationDate"} & described.keys()
    assert described["VersionIdsToStages"][pending] == ["AWSPENDING"]
    with refused("InvalidRequestException", NOT_COMPLETE):
        secrets.rotate_secret(SecretId=secret["ARN"])
    secrets.update_secret_version_stage(SecretId=secret["ARN"], VersionStage="AWSPENDING", RemoveFromVersionId=pending)
    rotators.unsay("fail")
    rotated(rotators.server, secret["ARN"], secrets.rotate_secret(SecretId=secret["ARN"])["VersionId"])


def test_a_schedule_rotates_when_its_time_has_come(rotators, secrets, secret):
    first = rotate(rotators, secret, RotationRules={"ScheduleExpression": "cron(0 */8 * * ? *)", "Duration": "2h"})
    rotated(rotators.server, secret["ARN"], first)
    before = secrets.describe_secret(SecretId=secret["ARN"])
    assert before["NextRotationDate"].astimezone(timezone.utc).strftime("%M:%S") == "59:59"
    rotators.server.stop()
    make_due(rotators.server, secret["ARN"])
    rotators.server.start()
    wait_for("the scheduled rotation", lambda: events(rotators.server, secret["ARN"]).count("RotationSucceeded") == 2)
    after = secrets.describe_secret(SecretId=secret["ARN"])
    assert after["VersionIdsToStages"][first] == ["AWSPREVIOUS"]
    assert after["LastRotatedDate"] > before["LastRotatedDate"]
    assert after["NextRotationDate"] == before["NextRotationDate"]


def test_a_value_written_by_hand_counts_as_a_rotation_by_days(rotators, secrets, secret):
    rotated(rotators.server, secret["ARN"], rotate(rotators, secret, RotationRules={"AutomaticallyAfterDays": 5}))
    due = secrets.describe_secret(SecretId=secret["ARN"])["NextRotationDate"]
    rotators.server.stop()
    make_due(rotators.server, secret["ARN"], ahead=timedelta(days=1))
    rotators.server.start()
    assert secrets.describe_secret(SecretId=secret["ARN"])["NextRotationDate"] < due
    secrets.put_secret_value(SecretId=secret["ARN"], SecretString=VALUE)
    assert secrets.describe_secret(SecretId=secret["ARN"])["NextRotationDate"] >= due


def test_what_a_function_prints_is_in_no_log_where_it_holds_a_value(home, new_server, name):
    rotators = Rotators(home, new_server(), retry_after=600)
    rotators.add("scripted", "scripted.py", **{"log-output": True})
    rotators.server.start()
    rotators.make_role()
    secrets = rotators.server.client("secretsmanager")
    for told in (True, False):
        rotators.say("fail", "createSecret")
        if told:
            rotators.say("tell", "createSecret")
        else:
            rotators.unsay("tell")
        secret = secrets.create_secret(Name=f"{name}-{told}", SecretString=VALUE)
        rotate(rotators, secret)
        wait_for("the failure", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
        assert ("withheld: it may hold a secret" in rotators.server.log()) is True
        assert ("the test says so" in rotators.server.log()) is not told
    audit = (rotators.server.data_dir / "audit.log").read_text()
    assert "first-password" not in rotators.server.log() + audit


def test_a_role_that_does_not_trust_lambda_fails_the_rotation(rotators, secrets, secret):
    iam = rotators.server.client("iam")
    iam.update_assume_role_policy(
        RoleName="rotation",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
    )
    rotate(rotators, secret)
    wait_for("the failure", lambda: "RotationFailed" in events(rotators.server, secret["ARN"]))
    (detail, *_) = [line["detail"] for line in rotators.server.audit() if line["event"] == "secretsmanager:RotationFailed"]
    assert "trust policy does not allow lambda.amazonaws.com" in detail
    assert rotators.steps() == []


def test_a_request_without_a_token_is_refused_as_aws_does(rotators, secret):
    answer = json_call(
        rotators.server, "secretsmanager", "RotateSecret", {"SecretId": secret["ARN"], "RotationLambdaARN": rotators.arn("scripted")}
    )
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert answer.message == "You must provide a ClientRequestToken value. We recommend a UUID-type value."


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[[rotator]]\nname = "x"\naccounts = ["1"]\nrole = "r"\nprogram = ["/bin/sh"]\n', 3, "account id"),
        ('[[rotator]]\nname = "x"\naccounts = []\nrole = "r"\nprogram = ["/bin/sh"]\n', 1, "accounts"),
        ('[[rotator]]\nname = "x"\nacounts = []\n', 3, "acounts"),
        ('\n[[rotator]]\nname = "x"\naccounts = ["111122223333"]\nrole = "r"\nprogram = ["sh"]\n', 6, "absolute"),
    ],
)
def test_a_wrong_file_is_refused_at_the_start_with_its_line(new_server, text, line, why):
    server = new_server()
    file = server.directory / "rotators.toml"
    file.write_text(text)
    server.settings = {"SEALIFT_ROTATORS": str(file)}
    with pytest.raises(StartRefused) as caught:
        server.start()
    assert f"line {line}:" in str(caught.value) and why in str(caught.value)


def test_two_servers_on_one_postgresql_rotate_once(home, new_server, postgres_url):
    first = Rotators(home, new_server(database_url=postgres_url))
    first.add("scripted", "scripted.py")
    first.server.start()
    first.make_role()
    other = new_server(database_url=postgres_url, account=first.server.account)
    other.settings = {"SEALIFT_ROTATORS": str(first.file), "SEALIFT_ROOT_KEY_FILE": str(first.server.root_key_file)}
    other.start()
    secrets = first.server.client("secretsmanager")
    made = [secrets.create_secret(Name=f"s{n}", SecretString=VALUE) for n in range(3)]
    versions = [rotate(first, secret) for secret in made]
    for secret, version in zip(made, versions):
        rotated(first.server, secret["ARN"], version)
        assert first.steps(version) == STEPS
    other.kill()
    first.server.kill()
