"""KMS as boto3 sees it."""

import json
import re
import uuid

import pytest

from errors import constraint, refused
from harness import Credentials, allow, deny

TOO_LONG = constraint("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096")
TOO_SHORT = constraint("Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1")


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms")


@pytest.fixture(scope="module")
def key(kms):
    """A customer key that tests share and never change."""
    return kms.create_key(Description="shared")["KeyMetadata"]


def test_a_new_key_describes_itself(kms, server):
    made = kms.create_key()["KeyMetadata"]
    assert uuid.UUID(made["KeyId"])
    assert made["Arn"] == f"arn:aws:kms:{server.region}:{server.account}:key/{made['KeyId']}"
    expected = {
        "AWSAccountId": server.account,
        "Enabled": True,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    assert {member: made.get(member) for member in expected} == expected
    assert re.fullmatch("[0-9a-f]{64}", made["CurrentKeyMaterialId"])
    assert "DeletionDate" not in made
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


def test_what_was_encrypted_is_decrypted_without_naming_the_key(kms, key):
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"\0 bytes")
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (key["Arn"], "SYMMETRIC_DEFAULT")
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"], opened["EncryptionAlgorithm"]) == (b"\0 bytes", key["Arn"], "SYMMETRIC_DEFAULT")
    assert opened["KeyMaterialId"] == key["CurrentKeyMaterialId"]


def test_the_same_plaintext_gives_another_ciphertext_each_time(kms, key):
    blobs = {kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"] for _ in range(5)}
    assert len(blobs) == 5


def test_the_encryption_context_must_be_the_same_map(kms, key):
    context = {"a": "1", "b": "2"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"b": "2", "a": "1"})["Plaintext"] == b"x"
    for wrong in ({}, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "1", "b": "2", "c": "3"}, {"A": "1", "b": "2"}, {"a": "12", "b": ""}):
        with refused("InvalidCiphertextException") as caught:
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=wrong)
        assert not caught.value.response["Error"].get("Message")


def test_garbage_and_tampered_ciphertexts_are_invalid(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for place in (0, len(blob) // 2, len(blob) - 1):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(kms.exceptions.ClientError) as caught:
            kms.decrypt(CiphertextBlob=changed)
        assert caught.value.response["Error"]["Code"] in ("InvalidCiphertextException", "AccessDeniedException")
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=b"garbage")


def test_decrypt_under_another_key_is_refused(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    text = "The key ID in the request does not identify a CMK that can perform this operation."
    with refused("IncorrectKeyException", text):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key["Arn"])["Plaintext"] == b"x"


def test_plaintexts_have_bounds_and_are_not_repeated(kms, key):
    assert kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4096)
    with refused("ValidationException", TOO_LONG):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4097)
    with refused("ValidationException", TOO_SHORT):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"")


def test_a_key_is_named_by_id_arn_alias_and_alias_arn(kms, server, key, name):
    alias = f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for key_id in (key["KeyId"], key["Arn"], alias, f"arn:aws:kms:{server.region}:{server.account}:{alias}"):
        assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"] == key["Arn"]
        assert kms.encrypt(KeyId=key_id, Plaintext=b"x")["KeyId"] == key["Arn"]


def test_keys_that_do_not_exist(kms, server, name):
    absent = str(uuid.uuid4())
    arn = f"arn:aws:kms:{server.region}:{server.account}:key/{absent}"
    for given in (absent, arn):
        with refused("NotFoundException", f"Key '{arn}' does not exist"):
            kms.describe_key(KeyId=given)
    for given in (absent.replace("-", ""), "mrk-fake", name):
        with refused("NotFoundException", f"Invalid keyId '{given}'"):
            kms.describe_key(KeyId=given)
    with refused("NotFoundException", "Invalid arn mars-north-1"):
        kms.describe_key(KeyId=arn.replace(server.region, "mars-north-1"))
    with refused("NotFoundException", f"Alias arn:aws:kms:{server.region}:{server.account}:alias/{name} is not found."):
        kms.describe_key(KeyId=f"alias/{name}")


def test_a_key_works_in_its_region_only(kms, server, key):
    there = server.client("kms", region="eu-west-3")
    with refused("NotFoundException", f"Invalid arn {server.region}"):
        there.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(there.exceptions.ClientError) as caught:
        there.decrypt(CiphertextBlob=blob)
    assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "InvalidCiphertextException")


def test_aliases(kms, server, key, name):
    alias = f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["Arn"])
    arn = f"arn:aws:kms:{server.region}:{server.account}:{alias}"
    with refused("AlreadyExistsException", f"An alias with the name {arn} already exists"):
        kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    text = 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'
    with refused("ValidationException", text):
        kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    with refused("NotAuthorizedException"):
        kms.create_alias(AliasName=f"alias/aws/{name}", TargetKeyId=key["KeyId"])
    with refused("ValidationException", "Aliases must refer to keys. Not aliases"):
        kms.create_alias(AliasName=f"{alias}2", TargetKeyId=alias)
    found = [one for one in kms.list_aliases(KeyId=key["KeyId"], Limit=1000)["Aliases"] if one["AliasName"] == alias]
    assert [(one["AliasArn"], one["TargetKeyId"]) for one in found] == [(arn, key["KeyId"])]


