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


def test_the_root_user_assumes_what_trusts_its_account_and_nothing_else(sts, server, name):
    role = make_role(server, name, trust_of(f"arn:aws:iam::{server.account}:root"))["Arn"]
    assert sts.assume_role(RoleArn=role, RoleSessionName="session")["AssumedRoleUser"]["Arn"].endswith(f"{name}/session")
    closed = make_role(server, f"{name}-closed", trust())["Arn"]
    with refused("AccessDenied", re.compile(f"not authorized to perform: sts:AssumeRole on resource: {closed}$"), 403):
        sts.assume_role(RoleArn=closed, RoleSessionName="session")


def test_transitive_tags_and_the_source_identity_follow_through_roles(server, person, name):
    arn, credentials = person
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]

    def trusting(principal: str) -> str:
        trusted = json.loads(trust_of(principal))
        trusted["Statement"][0]["Action"] = actions
        return json.dumps(trusted)

    first = make_role(server, name, trusting(arn))["Arn"]
    seen = allow("iam:GetRole", Condition={"StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "ann"}})
    second = make_role(server, f"{name}-2", trusting(first), seen)["Arn"]
    answer = server.client("sts", credentials).assume_role(
        RoleArn=first,
        RoleSessionName="one",
        SourceIdentity="ann",
        Tags=[{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": "dev"}],
        TransitiveTagKeys=["team"],
    )
    assert answer["SourceIdentity"] == "ann"
    middle = server.client("sts", Credentials.of(answer["Credentials"]))
    text = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    with refused("InvalidParameterValue", text):
        middle.assume_role(RoleArn=second, RoleSessionName="two", Tags=[{"Key": "TEAM", "Value": "blue"}])
    with refused("AccessDenied", status=403):
        middle.assume_role(RoleArn=second, RoleSessionName="two", SourceIdentity="bob")
    # What follows from the calling session needs the next role's consent as well.
    closed = make_role(server, f"{name}-3", trust_of(first))["Arn"]
    with refused("AccessDenied", re.compile("is not authorized to perform: sts:TagSession on resource"), 403):
        middle.assume_role(RoleArn=closed, RoleSessionName="three")
    last = middle.assume_role(RoleArn=second, RoleSessionName="two")
    assert last["SourceIdentity"] == "ann"
    assert server.client("iam", Credentials.of(last["Credentials"])).get_role(RoleName=name)


def test_managed_policies_narrow_a_session_too(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn), allow(["iam:GetRole", "iam:CreateUser"]))["Arn"]
    his = server.client("sts", credentials)
    reading = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    answer = his.assume_role(RoleArn=role, RoleSessionName="session", PolicyArns=reading)
    assert answer["PackedPolicySize"] > 0
    narrowed = server.client("iam", Credentials.of(answer["Credentials"]))
    assert narrowed.get_role(RoleName=name)
    with refused("AccessDenied", re.compile("because no session policy allows the iam:CreateUser action$"), 403):
        narrowed.create_user(UserName=f"{name}-2")
    absent = f"arn:aws:iam::{server.account}:policy/{name}"
    with refused("ValidationError", re.compile(re.escape(absent))):
        his.assume_role(RoleArn=role, RoleSessionName="session", PolicyArns=[{"arn": absent}])


def test_a_session_policy_has_a_greatest_length(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn))["Arn"]
    long = policy(allow("ssm:GetParameter", f"arn:aws:ssm:*:*:parameter/{'x' * 2048}"))
    with refused("ValidationError", re.compile("at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")):
        server.client("sts", credentials).assume_role(RoleArn=role, RoleSessionName="session", Policy=long)


def test_nobody_has_a_device_for_one_time_passwords(server, person, name):
    arn, credentials = person
    role = make_role(server, name, trust_of(arn))["Arn"]
    his = server.client("sts", credentials)
    mfa = {"SerialNumber": f"arn:aws:iam::{server.account}:mfa/{name}", "TokenCode": "123456"}
    for call in (lambda: his.get_session_token(**mfa), lambda: his.assume_role(RoleArn=role, RoleSessionName="session", **mfa)):
        with refused("AccessDenied", re.compile("^MultiFactorAuthentication failed"), 403):
            call()


# The user's own temporary credentials


def lasts(answer: dict) -> timedelta:
    return answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)


def test_a_user_s_temporary_credentials_are_the_user_s_but_for_iam_and_sts(server, person, name):
    arn, credentials = person
    server.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("*")))
    answer = server.client("sts", credentials).get_session_token()
    assert timedelta(hours=11, minutes=58) < lasts(answer) <= timedelta(hours=12, minutes=1)
    session = Credentials.of(answer["Credentials"])
    assert re.fullmatch("ASIA[A-Z2-7]{16}", session.access_key_id)

    own = server.client("sts", session)
    assert own.get_caller_identity()["Arn"] == arn
    assert "SecretList" in server.client("secretsmanager", session).list_secrets()
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        server.client("iam", session).get_user()
    with refused("AccessDenied", "Cannot call GetSessionToken with session credentials", 403):
        own.get_session_token()
    with refused("AccessDenied", "Cannot call GetFederationToken with session credentials", 403):
        own.get_federation_token(Name="bob")
    role = make_role(server, f"{name}-role", trust_of(arn), MaxSessionDuration=7200)["Arn"]
    # Not a chain of roles, so more than an hour is fine.
    assert own.assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=7200)


