"""Secrets Manager: how each operation is prepared."""

from __future__ import annotations

from harness import allow, policy
from operations.table import TABLE, Given, everywhere, new_name, operation

OPEN_TO_ROOT = policy(allow("secretsmanager:GetSecretValue", Principal={"AWS": "111122223333"}))


def a_secret(given: Given, action: str, **parameters) -> dict:
    made = given.client("secretsmanager").create_secret(Name=new_name(), SecretString="v")
    given.parameters, given.needs, given.named = {"SecretId": made["Name"], **parameters}, [(action, made["ARN"])], made["ARN"]
    return made


@operation("secretsmanager:CreateSecret")
def create_secret(given):
    name = new_name()
    given.parameters = {"Name": name, "SecretString": "v", "Tags": [{"Key": "k", "Value": "v"}]}
    arn = given.arn("secretsmanager", f"secret:{name}-??????")
    given.needs, given.named = [("secretsmanager:CreateSecret", arn), ("secretsmanager:TagResource", arn)], name


@operation("secretsmanager:DeleteSecret")
def delete_secret(given):
    a_secret(given, "secretsmanager:DeleteSecret")


@operation("secretsmanager:RestoreSecret")
def restore_secret(given):
    made = a_secret(given, "secretsmanager:RestoreSecret")
    given.client("secretsmanager").delete_secret(SecretId=made["ARN"])


for one, extra in (
    ("GetSecretValue", {}),
    ("DescribeSecret", {}),
    ("PutSecretValue", {"SecretString": "w"}),
    ("UpdateSecret", {"Description": "d"}),
):
    TABLE[f"secretsmanager:{one}"] = lambda given, one=one, extra=extra: a_secret(given, f"secretsmanager:{one}", **extra)
for one, extra in (
    ("ListSecretVersionIds", {}),
    ("TagResource", {"Tags": [{"Key": "k", "Value": "v"}]}),
    ("UntagResource", {"TagKeys": ["k"]}),
    ("GetResourcePolicy", {}),
    ("DeleteResourcePolicy", {}),
    ("PutResourcePolicy", {"ResourcePolicy": OPEN_TO_ROOT}),
):
    TABLE[f"secretsmanager:{one}"] = lambda given, one=one, extra=extra: a_secret(given, f"secretsmanager:{one}", **extra)
everywhere("secretsmanager:ListSecrets")
everywhere("secretsmanager:GetRandomPassword")
everywhere("secretsmanager:BatchGetSecretValue", SecretIdList=["none"])


@operation("secretsmanager:ReplicateSecretToRegions")
def replicate_secret_to_regions(given):
    a_secret(given, "secretsmanager:ReplicateSecretToRegions", AddReplicaRegions=[{"Region": "eu-north-1"}])


@operation("secretsmanager:RemoveRegionsFromReplication")
def remove_regions_from_replication(given):
    made = a_secret(given, "secretsmanager:RemoveRegionsFromReplication", RemoveReplicaRegions=["eu-north-1"])
    given.client("secretsmanager").replicate_secret_to_regions(SecretId=made["ARN"], AddReplicaRegions=[{"Region": "eu-north-1"}])


@operation("secretsmanager:StopReplicationToReplica")
def stop_replication_to_replica(given):
    replica = {"Region": given.server.region}
    elsewhere = given.server.client("secretsmanager", region="eu-north-1")
    made = elsewhere.create_secret(Name=new_name(), SecretString="v", AddReplicaRegions=[replica])
    given.named = made["ARN"].replace("eu-north-1", given.server.region)
    given.parameters = {"SecretId": made["Name"]}
    given.needs = [("secretsmanager:StopReplicationToReplica", given.named)]


@operation("secretsmanager:UpdateSecretVersionStage")
def update_secret_version_stage(given):
    made = a_secret(given, "secretsmanager:UpdateSecretVersionStage")
    given.parameters |= {"VersionStage": "MINE", "MoveToVersionId": made["VersionId"]}


@operation("secretsmanager:ValidateResourcePolicy")
def validate_resource_policy(given):
    made = a_secret(given, "secretsmanager:ValidateResourcePolicy", ResourcePolicy=OPEN_TO_ROOT)
    given.needs.append(("secretsmanager:PutResourcePolicy", made["ARN"]))


@operation("secretsmanager:RotateSecret")
def rotate_secret(given):
    function = given.arn("lambda", "function:nothing")
    a_secret(given, "secretsmanager:RotateSecret", RotationLambdaARN=function)
    given.needs.append(("lambda:InvokeFunction", function))


@operation("secretsmanager:CancelRotateSecret")
def cancel_rotate_secret(given):
    made = a_secret(given, "secretsmanager:CancelRotateSecret")
    given.client("secretsmanager").rotate_secret(SecretId=made["ARN"], RotationLambdaARN=given.arn("lambda", "function:nothing"))
