"""The life of KMS keys: states, policies, rotation, deletion, tags, aliases; and keys of other accounts."""

import datetime
import json
import re
import sqlite3
import time
import uuid

import pytest

from errors import constraint, refused
from harness import Credentials, allow, policy, trust_of, wait_for

DENIED = "AccessDeniedException"
DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def in_days(moment: datetime.datetime) -> float:
    return (moment.timestamp() - time.time()) / DAY


# States

BLOB, OTHER = object(), object()
USES = {
    "encrypt": {"Plaintext": b"x"},
    "generate_data_key": {"KeySpec": "AES_256"},
    "generate_data_key_without_plaintext": {"NumberOfBytes": 16},
    "decrypt": {"CiphertextBlob": BLOB},
    "re_encrypt": {"CiphertextBlob": BLOB, "DestinationKeyId": OTHER},
    "create_grant": {"GranteePrincipal": "arn:aws:iam::{account}:root", "Operations": ["Decrypt"]},
    "enable_key_rotation": {},
    "disable_key_rotation": {},
    "rotate_key_on_demand": {},
}
READS = ["describe_key", "get_key_policy", "list_key_policies", "list_grants", "list_resource_tags", "list_key_rotations"]
CHANGES = {
    "update_key_description": {"Description": "d"},
    "tag_resource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]},
    "untag_resource": {"TagKeys": ["k"]},
    "get_key_rotation_status": {},
}


@pytest.fixture
def act(kms, server, key):
    """Does one thing with the key of the test."""
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]

    def act(operation: str, **parameters):
        known = {BLOB: blob, OTHER: other}
        for name, value in parameters.items():
            if isinstance(value, str):
                parameters[name] = value.replace("{account}", server.account)
            elif not isinstance(value, (list, dict, bytes, int)):
                parameters[name] = known[value]
        if "CiphertextBlob" not in parameters:
            parameters["KeyId"] = key["KeyId"]
        return getattr(kms, operation)(**parameters)

    return act


def test_a_disabled_key_can_be_looked_at_and_changed_but_not_used(kms, key, act):
    kms.disable_key(KeyId=key["KeyId"])
    for operation, parameters in USES.items():
        with refused("DisabledException", f"{key['Arn']} is disabled."):
            act(operation, **parameters)
    for operation in READS:
        act(operation)
    for operation, parameters in CHANGES.items():
        act(operation, **parameters)
    with refused("KMSInvalidStateException", f"{key['Arn']} is not pending deletion."):
        act("cancel_key_deletion")
    act("disable_key")
    act("enable_key")
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"
    for operation, parameters in USES.items():
        act(operation, **parameters)


def test_a_key_on_its_way_out_can_be_looked_at_and_called_back(kms, key, act, name):
    grant = act("create_grant", **USES["create_grant"])["GrantId"]
    gone, moved = f"alias/{name}-gone", f"alias/{name}-moved"
    for alias in (gone, moved):
        kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    kms.disable_key(KeyId=key["KeyId"])

    told = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert (told["KeyId"], told["KeyState"], told["PendingWindowInDays"]) == (key["Arn"], "PendingDeletion", 7)
    assert 6.9 < in_days(told["DeletionDate"]) < 7.1
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["DeletionDate"]) == ("PendingDeletion", False, told["DeletionDate"])

    for operation, parameters in {**USES, **CHANGES, "enable_key": {}, "disable_key": {}, "schedule_key_deletion": {}}.items():
        with refused("KMSInvalidStateException", f"{key['Arn']} is pending deletion."):
            act(operation, **parameters)
    with refused("KMSInvalidStateException", f"{key['Arn']} is pending deletion."):
        kms.create_alias(AliasName=f"{gone}2", TargetKeyId=key["KeyId"])
    for operation in READS:
        act(operation)
    act("put_key_policy", Policy=act("get_key_policy")["Policy"])
    act("revoke_grant", GrantId=grant)
    kms.delete_alias(AliasName=gone)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=moved, TargetKeyId=other)
    with refused("KMSInvalidStateException"):
        kms.update_alias(AliasName=moved, TargetKeyId=key["KeyId"])

    assert kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (metadata["KeyState"], "DeletionDate" in metadata) == ("Disabled", False)


