"""Secrets with replicas in other regions of the same server."""

import re

import pytest

from errors import refused

HOME, NORTH, SOUTH = "us-east-1", "eu-north-1", "eu-south-1"
ON_REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."
NOT_FOUND = "Secrets Manager can't find the specified secret."


@pytest.fixture(scope="module")
def secrets(server):
    return server.client("secretsmanager")


@pytest.fixture(scope="module")
def north(server):
    return server.client("secretsmanager", region=NORTH)


def regions(*names: str) -> list[dict]:
    return [{"Region": name} for name in names]


def in_sync(region: str, key: str = "alias/aws/secretsmanager") -> dict:
    return {"Region": region, "KmsKeyId": key, "Status": "InSync", "StatusMessage": "Replication succeeded"}


def test_a_replica_has_the_value_under_the_same_suffix_and_a_key_of_its_region(server, secrets, north, name):
    key = server.client("kms", region=NORTH).create_key()["KeyMetadata"]["Arn"]
    made = secrets.create_secret(
        Name=name,
        SecretString="v",
        Description="d",
        Tags=[{"Key": "k", "Value": "v"}],
        AddReplicaRegions=[{"Region": NORTH, "KmsKeyId": key}],
    )
    assert made["ReplicationStatus"] == [in_sync(NORTH, key)]
    arn = made["ARN"].replace(HOME, NORTH)
    got = north.get_secret_value(SecretId=name)
    assert (got["SecretString"], got["ARN"], got["VersionId"]) == ("v", arn, made["VersionId"])
    there = north.describe_secret(SecretId=arn)
    assert (there["PrimaryRegion"], there["KmsKeyId"]) == (HOME, key)
    assert (there["Description"], there["Tags"]) == ("d", [{"Key": "k", "Value": "v"}])
    assert north.list_secret_version_ids(SecretId=name)["Versions"][0]["KmsKeyIds"] == [key]
    here = secrets.describe_secret(SecretId=name)
    assert (here["PrimaryRegion"], here["ReplicationStatus"][0]["Status"]) == (HOME, "InSync")
    (listed,) = north.list_secrets(Filters=[{"Key": "name", "Values": [name]}, {"Key": "primary-region", "Values": [HOME]}])["SecretList"]
    assert listed["PrimaryRegion"] == HOME


def test_an_ordinary_secret_says_nothing_of_replication(secrets, name):
    made = secrets.create_secret(Name=name, SecretString="v")
    assert "ReplicationStatus" not in made
    assert not {"ReplicationStatus", "PrimaryRegion"} & secrets.describe_secret(SecretId=name).keys()


def test_changes_of_the_primary_reach_its_replicas(secrets, north, name):
    secrets.create_secret(Name=name, SecretString="1")
    answer = secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions(NORTH, SOUTH))
    assert answer["ReplicationStatus"] == [in_sync(NORTH), in_sync(SOUTH)]
    second = secrets.put_secret_value(SecretId=name, SecretBinary=b"2")["VersionId"]
    assert north.get_secret_value(SecretId=name)["SecretBinary"] == b"2"
    assert north.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "1"
    secrets.update_secret_version_stage(SecretId=name, VersionStage="MINE", MoveToVersionId=second)
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "k", "Value": "v"}])
    secrets.update_secret(SecretId=name, Description="d", SecretString="3")
    here, there = secrets.describe_secret(SecretId=name), north.describe_secret(SecretId=name)
    for member in ("VersionIdsToStages", "Tags", "Description", "LastChangedDate"):
        assert here[member] == there[member], member
    secrets.untag_resource(SecretId=name, TagKeys=["k"])
    assert north.describe_secret(SecretId=name)["Tags"] == []


def test_a_replica_is_read_only(secrets, north, name):
    version = secrets.create_secret(Name=name, SecretString="v", AddReplicaRegions=regions(NORTH))["VersionId"]
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}}'
    for call in (
        lambda: north.put_secret_value(SecretId=name, SecretString="w"),
        lambda: north.update_secret(SecretId=name, SecretString="w"),
        lambda: north.update_secret_version_stage(SecretId=name, VersionStage="MINE", MoveToVersionId=version),
        lambda: north.tag_resource(SecretId=name, Tags=[{"Key": "k", "Value": "v"}]),
        lambda: north.untag_resource(SecretId=name, TagKeys=["k"]),
        lambda: north.put_resource_policy(SecretId=name, ResourcePolicy=policy),
        lambda: north.delete_resource_policy(SecretId=name),
        lambda: north.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions(SOUTH)),
        lambda: north.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[HOME]),
        lambda: north.delete_secret(SecretId=name),
        lambda: north.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
    ):
        with refused("InvalidParameterException", ON_REPLICA):
            call()


