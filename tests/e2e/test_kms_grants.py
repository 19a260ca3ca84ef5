"""KMS grants as boto3 sees them."""

import re
import time

import pytest

from errors import refused
from harness import Credentials, allow, deny, trust_of

DENIED = "AccessDeniedException"


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


@pytest.fixture
def grantee(server):
    """A user who may do nothing, by ARN and as a KMS client."""

    class Grantee:
        def __init__(self, *statements):
            self.credentials = server.caller(*statements)
            self.arn = server.client("sts", self.credentials).get_caller_identity()["Arn"]
            self.kms = server.client("kms", self.credentials)

    return Grantee


def test_a_grant_is_enough_to_use_a_key_until_it_is_revoked(kms, key, grantee):
    user = grantee()
    with refused(DENIED):
        user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    made = kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=user.arn, Operations=["Encrypt", "Decrypt"])
    assert re.fullmatch("[0-9a-f]{64}", made["GrantId"])
    blob = user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert user.kms.decrypt(CiphertextBlob=blob, GrantTokens=[made["GrantToken"]])["Plaintext"] == b"x"
    with refused(DENIED):
        user.kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    with refused(DENIED):
        user.kms.decrypt(CiphertextBlob=blob)


def test_an_explicit_deny_beats_a_grant(kms, key, grantee):
    user = grantee(deny("kms:Encrypt"))
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=user.arn, Operations=["Encrypt", "DescribeKey"])
    assert user.kms.describe_key(KeyId=key["KeyId"])
    with refused(DENIED, re.compile("with an explicit deny in an identity-based policy$")):
        user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


@pytest.mark.parametrize(
    ("constraint", "fine", "wrong"),
    [
        ("EncryptionContextEquals", [{"a": "1"}], [{}, {"a": "1", "b": "2"}, {"A": "1"}]),
        ("EncryptionContextSubset", [{"a": "1"}, {"a": "1", "b": "2"}], [{}, {"a": "2"}, {"A": "1"}]),
    ],
)
def test_constraints_bind_a_grant_to_encryption_contexts(kms, key, grantee, constraint, fine, wrong):
    user = grantee()
    kms.create_grant(
        KeyId=key["KeyId"], GranteePrincipal=user.arn, Operations=["Encrypt", "DescribeKey"], Constraints={constraint: {"a": "1"}}
    )
    assert user.kms.describe_key(KeyId=key["KeyId"])
    for context in fine:
        assert user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)
    for context in wrong:
        with refused(DENIED):
            user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)


def test_a_name_makes_creation_idempotent_and_every_token_is_new(kms, key, grantee, name):
    user = grantee()
    asked = {"KeyId": key["KeyId"], "GranteePrincipal": user.arn, "Operations": ["Encrypt", "Decrypt"], "Name": name}
    first, again = kms.create_grant(**asked), kms.create_grant(**{**asked, "Operations": ["Decrypt", "Encrypt"]})
    assert first["GrantId"] == again["GrantId"]
    assert first["GrantToken"] != again["GrantToken"]
    other_key = kms.create_key()["KeyMetadata"]["KeyId"]
    others = [kms.create_grant(**{**asked, "Operations": ["Decrypt"]}), kms.create_grant(**{**asked, "KeyId": other_key})]
    del asked["Name"]
    others += [kms.create_grant(**asked), kms.create_grant(**asked)]
    assert len({one["GrantId"] for one in [first, *others]}) == 5


def test_lists_say_what_was_granted(kms, server, key, grantee, name):
    one, two = grantee(), grantee()
    constraints = {"EncryptionContextSubset": {"a": "1"}}
    made = kms.create_grant(
        KeyId=key["Arn"], GranteePrincipal=one.arn, RetiringPrincipal=two.arn, Operations=["Decrypt"], Constraints=constraints, Name=name
    )
    for _ in range(3):
        kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=two.arn, Operations=["Encrypt"])
    (listed,) = kms.list_grants(KeyId=key["KeyId"], GrantId=made["GrantId"])["Grants"]
    assert abs(listed.pop("CreationDate").timestamp() - time.time()) < 60
    expected = {
        "KeyId": key["Arn"],
        "GrantId": made["GrantId"],
        "Name": name,
        "GranteePrincipal": one.arn,
        "RetiringPrincipal": two.arn,
        "IssuingAccount": f"arn:aws:iam::{server.account}:root",
        "Operations": ["Decrypt"],
        "Constraints": constraints,
    }
    assert listed == expected

    (retirable,) = kms.list_retirable_grants(RetiringPrincipal=two.arn)["Grants"]
    assert retirable["GrantId"] == made["GrantId"]
    assert kms.list_retirable_grants(RetiringPrincipal=one.arn)["Grants"] == []
    of_two = kms.list_grants(KeyId=key["KeyId"], GranteePrincipal=two.arn)["Grants"]
    assert [one["Operations"] for one in of_two] == [["Encrypt"]] * 3
    assert all("Constraints" not in one and "RetiringPrincipal" not in one and one["Name"] == "" for one in of_two)
    pages = kms.get_paginator("list_grants").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 3})
    assert [len(page["Grants"]) for page in pages] == [3, 1]
    with refused("InvalidMarkerException"):
        kms.list_grants(KeyId=key["KeyId"], Marker="made up")