@pytest.mark.parametrize(("days", "bound"), [(6, "greater than or equal to 7"), (31, "less than or equal to 30")])
def test_a_key_waits_a_week_to_a_month(kms, key, days, bound):
    text = f"Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value {bound}"
    with refused("ValidationException", constraint(text)):
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=days)
    assert 29.9 < in_days(kms.schedule_key_deletion(KeyId=key["KeyId"])["DeletionDate"]) < 30.1


# What happens by itself


@pytest.fixture
def own_server(new_server):
    return new_server(arguments=("--no-agent",)).start()


def on_disk(server, statement: str, *arguments) -> list:
    """While the server is stopped, what time does to it."""
    with sqlite3.connect(server.data_dir / "sealift.db") as database:
        return database.execute(statement, arguments).fetchall()


def test_after_the_waiting_period_the_material_is_really_gone(own_server, name):
    server, kms = own_server, own_server.client("kms")
    key, kept = (kms.create_key()["KeyMetadata"] for _ in range(2))
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    blobs = {one["KeyId"]: kms.encrypt(KeyId=one["KeyId"], Plaintext=b"x")["CiphertextBlob"] for one in (key, kept)}
    secrets = server.client("secretsmanager")
    secrets.create_secret(Name="s", SecretString="v", KmsKeyId=key["KeyId"])
    for one in (key, kept):
        kms.schedule_key_deletion(KeyId=one["KeyId"], PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=kept["KeyId"])
    server.kill()
    server.start()
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    server.stop()
    sealed = on_disk(server, "SELECT sealed FROM kms_materials WHERE key_id = ?", key["KeyId"])[0][0]
    on_disk(server, "UPDATE kms_keys SET deletion_date = ? WHERE deletion_date IS NOT NULL", int(time.time() * 1000) - 5000)
    server.start()

    def is_gone() -> bool:
        return key["KeyId"] not in [one["KeyId"] for one in kms.list_keys()["Keys"]]

    wait_for("the deletion", is_gone)
    with refused("NotFoundException", f"Key '{key['Arn']}' does not exist"):
        kms.describe_key(KeyId=key["KeyId"])
    with refused(DENIED, re.compile("^The ciphertext refers to a customer master key that does not exist")):
        kms.decrypt(CiphertextBlob=blobs[key["KeyId"]])
    with refused("NotFoundException"):
        kms.describe_key(KeyId=f"alias/{name}")
    with refused(DENIED):
        secrets.get_secret_value(SecretId="s")
    kms.enable_key(KeyId=kept["KeyId"])
    assert kms.decrypt(CiphertextBlob=blobs[kept["KeyId"]])["Plaintext"] == b"x"
    server.stop()
    assert on_disk(server, "SELECT * FROM kms_materials WHERE key_id = ?", key["KeyId"]) == []
    for file in server.data_dir.glob("sealift.db*"):
        assert sealed not in file.read_bytes()


def test_a_key_gets_new_material_when_its_time_has_come_once(own_server):
    server, kms = own_server, own_server.client("kms")
    key, off, disabled = (kms.create_key()["KeyMetadata"] for _ in range(3))
    for one in (key, disabled):
        kms.enable_key_rotation(KeyId=one["KeyId"], RotationPeriodInDays=90)
    kms.disable_key(KeyId=disabled["KeyId"])
    server.client("secretsmanager").create_secret(Name="s", SecretString="v", KmsKeyId=key["KeyId"])
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    server.kill()
    # Nobody was here for three periods.
    on_disk(server, "UPDATE kms_keys SET next_rotation = ? WHERE next_rotation IS NOT NULL", int((time.time() - 300 * DAY) * 1000))
    server.start()

    def material(one: dict) -> str:
        return kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]

    wait_for("the rotation", lambda: material(key) != key["CurrentKeyMaterialId"])
    assert (material(off), material(disabled)) == (off["CurrentKeyMaterialId"], disabled["CurrentKeyMaterialId"])
    (rotation,) = kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    assert (rotation["RotationType"], rotation["KeyMaterialId"]) == ("AUTOMATIC", material(key))
    assert 89.9 < in_days(kms.get_key_rotation_status(KeyId=key["KeyId"])["NextRotationDate"]) < 90.1
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key["KeyId"], Plaintext=b"y")["CiphertextBlob"])["KeyMaterialId"] == material(key)
    assert server.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "v"