def test_lists_come_in_pages(server):
    kms = server.client("kms", region="ca-central-1")
    made = {kms.create_key()["KeyMetadata"]["Arn"] for _ in range(5)}
    first = kms.list_keys(Limit=2)
    assert (len(first["Keys"]), first["Truncated"], "NextMarker" in first) == (2, True, True)
    everything = [one for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}) for one in page["Keys"]]
    assert {one["KeyArn"] for one in everything} >= made
    assert all(one["KeyArn"].endswith(one["KeyId"]) for one in everything)
    last = kms.list_keys(Limit=1000)
    assert (last["Truncated"], "NextMarker" in last) == (False, False)


@pytest.mark.parametrize(("asked", "length"), [({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 1024}, 1024)])
def test_a_data_key_is_given_in_clear_and_sealed(kms, key, asked, length):
    made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext={"for": "test"}, **asked)
    assert (len(made["Plaintext"]), made["KeyId"], made["KeyMaterialId"]) == (length, key["Arn"], key["CurrentKeyMaterialId"])
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"for": "test"})["Plaintext"] == made["Plaintext"]


def test_a_data_key_wants_one_size(kms, key):
    for wrong in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 32}):
        with refused("ValidationException", "Please specify either number of bytes or key spec."):
            kms.generate_data_key(KeyId=key["KeyId"], **wrong)
    text = constraint("Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024")
    with refused("ValidationException", text):
        kms.generate_data_key(KeyId=key["KeyId"], NumberOfBytes=1025)


def test_the_aws_managed_keys_belong_to_their_services(kms, server, name):
    server.client("secretsmanager").create_secret(Name=name, SecretString="v")
    server.client("ssm").put_parameter(Name=name, Value="v", Type="SecureString")
    for service in ("secretsmanager", "ssm"):
        metadata = kms.describe_key(KeyId=f"alias/aws/{service}")["KeyMetadata"]
        assert (metadata["KeyManager"], metadata["KeyState"]) == ("AWS", "Enabled")
        someone = server.client("kms", server.caller(allow("kms:*")))
        with refused("AccessDeniedException"):
            someone.encrypt(KeyId=f"alias/aws/{service}", Plaintext=b"x")


def test_describing_an_aws_managed_key_makes_it(server):
    kms = server.client("kms", region="sa-east-1")
    assert kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["KeyManager"] == "AWS"


def test_a_dry_run_only_says_that_it_would_work(kms, key):
    text = "The request would have succeeded, but the DryRun option is set."
    with refused("DryRunOperationException", text):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)


def test_a_key_policy_that_does_not_delegate_keeps_identity_policies_out(kms, server):
    user = server.client("sts").get_caller_identity()["Arn"]
    statement = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:*", "Resource": "*"}
    delegating = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))["KeyMetadata"]
    caller = server.client("kms", server.caller(allow("kms:Encrypt", delegating["Arn"])))
    assert caller.encrypt(KeyId=delegating["KeyId"], Plaintext=b"x")

    statement["Action"] = ["kms:DescribeKey", "kms:PutKeyPolicy"]
    closed = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))["KeyMetadata"]
    outsider = server.caller(allow("kms:*"))
    with refused("AccessDeniedException", re.compile("because no resource-based policy allows the kms:Encrypt action$")):
        server.client("kms", outsider).encrypt(KeyId=closed["KeyId"], Plaintext=b"x")


def test_a_key_policy_can_name_a_user_who_has_no_policy(kms, server, name):
    iam = server.client("iam")
    user = iam.create_user(UserName=name)["User"]["Arn"]
    credentials = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{server.account}:root"}, "Action": "kms:*", "Resource": "*"}
    direct = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:Encrypt", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [root, direct]}))["KeyMetadata"]["KeyId"]
    his = server.client("kms", credentials)
    blob = his.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        his.decrypt(CiphertextBlob=blob)


def test_a_key_policy_that_locks_its_maker_out_is_refused(kms, server):
    someone = f"arn:aws:iam::{server.account}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": someone}, "Action": "kms:Encrypt", "Resource": "*"}
    text = "The new key policy will not allow you to update the key policy in the future."
    with refused("MalformedPolicyDocumentException", text):
        kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_conditions_on_the_encryption_context_decide(kms, server, key):
    bound = allow("kms:Decrypt", key["Arn"], Condition={"StringEquals": {"kms:EncryptionContext:App": "a"}})
    caller = server.client("kms", server.caller(bound, deny("kms:Decrypt", "*", Condition={"Null": {"kms:EncryptionContextKeys": "true"}})))
    blobs = {app: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"App": app})["CiphertextBlob"] for app in "ab"}
    assert caller.decrypt(CiphertextBlob=blobs["a"], EncryptionContext={"App": "a"})["Plaintext"] == b"x"
    with refused("AccessDeniedException"):
        caller.decrypt(CiphertextBlob=blobs["b"], EncryptionContext={"App": "b"})