def test_who_may_retire_a_grant(kms, key, grantee):
    holder, retiring, stranger = grantee(), grantee(), grantee()

    def make(*operations, **more):
        return kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=holder.arn, Operations=["Decrypt", *operations], **more)

    def grants() -> int:
        return len(kms.list_grants(KeyId=key["KeyId"])["Grants"])

    made = make(RetiringPrincipal=retiring.arn)
    for who in (stranger, holder):
        with refused(DENIED):
            who.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    retiring.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    assert grants() == 0

    holder.kms.retire_grant(GrantToken=make("RetireGrant")["GrantToken"])
    kms.retire_grant(GrantToken=make()["GrantToken"])
    assert grants() == 0
    with refused("NotFoundException", f"Grant ID {made['GrantId']} not found"):
        kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    with refused("NotFoundException", f"Grant ID {made['GrantId']} not found"):
        kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    for wrong in ({}, {"KeyId": key["Arn"]}, {"KeyId": key["Arn"], "GrantId": "x", "GrantToken": made["GrantToken"]}):
        with refused("ValidationException"):
            kms.retire_grant(**wrong)


def test_whoever_may_grant_by_a_grant_gives_no_more_than_that(kms, key, grantee):
    middle, end = grantee(), grantee()
    bound = {"EncryptionContextSubset": {"a": "1"}}
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=middle.arn, Operations=["CreateGrant", "Decrypt"], Constraints=bound)

    def give(operations, **constraints):
        middle.kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=end.arn, Operations=operations, Constraints=constraints)

    for operations, constraints in (
        (["Encrypt"], bound),
        (["Decrypt"], {}),
        (["Decrypt"], {"EncryptionContextSubset": {"b": "1"}}),
    ):
        with refused(DENIED):
            give(operations, **constraints)
    give(["Decrypt"], EncryptionContextEquals={"a": "1", "b": "2"})
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "1", "b": "2"})["CiphertextBlob"]
    assert end.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "1", "b": "2"})["Plaintext"] == b"x"


def test_a_grant_to_a_role_is_for_all_of_its_sessions_and_one_to_a_session_for_that(kms, server, key, name):
    user = server.caller(allow("sts:AssumeRole"))
    trusted = trust_of(server.client("sts", user).get_caller_identity()["Arn"])
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]

    def session(session_name: str):
        assumed = server.client("sts", user).assume_role(RoleArn=role, RoleSessionName=session_name)
        return server.client("kms", Credentials.of(assumed["Credentials"]))

    one, two = session("one"), session("two")
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=role, Operations=["DescribeKey"])
    arn = f"arn:aws:sts::{server.account}:assumed-role/{name}/one"
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=arn, Operations=["Encrypt"])
    for client in (one, two):
        assert client.describe_key(KeyId=key["KeyId"])
    assert one.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    with refused(DENIED):
        two.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_a_grantee_that_is_gone_is_shown_by_its_id_and_its_name_inherits_nothing(kms, server, key, name):
    iam = server.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=arn, Operations=["DescribeKey"])
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    again = server.client("kms", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    with refused(DENIED):
        again.describe_key(KeyId=key["KeyId"])
    (listed,) = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert listed["GranteePrincipal"].startswith("AIDA")


def test_secrets_and_parameters_are_read_by_grant(kms, server, key, grantee, name):
    secrets, ssm = server.client("secretsmanager"), server.client("ssm")
    arn = secrets.create_secret(Name=name, SecretString="v", KmsKeyId=key["KeyId"])["ARN"]
    for tier in ("Standard", "Advanced"):
        ssm.put_parameter(Name=f"/{name}/{tier}", Value="v", Type="SecureString", KeyId=key["KeyId"], Tier=tier)
    reader = grantee(allow(["secretsmanager:GetSecretValue", "ssm:GetParameter"]))
    his_secrets, his_ssm = server.client("secretsmanager", reader.credentials), server.client("ssm", reader.credentials)

    def secret() -> str:
        return his_secrets.get_secret_value(SecretId=name)["SecretString"]

    def parameter(tier: str) -> str:
        return his_ssm.get_parameter(Name=f"/{name}/{tier}", WithDecryption=True)["Parameter"]["Value"]

    with refused(DENIED, "Access to KMS is not allowed"):
        secret()
    made = kms.create_grant(
        KeyId=key["KeyId"], GranteePrincipal=reader.arn, Operations=["Decrypt"], Constraints={"EncryptionContextSubset": {"SecretARN": arn}}
    )
    assert secret() == "v"
    for tier in ("Standard", "Advanced"):
        with refused(DENIED, re.compile(r"kms:Decrypt.*\(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException")):
            parameter(tier)
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=reader.arn, Operations=["Decrypt"])
    assert [secret(), parameter("Standard"), parameter("Advanced")] == ["v", "v", "v"]
    kms.disable_key(KeyId=key["KeyId"])
    with refused("DecryptionFailure"):
        secret()
    with refused("InvalidKeyId", re.compile(f"^{re.escape(key['Arn'])} is disabled")):
        parameter("Standard")