# Rotation


def test_automatic_rotation_is_switched_on_and_off(kms, key):
    status = kms.get_key_rotation_status(KeyId=key["Arn"])
    assert (status["KeyId"], status["KeyRotationEnabled"]) == (key["Arn"], False)
    assert {"RotationPeriodInDays", "NextRotationDate"}.isdisjoint(status)
    kms.enable_key_rotation(KeyId=key["KeyId"])
    status = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    assert 364.9 < in_days(status["NextRotationDate"]) < 365.1
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=2560)
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["RotationPeriodInDays"] == 2560
    for days, bound in ((89, "greater than or equal to 90"), (2561, "less than or equal to 2560")):
        text = f"Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value {bound}"
        with refused("ValidationException", constraint(text)):
            kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=days)
    kms.disable_key_rotation(KeyId=key["KeyId"])
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is False


def test_old_ciphertexts_open_for_ever(kms, key):
    context = {"a": "1"}
    blobs = []
    for number in range(25):
        blobs.append(kms.encrypt(KeyId=key["KeyId"], Plaintext=str(number).encode(), EncryptionContext=context)["CiphertextBlob"])
        assert kms.rotate_key_on_demand(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    text = "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: "
    with refused("LimitExceededException", text + key["Arn"]):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    used = set()
    for number, blob in enumerate(blobs):
        opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        assert (opened["Plaintext"], opened["KeyId"]) == (str(number).encode(), key["Arn"])
        used.add(opened["KeyMaterialId"])
    assert len(used) == 25
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"] not in used


def test_rotations_are_listed(kms, key):
    assert kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"] == []
    for _ in range(3):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    pages = list(kms.get_paginator("list_key_rotations").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 2}))
    rotations = [one for page in pages for one in page["Rotations"]]
    assert [len(page["Rotations"]) for page in pages] == [2, 1]
    assert {(one["KeyId"], one["RotationType"]) for one in rotations} == {(key["Arn"], "ON_DEMAND")}
    assert [one["KeyMaterialState"] for one in rotations] == ["NON_CURRENT", "NON_CURRENT", "CURRENT"]
    current = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]
    assert rotations[-1]["KeyMaterialId"] == current
    everything = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [one["KeyMaterialId"] for one in everything][0] == key["CurrentKeyMaterialId"]
    assert "RotationDate" not in everything[0]
    assert everything[1:] == rotations


def test_keys_of_aws_rotate_every_year_and_are_not_for_their_users_to_change(kms, server):
    owner = server.client("kms", server.caller(allow("kms:*")))
    key = kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["KeyId"]
    status = owner.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    assert json.loads(owner.get_key_policy(KeyId=key)["Policy"])["Id"] == "auto-ssm-1"
    for operation, parameters in {
        "disable_key": {},
        "schedule_key_deletion": {},
        "disable_key_rotation": {},
        "tag_resource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]},
        "put_key_policy": {"Policy": "{}"},
        "create_grant": {"GranteePrincipal": f"arn:aws:iam::{server.account}:root", "Operations": ["Decrypt"]},
    }.items():
        for client in (owner, kms):
            with refused(DENIED, re.compile("because no resource-based policy allows")):
                getattr(client, operation)(KeyId=key, **parameters)


# Policies


