"""Secrets under customer keys: how keys are named, who needs what, and what becomes of values without their key."""

import pytest

from errors import refused
from harness import allow

NO_KMS = "Access to KMS is not allowed"
CANNOT_DECRYPT = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."


@pytest.fixture(scope="module")
def secrets(server):
    return server.client("secretsmanager")


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms")


@pytest.fixture
def key(kms) -> dict:
    return kms.create_key()["KeyMetadata"]


def test_a_key_is_named_in_four_ways_and_shown_as_it_was_named(server, secrets, kms, key, name):
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].split(":key/")[0] + f":alias/{name}"
    for number, form in enumerate((key["KeyId"], key["Arn"], f"alias/{name}", alias_arn)):
        one = f"{name}/{number}"
        secrets.create_secret(Name=one, SecretString="v", KmsKeyId=form)
        assert secrets.describe_secret(SecretId=one)["KmsKeyId"] == form
        assert secrets.get_secret_value(SecretId=one)["SecretString"] == "v"
        assert secrets.list_secret_version_ids(SecretId=one)["Versions"][0]["KmsKeyIds"] == [key["Arn"]]


def test_without_its_key_a_value_can_be_neither_read_nor_written(secrets, kms, key, name):
    secrets.create_secret(Name=name, SecretString="v", KmsKeyId=key["KeyId"])

    def refuses():
        with refused("DecryptionFailure", CANNOT_DECRYPT):
            secrets.get_secret_value(SecretId=name)
        answer = secrets.batch_get_secret_value(SecretIdList=[name])
        assert [(one["ErrorCode"], one["Message"]) for one in answer["Errors"]] == [("DecryptionFailure", CANNOT_DECRYPT)]
        with refused("EncryptionFailure"):
            secrets.put_secret_value(SecretId=name, SecretString="w")
        with refused("EncryptionFailure"):
            secrets.create_secret(Name=f"{name}-other", SecretString="v", KmsKeyId=key["KeyId"])

    kms.disable_key(KeyId=key["KeyId"])
    refuses()
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    refuses()
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_the_caller_needs_the_key_through_secrets_manager_with_the_context_of_the_secret(server, secrets, key, name):
    arn = secrets.create_secret(Name=name, SecretString="v", KmsKeyId=key["KeyId"])["ARN"]
    read = allow("secretsmanager:GetSecretValue", arn)

    def reader(*statements):
        return server.client("secretsmanager", server.caller(read, *statements))

    def decrypt(**condition):
        return allow("kms:Decrypt", key["Arn"], Condition={"StringEquals": condition})

    with refused("AccessDeniedException", NO_KMS):
        reader().get_secret_value(SecretId=name)
    here = f"secretsmanager.{server.region}.amazonaws.com"
    fits = {"kms:ViaService": here, "kms:EncryptionContext:SecretARN": arn, "kms:CallerAccount": server.account}
    assert reader(decrypt(**fits)).get_secret_value(SecretId=name)["SecretString"] == "v"
    for wrong in ({"kms:ViaService": here.replace("secretsmanager", "ssm")}, {"kms:EncryptionContext:SecretARN": arn + "x"}):
        with refused("AccessDeniedException", NO_KMS):
            reader(decrypt(**fits | wrong)).get_secret_value(SecretId=name)


def test_a_writer_needs_both_halves_and_a_change_of_key_encryption_too(server, secrets, kms, key, name):
    secrets.create_secret(Name=name, SecretString="1", KmsKeyId=key["KeyId"])
    edit = allow(["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"])

    def writer(*actions):
        needs = [allow(list(actions))] if actions else []
        return server.client("secretsmanager", server.caller(edit, *needs))

    for missing in ((), ("kms:Decrypt",), ("kms:GenerateDataKey",)):
        with refused("AccessDeniedException", NO_KMS):
            writer(*missing).put_secret_value(SecretId=name, SecretString="2")
    writer("kms:Decrypt", "kms:GenerateDataKey").put_secret_value(SecretId=name, SecretString="2")
    other = kms.create_key()["KeyMetadata"]["Arn"]
    with refused("AccessDeniedException", NO_KMS):
        writer("kms:Decrypt", "kms:GenerateDataKey").update_secret(SecretId=name, KmsKeyId=other)
    writer("kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt").update_secret(SecretId=name, KmsKeyId=other)
    assert secrets.describe_secret(SecretId=name)["KmsKeyId"] == other


def test_a_change_of_key_reseals_what_the_labels_of_aws_name(secrets, kms, key, name):
    first = secrets.create_secret(Name=name, SecretString="1", KmsKeyId=key["KeyId"])["VersionId"]
    kept = secrets.put_secret_value(SecretId=name, SecretString="2", VersionStages=["MINE"])["VersionId"]
    pending = secrets.put_secret_value(SecretId=name, SecretString="3", VersionStages=["AWSPENDING"])["VersionId"]
    current = secrets.put_secret_value(SecretId=name, SecretString="4")["VersionId"]
    other = kms.create_key()["KeyMetadata"]["Arn"]
    answer = secrets.update_secret(SecretId=name, KmsKeyId=other)
    assert "VersionId" not in answer
    keys = {one["VersionId"]: one["KmsKeyIds"] for one in secrets.list_secret_version_ids(SecretId=name)["Versions"]}
    assert keys == {first: [other], kept: [key["Arn"]], pending: [other], current: [other]}
    kms.disable_key(KeyId=key["KeyId"])
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "4"
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "1"
    with refused("DecryptionFailure", CANNOT_DECRYPT):
        secrets.get_secret_value(SecretId=name, VersionId=kept)


def test_nobody_but_secrets_manager_uses_its_own_key(server, secrets, kms, name):
    secrets.create_secret(Name=name, SecretString="v")
    with refused("AccessDeniedException"):
        kms.encrypt(KeyId="alias/aws/secretsmanager", Plaintext=b"x")
    reader = server.client("secretsmanager", server.caller(allow("secretsmanager:GetSecretValue")))
    assert reader.get_secret_value(SecretId=name)["SecretString"] == "v"


def test_a_condition_on_the_arn_of_a_key_holds_in_whatever_way_it_is_named(server, secrets, kms, key, name):
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    pinned = {"StringEquals": {"secretsmanager:KmsKeyArn": key["Arn"]}}
    statements = allow(["secretsmanager:CreateSecret", "secretsmanager:UpdateSecret"], Condition=pinned), allow("kms:*")
    caller = server.client("secretsmanager", server.caller(*statements))
    other = kms.create_key()["KeyMetadata"]["Arn"]
    for number, form in enumerate((key["KeyId"], key["Arn"], f"alias/{name}")):
        caller.create_secret(Name=f"{name}/{number}", SecretString="v", KmsKeyId=form)
        caller.update_secret(SecretId=f"{name}/{number}", KmsKeyId=form)
    for form in ({}, {"KmsKeyId": other}, {"KmsKeyId": "alias/nothing"}):
        with refused("AccessDeniedException"):
            caller.create_secret(Name=f"{name}/no", SecretString="v", **form)
        with refused("AccessDeniedException"):
            caller.update_secret(SecretId=f"{name}/0", **form)