def test_conditions_decide_which_grants_may_be_made(server, key, grantee):
    user = grantee()
    conditions = {
        "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]},
        "StringEquals": {"kms:GranteePrincipal": user.arn, "kms:GrantConstraintType": "EncryptionContextEquals"},
        "Bool": {"kms:GrantIsForAWSResource": "false"},
        "Null": {"kms:RetiringPrincipal": "true"},
    }
    giver = grantee(allow("kms:CreateGrant", Condition=conditions))
    asked = {
        "KeyId": key["KeyId"],
        "GranteePrincipal": user.arn,
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextEquals": {"a": "1"}},
    }
    assert giver.kms.create_grant(**asked)["GrantId"]
    for wrong in (
        {"Operations": ["Decrypt", "GenerateDataKey"]},
        {"GranteePrincipal": giver.arn},
        {"Constraints": {"EncryptionContextSubset": {"a": "1"}}},
        {"RetiringPrincipal": giver.arn},
    ):
        with refused(DENIED):
            giver.kms.create_grant(**{**asked, **wrong})


def test_what_cannot_be_granted(kms, server, key, grantee):
    user = grantee()
    asked = {"KeyId": key["KeyId"], "GranteePrincipal": user.arn, "Operations": ["Decrypt"]}
    for nobody in (f"arn:aws:iam::{server.account}:user/ghost", "not-an-arn", "arn:aws:s3:::bucket"):
        with refused("InvalidArnException", "ARN does not refer to a valid principal"):
            kms.create_grant(**{**asked, "GranteePrincipal": nobody})
    for wrong in (
        {"Operations": ["Sign"]},
        {"Operations": []},
        {"Constraints": {"EncryptionContextEquals": {str(n): "v" for n in range(9)}}},
    ):
        with refused("ValidationException"):
            kms.create_grant(**{**asked, **wrong})
    for operation in (
        lambda token: kms.create_grant(**asked, GrantTokens=[token]),
        lambda token: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=[token]),
        lambda token: kms.describe_key(KeyId=key["KeyId"], GrantTokens=[token]),
        lambda token: kms.retire_grant(GrantToken=token),
    ):
        with refused("InvalidGrantTokenException"):
            operation("bm8gdG9rZW4=")


def test_a_dry_run_of_a_grant_changes_nothing(kms, key, grantee):
    user, dry = grantee(), "DryRunOperationException"
    asked = {"KeyId": key["KeyId"], "GranteePrincipal": user.arn, "Operations": ["Decrypt"]}
    with refused(dry):
        kms.create_grant(**asked, DryRun=True)
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []
    grant = {"KeyId": key["Arn"], "GrantId": kms.create_grant(**asked)["GrantId"]}
    for operation in (kms.revoke_grant, kms.retire_grant):
        with refused(dry):
            operation(**grant, DryRun=True)
    assert len(kms.list_grants(KeyId=key["KeyId"])["Grants"]) == 1
    with refused(DENIED):
        user.kms.create_grant(**asked, DryRun=True)