def test_a_key_policy_is_given_back_and_replaced(kms, server, key, name):
    default = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    root = f"arn:aws:iam::{server.account}:root"
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }
    assert default == {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    assert kms.list_key_policies(KeyId=key["KeyId"])["PolicyNames"] == ["default"]

    user = server.client("iam").create_user(UserName=name, Path="/p/")["User"]["Arn"]
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(root))["Role"]["Arn"]
    named = {"Effect": "Allow", "Principal": {"AWS": [user, role]}, "Action": "kms:Encrypt", "Resource": "*"}
    kms.put_key_policy(KeyId=key["Arn"], PolicyName="default", Policy=policy(statement, named))
    answer = kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")
    assert answer["PolicyName"] == "default"
    assert json.loads(answer["Policy"])["Statement"] == [statement, named]
    # Who is gone is shown by the id that the policy means.
    server.client("iam").delete_user(UserName=name)
    shown = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])["Statement"][1]["Principal"]["AWS"]
    assert (shown[0][:4], shown[1]) == ("AIDA", role)

    for operation in (kms.get_key_policy, lambda **given: kms.put_key_policy(**given, Policy=policy(statement))):
        with refused("NotFoundException", "No such policy exists"):
            operation(KeyId=key["KeyId"], PolicyName="other")


def test_a_replaced_policy_decides_from_the_next_request_on_and_locks_nobody_out(kms, server, key):
    someone = server.caller(allow("kms:*"))
    his = server.client("kms", someone)
    arn = server.client("sts", someone).get_caller_identity()["Arn"]
    assert his.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    use = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": ["kms:Encrypt", "kms:PutKeyPolicy"], "Resource": "*"}
    text = "The new key policy will not allow you to update the key policy in the future."
    with refused("MalformedPolicyDocumentException", text):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=policy(use))
    his.put_key_policy(KeyId=key["KeyId"], Policy=policy(use))
    assert his.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    for client, operation in ((his, "describe_key"), (kms, "describe_key")):
        with refused(DENIED, re.compile("because no resource-based policy allows the kms:DescribeKey action$")):
            getattr(client, operation)(KeyId=key["KeyId"])
    use["Action"] = "kms:Encrypt"
    his.put_key_policy(KeyId=key["KeyId"], Policy=policy(use), BypassPolicyLockoutSafetyCheck=True)
    with refused(DENIED):
        his.put_key_policy(KeyId=key["KeyId"], Policy=policy(use), BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize("bad", ["no JSON", "{}", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'])
def test_a_malformed_policy_is_refused(kms, key, bad):
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=bad)


# Tags, aliases, names


def test_tags(kms, key):
    def tags() -> dict:
        pages = kms.get_paginator("list_resource_tags").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 20})
        return {one["TagKey"]: one["TagValue"] for page in pages for one in page["Tags"]}

    def tag(**pairs):
        kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": name, "TagValue": value} for name, value in pairs.items()])

    tag(a="1", b="2")
    tag(b="3")
    assert tags() == {"a": "1", "b": "3"}
    with refused("TagException", "Too many tags"):
        tag(**{f"k{number}": "" for number in range(49)})
    tag(**{f"k{number}": "" for number in range(48)})
    assert len(tags()) == 50
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["a", "b", "absent"])
    assert len(tags()) == 48
    with refused("TagException", "Tags beginning with aws: are reserved"):
        tag(**{"AWS:x": "1"})
    with refused("TagException", "Duplicate tag keys"):
        kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "x", "TagValue": value} for value in "12"])


def test_tags_and_aliases_decide(kms, server, key, name):
    alias = f"alias/{name}"
    by_tag = server.client("kms", server.caller(allow("kms:Encrypt", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}})))
    by_alias = server.client(
        "kms", server.caller(allow("kms:Encrypt", Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}))
    )
    by_request = server.client("kms", server.caller(allow("kms:*", Condition={"StringEquals": {"kms:RequestAlias": alias}})))
    for client in (by_tag, by_alias):
        with refused(DENIED):
            client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "team", "TagValue": "red"}])
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for client in (by_tag, by_alias):
        assert client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    with refused(DENIED):
        by_request.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    blob = by_request.encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    assert by_request.decrypt(CiphertextBlob=blob, KeyId=alias)["Plaintext"] == b"x"
    with refused(DENIED):
        by_request.decrypt(CiphertextBlob=blob)


