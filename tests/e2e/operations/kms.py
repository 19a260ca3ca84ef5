"""KMS: how each operation is prepared."""

from __future__ import annotations

from harness import policy
from operations.table import TABLE, Given, everywhere, new_name, operation


def a_key(given: Given, action: str, **parameters) -> dict:
    key = given.client("kms").create_key()["KeyMetadata"]
    given.parameters, given.needs, given.named = {"KeyId": key["KeyId"], **parameters}, [(action, key["Arn"])], key["Arn"]
    return key


@operation("kms:Decrypt")
def decrypt(given):
    key = a_key(given, "kms:Decrypt")
    given.parameters = {"CiphertextBlob": given.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]}


@operation("kms:CreateAlias")
def create_alias(given):
    alias = f"alias/{new_name()}"
    key = a_key(given, "kms:CreateAlias")
    given.parameters = {"AliasName": alias, "TargetKeyId": key["KeyId"]}
    given.needs.append(("kms:CreateAlias", given.arn("kms", alias)))
    given.named = None


@operation("kms:UpdateAlias")
def update_alias(given):
    alias, old = f"alias/{new_name()}", given.client("kms").create_key()["KeyMetadata"]
    given.client("kms").create_alias(AliasName=alias, TargetKeyId=old["KeyId"])
    key = a_key(given, "kms:UpdateAlias")
    given.parameters = {"AliasName": alias, "TargetKeyId": key["KeyId"]}
    given.needs += [("kms:UpdateAlias", given.arn("kms", alias)), ("kms:UpdateAlias", old["Arn"])]
    given.named = None


@operation("kms:DeleteAlias")
def delete_alias(given):
    alias = f"alias/{new_name()}"
    key = a_key(given, "kms:DeleteAlias")
    given.client("kms").create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    given.parameters = {"AliasName": alias}
    given.needs.append(("kms:DeleteAlias", given.arn("kms", alias)))
    given.named = None


@operation("kms:ReEncrypt")
def re_encrypt(given):
    source = given.client("kms").create_key()["KeyMetadata"]
    destination = given.client("kms").create_key()["KeyMetadata"]
    blob = given.client("kms").encrypt(KeyId=source["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    given.parameters = {"CiphertextBlob": blob, "DestinationKeyId": destination["KeyId"]}
    given.needs, given.named = [("kms:ReEncryptFrom", source["Arn"]), ("kms:ReEncryptTo", destination["Arn"])], source["Arn"]


@operation("kms:CancelKeyDeletion")
def cancel_key_deletion(given):
    key = a_key(given, "kms:CancelKeyDeletion")
    given.client("kms").schedule_key_deletion(KeyId=key["KeyId"])


@operation("kms:CreateGrant")
def create_grant(given):
    user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
    a_key(given, "kms:CreateGrant", GranteePrincipal=user, Operations=["Decrypt"])


for one in ("RevokeGrant", "RetireGrant"):

    def with_grant(given, one=one):
        key = a_key(given, f"kms:{one}")
        user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
        made = given.client("kms").create_grant(KeyId=key["KeyId"], GranteePrincipal=user, Operations=["Decrypt"])
        given.parameters = {"KeyId": key["Arn"], "GrantId": made["GrantId"]}

    TABLE[f"kms:{one}"] = with_grant


@operation("kms:PutKeyPolicy")
def put_key_policy(given):
    root = {"AWS": f"arn:aws:iam::{given.server.account}:root"}
    a_key(given, "kms:PutKeyPolicy", Policy=policy({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}))


@operation("kms:ListRetirableGrants")
def list_retirable_grants(given):
    user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
    given.parameters, given.needs = {"RetiringPrincipal": user}, [("kms:ListRetirableGrants", "*")]


@operation("kms:GenerateRandom")
def generate_random(given):
    given.parameters, given.needs = {"NumberOfBytes": 8}, [("kms:GenerateRandom", "*")]


for one, extra in (
    ("DescribeKey", {}),
    ("Encrypt", {"Plaintext": b"x"}),
    ("GenerateDataKey", {"KeySpec": "AES_256"}),
    ("GenerateDataKeyWithoutPlaintext", {"KeySpec": "AES_256"}),
    ("GetKeyPolicy", {}),
    ("ListKeyPolicies", {}),
    ("ListGrants", {}),
    ("EnableKeyRotation", {}),
    ("DisableKeyRotation", {}),
    ("GetKeyRotationStatus", {}),
    ("RotateKeyOnDemand", {}),
    ("ListKeyRotations", {}),
    ("EnableKey", {}),
    ("DisableKey", {}),
    ("UpdateKeyDescription", {"Description": "d"}),
    ("ScheduleKeyDeletion", {}),
    ("TagResource", {"Tags": [{"TagKey": "k", "TagValue": "v"}]}),
    ("UntagResource", {"TagKeys": ["k"]}),
    ("ListResourceTags", {}),
):
    TABLE[f"kms:{one}"] = lambda given, one=one, extra=extra: a_key(given, f"kms:{one}", **extra)
everywhere("kms:CreateKey")
everywhere("kms:ListKeys")
everywhere("kms:ListAliases")