def test_temporary_credentials_of_a_user_end_with_the_user_and_not_with_the_key(server, person, name):
    _, credentials = person
    iam = server.client("iam")
    his = server.client("sts", credentials)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("sts:GetFederationToken")))
    sessions = [his.get_session_token()["Credentials"], his.get_federation_token(Name="bob")["Credentials"]]
    iam.delete_access_key(UserName=name, AccessKeyId=credentials.access_key_id)
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        his.get_caller_identity()
    for session in sessions:
        assert server.client("sts", Credentials.of(session)).get_caller_identity()
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    for session in sessions:
        with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
            server.client("sts", Credentials.of(session)).get_caller_identity()


def test_the_root_user_s_temporary_credentials_last_an_hour(sts, server):
    answer = sts.get_session_token(DurationSeconds=129600)
    assert timedelta(minutes=58) < lasts(answer) <= timedelta(hours=1, minutes=1)
    session = server.client("sts", Credentials.of(answer["Credentials"]))
    assert session.get_caller_identity()["Arn"] == f"arn:aws:iam::{server.account}:root"
    for seconds in (899, 129601):
        with refused("ValidationError", re.compile("at 'durationSeconds' failed to satisfy constraint")):
            sts.get_session_token(DurationSeconds=seconds)


# Federated users


def test_a_federated_user_may_do_what_user_and_policy_both_allow(server, person, name):
    _, credentials = person
    statements = (allow("sts:GetFederationToken"), allow(["secretsmanager:ListSecrets", "ssm:DescribeParameters"]))
    server.client("iam").put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
    his = server.client("sts", credentials)
    only = policy(allow(["secretsmanager:ListSecrets", "kms:ListKeys"]))
    answer = his.get_federation_token(Name="bob", Policy=only)
    arn = f"arn:aws:sts::{server.account}:federated-user/bob"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{server.account}:bob", "Arn": arn}
    assert answer["PackedPolicySize"] > 0
    bob = Credentials.of(answer["Credentials"])
    who = server.client("sts", bob).get_caller_identity()
    assert (who["UserId"], who["Arn"]) == (f"{server.account}:bob", arn)
    assert "SecretList" in server.client("secretsmanager", bob).list_secrets()
    with refused("AccessDeniedException", re.compile("no session policy allows the ssm:DescribeParameters action$")):
        server.client("ssm", bob).describe_parameters()
    with refused("AccessDeniedException", re.compile("no identity-based policy allows the kms:ListKeys action$")):
        server.client("kms", bob).list_keys()
    with refused("InvalidClientTokenId", status=403):
        server.client("iam", bob).list_users()
    role = make_role(server, f"{name}-role", trust_of("*"))["Arn"]
    with refused("AccessDenied", not_authorized(arn, role), 403):
        server.client("sts", bob).assume_role(RoleArn=role, RoleSessionName="session")


def test_a_federated_user_without_a_policy_may_do_nothing(sts, server):
    answer = sts.get_federation_token(Name="bob")
    assert answer["PackedPolicySize"] == 0
    bob = Credentials.of(answer["Credentials"])
    assert server.client("sts", bob).get_caller_identity()
    with refused("AccessDeniedException", re.compile("no session policy allows the secretsmanager:ListSecrets action$")):
        server.client("secretsmanager", bob).list_secrets()
    everything = Credentials.of(sts.get_federation_token(Name="bob", Policy=policy(allow("*")))["Credentials"])
    assert "SecretList" in server.client("secretsmanager", everything).list_secrets()


def test_a_resource_s_policy_can_name_a_federated_user(sts, server, name):
    arn = f"arn:aws:sts::{server.account}:federated-user/{name}"
    root = f"arn:aws:iam::{server.account}:root"
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:DescribeKey", "Resource": "*"},
    ]
    key = server.client("kms").create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))["KeyMetadata"]["KeyId"]
    bob = Credentials.of(sts.get_federation_token(Name=name)["Credentials"])
    assert server.client("kms", bob).describe_key(KeyId=key)
    other = Credentials.of(sts.get_federation_token(Name=f"{name}-2")["Credentials"])
    with refused("AccessDeniedException"):
        server.client("kms", other).describe_key(KeyId=key)


def test_the_name_of_a_federated_user_is_short(sts):
    for bad in ("b", "b" * 33, "b b"):
        with refused("ValidationError", re.compile("at 'name' failed to satisfy constraint")):
            sts.get_federation_token(Name=bad)


# Access keys


def test_an_access_key_shows_its_account(sts, server, person):
    _, credentials = person
    session = sts.get_session_token()["Credentials"]["AccessKeyId"]
    for key in (credentials.access_key_id, session, server.cached_root.access_key_id):
        assert sts.get_access_key_info(AccessKeyId=key)["Account"] == server.account
    # AWS's own example is a key of an account of AWS's.
    assert sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")["Account"] == "581039954779"
    with refused("ValidationError"):
        sts.get_access_key_info(AccessKeyId="NOTAKEYOFANYBODY0000")


def test_the_aws_command_line_gets_a_session_token(server, person):
    _, credentials = person
    answer = server.aws_json("sts", "get-session-token", "--duration-seconds", "900", credentials=credentials)
    session = Credentials.of(answer["Credentials"])
    assert server.aws_json("sts", "get-caller-identity", credentials=session)["Account"] == server.account