def test_an_alias_is_pointed_elsewhere_and_removed(kms, server, key, name):
    alias, other = f"alias/{name}", kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    before = kms.list_aliases(KeyId=key["KeyId"])["Aliases"][0]
    kms.update_alias(AliasName=alias, TargetKeyId=other["Arn"])
    (after,) = kms.list_aliases(KeyId=other["KeyId"])["Aliases"]
    assert (after["TargetKeyId"], after["CreationDate"]) == (other["KeyId"], before["CreationDate"])
    assert after["LastUpdatedDate"] > before["LastUpdatedDate"]
    assert kms.encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == other["Arn"]
    kms.delete_alias(AliasName=alias)
    missing = f"Alias arn:aws:kms:{server.region}:{server.account}:{alias} is not found."
    with refused("NotFoundException", missing):
        kms.delete_alias(AliasName=alias)
    with refused("NotFoundException", missing):
        kms.update_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for reserved in ("alias/aws/ssm", f"alias/aws/{name}"):
        with refused("NotAuthorizedException"):
            kms.update_alias(AliasName=reserved, TargetKeyId=key["KeyId"])
        with refused("NotAuthorizedException"):
            kms.delete_alias(AliasName=reserved)


def test_a_key_has_fifty_aliases_at_most(kms, key, name):
    for number in range(50):
        kms.create_alias(AliasName=f"alias/{name}-{number}", TargetKeyId=key["KeyId"])
    with refused("LimitExceededException"):
        kms.create_alias(AliasName=f"alias/{name}-50", TargetKeyId=key["KeyId"])


def test_most_operations_take_no_alias(kms, key, act, name):
    alias = f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for operation in ("enable_key", "disable_key", "get_key_policy", "list_grants", "schedule_key_deletion", "list_resource_tags"):
        with refused("NotFoundException", f"Invalid keyId '{alias}'"):
            getattr(kms, operation)(KeyId=alias)
    absent = str(uuid.uuid4())
    with refused("NotFoundException", f"Key '{key['Arn'].replace(key['KeyId'], absent)}' does not exist"):
        kms.enable_key(KeyId=absent)


# ReEncrypt and randomness


def test_re_encrypt_moves_a_ciphertext_to_another_key_and_context(kms, server, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    asked = {"CiphertextBlob": blob, "DestinationKeyId": other["KeyId"], "SourceEncryptionContext": {"a": "1"}}
    moved = kms.re_encrypt(**asked, DestinationEncryptionContext={"b": "2"})
    answer = {name: value for name, value in moved.items() if name not in ("CiphertextBlob", "ResponseMetadata")}
    assert answer == {
        "SourceKeyId": key["Arn"],
        "KeyId": other["Arn"],
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": key["CurrentKeyMaterialId"],
        "DestinationKeyMaterialId": other["CurrentKeyMaterialId"],
    }
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"b": "2"})
    assert (opened["Plaintext"], opened["KeyId"]) == (b"x", other["Arn"])
    with refused("InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other["KeyId"])
    with refused("IncorrectKeyException"):
        kms.re_encrypt(**asked, SourceKeyId=other["KeyId"])
    with refused("DryRunOperationException"):
        kms.re_encrypt(**asked, DryRun=True)

    same = {"Bool": {"kms:ReEncryptOnSameKey": "true"}}
    caller = server.client("kms", server.caller(allow("kms:ReEncrypt*", Condition=same)))
    assert caller.re_encrypt(**{**asked, "DestinationKeyId": key["KeyId"]})
    with refused(DENIED, re.compile(f"perform: kms:ReEncryptFrom on resource: {key['Arn']}")):
        caller.re_encrypt(**asked)
    only_from = server.client("kms", server.caller(allow("kms:ReEncryptFrom")))
    with refused(DENIED, re.compile(f"perform: kms:ReEncryptTo on resource: {other['Arn']}")):
        only_from.re_encrypt(**asked)


def test_a_data_key_without_plaintext(kms, key):
    made = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=33)
    assert "Plaintext" not in made
    assert (made["KeyId"], made["KeyMaterialId"]) == (key["Arn"], key["CurrentKeyMaterialId"])
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == 33


def test_random_bytes(kms):
    assert len({kms.generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(4)}) == 4
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    with refused("ValidationException", "NumberOfBytes is required."):
        kms.generate_random()
    text = "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024"
    with refused("ValidationException", constraint(text)):
        kms.generate_random(NumberOfBytes=1025)