def test_replicas_go_before_their_primary(secrets, north, name):
    secrets.create_secret(Name=name, SecretString="v", AddReplicaRegions=regions(NORTH, SOUTH))
    for how in ({}, {"ForceDeleteWithoutRecovery": True}):
        with refused("InvalidParameterException", f"You can't delete secret {name} that still has replica regions [{NORTH},{SOUTH}]"):
            secrets.delete_secret(SecretId=name, **how)
    answer = secrets.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[NORTH])
    assert answer["ReplicationStatus"] == [in_sync(SOUTH)]
    with refused("ResourceNotFoundException", NOT_FOUND):
        north.describe_secret(SecretId=name)
    assert secrets.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[SOUTH])["ReplicationStatus"] == []
    assert "PrimaryRegion" not in secrets.describe_secret(SecretId=name)
    secrets.delete_secret(SecretId=name)


def test_a_promoted_replica_stands_alone(secrets, north, name):
    secrets.create_secret(Name=name, SecretString="v", AddReplicaRegions=regions(NORTH))
    arn = north.stop_replication_to_replica(SecretId=name)["ARN"]
    assert "PrimaryRegion" not in north.describe_secret(SecretId=arn)
    assert "ReplicationStatus" not in secrets.describe_secret(SecretId=name)
    secrets.put_secret_value(SecretId=name, SecretString="here")
    assert north.get_secret_value(SecretId=name)["SecretString"] == "v"
    north.put_secret_value(SecretId=name, SecretString="there")
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "here"
    with refused("InvalidRequestException"):
        north.stop_replication_to_replica(SecretId=name)


def test_a_name_that_is_taken_fails_the_replica_unless_forced(secrets, north, name):
    north.create_secret(Name=name, SecretString="other")
    made = secrets.create_secret(Name=name, SecretString="v", AddReplicaRegions=regions(NORTH))
    (status,) = made["ReplicationStatus"]
    assert (status["Status"], status["StatusMessage"]) == (
        "Failed",
        f"Replication failed: Secret name {name} already exists in region {NORTH}.",
    )
    assert north.get_secret_value(SecretId=name)["SecretString"] == "other"
    secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions(NORTH), ForceOverwriteReplicaSecret=True)
    got = north.get_secret_value(SecretId=name)
    assert (got["SecretString"], got["ARN"]) == ("v", made["ARN"].replace(HOME, NORTH))


def test_a_replica_whose_key_is_disabled_falls_behind_and_catches_up(server, secrets, north, name):
    kms = server.client("kms", region=NORTH)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name=name, SecretString="1", AddReplicaRegions=[{"Region": NORTH, "KmsKeyId": key}])
    kms.disable_key(KeyId=key)
    secrets.put_secret_value(SecretId=name, SecretString="2")
    (status,) = secrets.describe_secret(SecretId=name)["ReplicationStatus"]
    assert (status["Status"], bool(status["StatusMessage"])) == ("Failed", True)
    kms.enable_key(KeyId=key)
    secrets.put_secret_value(SecretId=name, SecretString="3")
    assert secrets.describe_secret(SecretId=name)["ReplicationStatus"] == [in_sync(NORTH, key)]
    assert north.get_secret_value(SecretId=name)["SecretString"] == "3"
    assert north.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "2"


def test_impossible_regions_are_refused(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    for region in (HOME, "cn-north-1", "us-east-9", "mars-north-1"):
        with refused("InvalidParameterException", "Invalid replica region."):
            secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions(region))
    with refused("ValidationException", re.compile("Member must satisfy regular expression pattern")):
        secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions("Nowhere"))
    with refused("InvalidParameterException"):
        secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions(NORTH, NORTH))
    with refused("InvalidParameterException"):
        secrets.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[NORTH])
    assert "ReplicationStatus" not in secrets.describe_secret(SecretId=name)
