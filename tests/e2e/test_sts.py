"""STS as boto3 sees it, and the sessions it gives."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from errors import constraint, refused
from harness import Credentials, allow, deny, policy, trust, trust_of


@pytest.fixture(scope="module")
def sts(server):
    return server.client("sts")


@pytest.fixture
def person(server, name):
    """A user without policies: the ARN and the credentials."""
    iam = server.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    return arn, Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])


def make_role(server, name: str, trusted: str, *statements: dict, **rest) -> dict:
    iam = server.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **rest)["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
    return role


def not_authorized(caller: str, role: str) -> str:
    return f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"


def test_the_root_user_is_the_account(sts, server):
    answer = sts.get_caller_identity()
    assert (answer["UserId"], answer["Account"], answer["Arn"]) == (server.account, server.account, f"arn:aws:iam::{server.account}:root")


def test_a_user_learns_who_he_is_even_when_that_is_denied(server, name):
    iam = server.client("iam")
    user = iam.create_user(UserName=name, Path="/p/")["User"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(deny("*")))
    his = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    answer = server.client("sts", his).get_caller_identity()
    assert (answer["UserId"], answer["Arn"]) == (user["UserId"], f"arn:aws:iam::{server.account}:user/p/{name}")


def test_a_role_named_in_its_trust_policy_gives_a_session(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn), allow("iam:GetRole"), Path="/deep/")
    answer = server.client("sts", credentials).assume_role(RoleArn=role["Arn"], RoleSessionName="se=ss,ion.@-1")
    assert re.fullmatch("ASIA[A-Z0-9]{16}", answer["Credentials"]["AccessKeyId"])
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:se=ss,ion.@-1",
        "Arn": f"arn:aws:sts::{server.account}:assumed-role/{name}/se=ss,ion.@-1",
    }
    assert "PackedPolicySize" not in answer
    lasts = answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    assert timedelta(minutes=58) < lasts <= timedelta(hours=1, minutes=1)

    session = Credentials.of(answer["Credentials"])
    who = server.client("sts", session).get_caller_identity()
    assert (who["UserId"], who["Arn"]) == (answer["AssumedRoleUser"]["AssumedRoleId"], answer["AssumedRoleUser"]["Arn"])
    assert server.client("iam", session).get_role(RoleName=name)["Role"]["RoleName"] == name


def test_trust_in_the_account_needs_an_identity_policy_too(server, person, name):
    arn, credentials = person
    role = make_role(server, f"{name}-role", trust_of(f"arn:aws:iam::{server.account}:root"))
    his = server.client("sts", credentials)
    with refused("AccessDenied", not_authorized(arn, role["Arn"]), 403):
        his.assume_role(RoleArn=role["Arn"], RoleSessionName="session")
    server.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", role["Arn"])))
    assert his.assume_role(RoleArn=role["Arn"], RoleSessionName="session")


def test_a_role_that_is_absent_or_does_not_trust_looks_the_same(server, person, name):
    arn, credentials = person
    closed = make_role(server, name, trust())["Arn"]
    his = server.client("sts", credentials)
    for role in (closed, f"{closed}-absent"):
        with refused("AccessDenied", not_authorized(arn, role), 403):
            his.assume_role(RoleArn=role, RoleSessionName="session")


def test_an_external_id_is_a_condition(server, person, name):
    arn, credentials = person
    trusted = json.loads(trust_of(arn))
    trusted["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "known"}}
    role = make_role(server, name, json.dumps(trusted))["Arn"]
    his = server.client("sts", credentials)
    for wrong in ({}, {"ExternalId": "other"}):
        with refused("AccessDenied", not_authorized(arn, role), 403):
            his.assume_role(RoleArn=role, RoleSessionName="session", **wrong)
    assert his.assume_role(RoleArn=role, RoleSessionName="session", ExternalId="known")


def test_a_session_policy_narrows(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn), allow(["iam:GetRole", "iam:ListRoles"]))["Arn"]
    only = policy(allow("iam:GetRole"))
    answer = server.client("sts", credentials).assume_role(RoleArn=role, RoleSessionName="session", Policy=only)
    assert answer["PackedPolicySize"] > 0
    narrowed = server.client("iam", Credentials.of(answer["Credentials"]))
    assert narrowed.get_role(RoleName=name)
    session = answer["AssumedRoleUser"]["Arn"]
    text = re.compile(
        f"^User: {re.escape(session)} is not authorized to perform: iam:ListRoles .*because no session policy allows the iam:ListRoles action$"
    )
    with refused("AccessDenied", text, 403):
        narrowed.list_roles()


def test_bad_input_is_refused_in_aws_s_words(server, person, name):
    arn, credentials = person
    his = server.client("sts", credentials)
    with refused("ValidationError", "not-an-arn-at-all-here is invalid"):
        his.assume_role(RoleArn="not-an-arn-at-all-here", RoleSessionName="session")
    role = make_role(server, name, trust_of(arn))["Arn"]
    text = constraint(
        r"Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )
    with refused("ValidationError", text):
        his.assume_role(RoleArn=role, RoleSessionName="Session1:2")
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        his.assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=7200)
    with refused(
        "ValidationError",
        re.compile("at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"),
    ):
        his.assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=899)
    with refused("MalformedPolicyDocument"):
        his.assume_role(RoleArn=role, RoleSessionName="session", Policy="{")


def test_chained_sessions_last_an_hour_at_most(server, person, name):
    arn, credentials = person
    first = make_role(server, name, trust_of(arn), MaxSessionDuration=43200)["Arn"]
    second = make_role(server, f"{name}-2", trust_of(first), MaxSessionDuration=43200)["Arn"]
    session = Credentials.of(server.client("sts", credentials).assume_role(RoleArn=first, RoleSessionName="one")["Credentials"])
    text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    with refused("ValidationError", text):
        server.client("sts", session).assume_role(RoleArn=second, RoleSessionName="two", DurationSeconds=3601)
    assert server.client("sts", session).assume_role(RoleArn=second, RoleSessionName="two", DurationSeconds=3600)


def test_session_tags_become_principal_tags(server, person, name):
    arn, credentials = person
    trusted = json.loads(trust_of(arn))
    trusted["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    tagged = allow("iam:GetRole", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    role = make_role(server, name, json.dumps(trusted), tagged)["Arn"]
    his = server.client("sts", credentials)
    with refused("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
        his.assume_role(RoleArn=role, RoleSessionName="s1", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    with refused("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."):
        his.assume_role(RoleArn=role, RoleSessionName="s1", TransitiveTagKeys=["x"])
    red, blue = (
        server.client(
            "iam", Credentials.of(his.assume_role(RoleArn=role, RoleSessionName="s1", Tags=[{"Key": "team", "Value": team}])["Credentials"])
        )
        for team in ("red", "blue")
    )
    assert red.get_role(RoleName=name)
    with refused("AccessDenied", re.compile("because no identity-based policy allows the iam:GetRole action$"), 403):
        blue.get_role(RoleName=name)


def test_a_session_ends_with_its_role(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn))["Arn"]
    session = Credentials.of(server.client("sts", credentials).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"])
    iam = server.client("iam")
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(arn))
    with pytest.raises(iam.exceptions.ClientError) as caught:
        server.client("sts", session).get_caller_identity()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_session_token_belongs_to_its_key(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn))["Arn"]
    his = server.client("sts", credentials)
    one, two = (Credentials.of(his.assume_role(RoleArn=role, RoleSessionName=s)["Credentials"]) for s in ("s1", "s2"))
    for wrong in (
        Credentials(one.access_key_id, one.secret_access_key),
        Credentials(one.access_key_id, one.secret_access_key, two.session_token),
        Credentials(one.access_key_id, one.secret_access_key, one.session_token[:-4] + "AAAA"),
        Credentials(one.access_key_id, one.secret_access_key, "nonsense"),
        Credentials(credentials.access_key_id, credentials.secret_access_key, one.session_token),
    ):
        with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
            server.client("sts", wrong).get_caller_identity()


def test_the_root_user_cannot_assume_roles_that_do_not_trust_the_account(sts, server, name):
    role = make_role(server, name, trust())["Arn"]
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn=role, RoleSessionName="session")