def test_a_dry_run_of_decrypt_wants_no_ciphertext_where_it_is_told_so(kms, server, key):
    asked = {"KeyId": key["KeyId"], "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    with refused("DryRunOperationException"):
        kms.decrypt(**asked)
    with refused(DENIED):
        server.client("kms", server.caller()).decrypt(**asked)


@pytest.mark.parametrize(
    "asked",
    [{"KeySpec": "RSA_2048"}, {"KeySpec": "HMAC_256"}, {"Origin": "EXTERNAL"}, {"CustomKeyStoreId": "cks-1"}],
)
def test_other_kinds_of_keys_are_refused_by_name(kms, asked):
    with refused("UnsupportedOperationException"):
        kms.create_key(**asked)


# Other accounts


def test_a_key_of_another_account_works_where_both_sides_agree(new_server, name):
    server = new_server(arguments=("--no-agent",)).start()
    kms = server.client("kms")
    done = server.sealift("account", "create", "111122223333", "--print", "-o", "json")
    assert done.returncode == 0, done.stderr
    other = Credentials.of(json.loads(done.stdout))
    iam = server.client("iam", other)

    def user(*statements) -> Credentials:
        user_name = f"u{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=user_name)
        iam.put_user_policy(UserName=user_name, PolicyName="p", PolicyDocument=policy(*statements))
        return Credentials.of(iam.create_access_key(UserName=user_name)["AccessKey"])

    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{server.account}:root"}, "Action": "kms:*", "Resource": "*"}
    uses = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:DisableKey"]
    theirs = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": uses, "Resource": "*"}
    shared = kms.create_key(Policy=policy(own, theirs))["KeyMetadata"]
    closed = kms.create_key()["KeyMetadata"]
    everything = allow(["kms:*", "secretsmanager:*", "ssm:*"])
    allowed, not_allowed = user(everything), user(allow(["secretsmanager:*", "ssm:*"]))
    client = server.client("kms", allowed)

    blob = client.encrypt(KeyId=shared["Arn"], Plaintext=b"x")["CiphertextBlob"]
    assert client.decrypt(CiphertextBlob=blob)["KeyId"] == shared["Arn"]
    assert client.describe_key(KeyId=shared["Arn"])["KeyMetadata"]["AWSAccountId"] == server.account
    with refused(DENIED):
        client.encrypt(KeyId=closed["Arn"], Plaintext=b"x")
    with refused(DENIED):
        server.client("kms", not_allowed).encrypt(KeyId=shared["Arn"], Plaintext=b"x")
    # Operations that work within an account only, whatever the policy says.
    with refused(DENIED):
        client.disable_key(KeyId=shared["Arn"])
    with refused(DENIED):
        client.create_alias(AliasName=f"alias/{name}", TargetKeyId=shared["Arn"])

    secrets, ssm = server.client("secretsmanager", allowed), server.client("ssm", allowed)
    secrets.create_secret(Name="s", SecretString="v", KmsKeyId=shared["Arn"])
    ssm.put_parameter(Name="p", Value="v", Type="SecureString", KeyId=shared["Arn"])
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "v"
    assert ssm.get_parameter(Name="p", WithDecryption=True)["Parameter"]["Value"] == "v"
    with refused(DENIED):
        server.client("secretsmanager", not_allowed).get_secret_value(SecretId="s")
    with refused(DENIED, "Access to KMS is not allowed"):
        secrets.create_secret(Name="t", SecretString="v", KmsKeyId=closed["Arn"])

    # A grant does for another account's user what the key policy would, and their own account must agree as well.
    theirs_arn = server.client("sts", allowed).get_caller_identity()["Arn"]
    kms.create_grant(KeyId=closed["KeyId"], GranteePrincipal=theirs_arn, Operations=["Encrypt"])
    assert client.encrypt(KeyId=closed["Arn"], Plaintext=b"x")
    with refused(DENIED):
        client.generate_data_key(KeyId=closed["Arn"], NumberOfBytes=8)
