"""Versions of secrets: listed, relabelled, and the tags and passwords beside them."""

import string
import uuid

import pytest

from errors import constraint, refused
from harness import allow
from wire import json_call

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture(scope="module")
def secrets(server):
    return server.client("secretsmanager")


def stages(secrets, name: str) -> dict:
    return {version: sorted(labels) for version, labels in secrets.describe_secret(SecretId=name)["VersionIdsToStages"].items()}


def put(secrets, name: str, *labels: str) -> str:
    return secrets.put_secret_value(SecretId=name, SecretString=str(uuid.uuid4()), VersionStages=list(labels))["VersionId"]


def move(secrets, name: str, label: str, source: str | None, target: str | None):
    ids = {"RemoveFromVersionId": source, "MoveToVersionId": target}
    return secrets.update_secret_version_stage(SecretId=name, VersionStage=label, **{k: v for k, v in ids.items() if v})


def test_versions_are_listed_with_their_labels_and_key(server, secrets, name):
    first = secrets.create_secret(Name=name, SecretString="1")
    second = secrets.put_secret_value(SecretId=name, SecretString="2")["VersionId"]
    listed = secrets.list_secret_version_ids(SecretId=name)
    assert (listed["ARN"], listed["Name"], "NextToken" in listed) == (first["ARN"], name, False)
    assert [(one["VersionId"], one["VersionStages"], one["KmsKeyIds"]) for one in listed["Versions"]] == [
        (first["VersionId"], [PREVIOUS], ["DefaultEncryptionKey"]),
        (second, [CURRENT], ["DefaultEncryptionKey"]),
    ]
    assert all(one.keys() == {"VersionId", "VersionStages", "KmsKeyIds", "CreatedDate"} for one in listed["Versions"])
    secrets.get_secret_value(SecretId=name)
    assert "LastAccessedDate" in secrets.list_secret_version_ids(SecretId=name)["Versions"][1]
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.update_secret(SecretId=name, KmsKeyId=key)
    assert [one["KmsKeyIds"] for one in secrets.list_secret_version_ids(SecretId=name)["Versions"]] == [[key], [key]]


def test_a_version_without_labels_is_listed_on_request_only(secrets, name):
    first = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    for value in "23":
        secrets.put_secret_value(SecretId=name, SecretString=value)
    assert first not in [one["VersionId"] for one in secrets.list_secret_version_ids(SecretId=name)["Versions"]]
    everything = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    (deprecated,) = [one for one in everything if one["VersionId"] == first]
    assert "VersionStages" not in deprecated
    assert len(everything) == 3


def test_versions_come_in_pages(secrets, name):
    made = [secrets.create_secret(Name=name, SecretString="0")["VersionId"]]
    made += [put(secrets, name, f"L{n}") for n in range(4)]
    found, token = [], {}
    for _ in range(3):
        page = secrets.list_secret_version_ids(SecretId=name, MaxResults=2, **token)
        found += [one["VersionId"] for one in page["Versions"]]
        token = {"NextToken": page.get("NextToken")}
    assert (found, token) == (made, {"NextToken": None})
    first = secrets.list_secret_version_ids(SecretId=name, MaxResults=2)["NextToken"]
    other = secrets.create_secret(Name=f"{name}-other", SecretString="v")["ARN"]
    for secret, token in ((name, "made up"), (other, first)):
        with refused("InvalidNextTokenException"):
            secrets.list_secret_version_ids(SecretId=secret, NextToken=token)
    text = constraint("Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100")
    with refused("ValidationException", text):
        secrets.list_secret_version_ids(SecretId=name, MaxResults=101)


def test_a_rotation_by_hand_moves_the_labels_as_aws_does(secrets, name):
    one = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    two = put(secrets, name, CURRENT, "PUT0")
    three = put(secrets, name, PENDING, "PUT1")
    assert stages(secrets, name) == {one: [PREVIOUS], two: [CURRENT, "PUT0"], three: [PENDING, "PUT1"]}
    answer = move(secrets, name, CURRENT, two, three)
    assert (answer["Name"], answer["ARN"]) == (name, secrets.describe_secret(SecretId=name)["ARN"])
    assert stages(secrets, name) == {two: [PREVIOUS, "PUT0"], three: [CURRENT, PENDING, "PUT1"]}
    four = put(secrets, name, PENDING, "PUT2")
    assert stages(secrets, name) == {two: [PREVIOUS, "PUT0"], three: [CURRENT, "PUT1"], four: [PENDING, "PUT2"]}
    move(secrets, name, CURRENT, three, four)
    assert stages(secrets, name) == {two: ["PUT0"], three: [PREVIOUS, "PUT1"], four: [CURRENT, PENDING, "PUT2"]}


def test_labels_of_ones_own_are_attached_moved_and_detached(secrets, name):
    one = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    two = put(secrets, name, CURRENT)
    before = secrets.describe_secret(SecretId=name)["LastChangedDate"]
    move(secrets, name, "MINE", None, one)
    assert stages(secrets, name) == {one: [PREVIOUS, "MINE"], two: [CURRENT]}
    assert secrets.describe_secret(SecretId=name)["LastChangedDate"] > before
    move(secrets, name, "MINE", one, two)
    assert stages(secrets, name) == {one: [PREVIOUS], two: [CURRENT, "MINE"]}
    move(secrets, name, "MINE", two, None)
    assert stages(secrets, name) == {one: [PREVIOUS], two: [CURRENT]}


def test_a_label_is_moved_only_from_where_it_is(secrets, name):
    one = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    two = put(secrets, name, "MINE")
    absent = str(uuid.uuid4())
    text = (
        f"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version {one}, "
        "so you must explicitly reference that version in RemoveFromVersionId."
    )
    with refused("InvalidParameterException", text):
        move(secrets, name, CURRENT, None, two)
    text = (
        "When you move staging label MINE, if you specify RemoveFromVersionId, it must be set to the version that currently has "
        "the staging label MINE."
    )
    with refused("InvalidParameterException", text):
        move(secrets, name, "MINE", one, two)
    text = "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
    with refused("InvalidParameterException", text):
        move(secrets, name, CURRENT, one, None)
    with refused("InvalidParameterException"):
        move(secrets, name, "MINE", None, None)
    with refused("ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for VersionId: {absent}"):
        move(secrets, name, "NEW", None, absent)
    assert stages(secrets, name) == {one: [CURRENT], two: ["MINE"]}


def test_a_secret_has_at_most_twenty_labels(secrets, name):
    one = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    put(secrets, name, *[f"L{n}" for n in range(19)])
    with refused("LimitExceededException"):
        move(secrets, name, "ONE-MORE", None, one)


def test_tags_are_added_replaced_and_removed(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    assert "Tags" not in secrets.describe_secret(SecretId=name)
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "2"}, {"Key": "A", "Value": "3"}])
    tags = {tag["Key"]: tag["Value"] for tag in secrets.describe_secret(SecretId=name)["Tags"]}
    assert tags == {"a": "2", "b": "", "A": "3"}
    secrets.untag_resource(SecretId=name, TagKeys=["a", "b", "A", "never"])
    assert secrets.describe_secret(SecretId=name)["Tags"] == []
    (listed,) = secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]
    assert listed["Tags"] == []


def test_tags_have_bounds(secrets, name):
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]
    secrets.create_secret(Name=name, SecretString="v", Tags=many)
    with refused("InvalidParameterException"):
        secrets.tag_resource(SecretId=name, Tags=[{"Key": "one-more", "Value": "v"}])
    secrets.tag_resource(SecretId=name, Tags=[{"Key": "k0", "Value": "w"}])
    with refused("InvalidParameterException"):
        secrets.tag_resource(SecretId=name, Tags=[{"Key": "aws:x", "Value": "v"}])
    with refused("ValidationException"):
        secrets.tag_resource(SecretId=name, Tags=[{"Key": "x" * 129, "Value": "v"}])


def test_nobody_tags_a_secret_out_of_his_own_reach(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v", Tags=[{"Key": "team", "Value": "red"}])
    red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    hers = server.client("secretsmanager", server.caller(allow("secretsmanager:*", Condition=red)))
    text = "Your requested changes will not allow you to manage this secret in the future."
    with refused("AccessDeniedException", text):
        hers.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "blue"}])
    with refused("AccessDeniedException", text):
        hers.untag_resource(SecretId=name, TagKeys=["team"])
    hers.tag_resource(SecretId=name, Tags=[{"Key": "other", "Value": "tag"}])
    only_other = {"ForAllValues:StringEquals": {"aws:TagKeys": ["other"]}}
    his = server.client("secretsmanager", server.caller(allow("secretsmanager:*agResource", Condition=only_other)))
    his.untag_resource(SecretId=name, TagKeys=["other"])
    with refused("AccessDeniedException"):
        his.untag_resource(SecretId=name, TagKeys=["team"])


def test_a_marked_secret_takes_neither_labels_nor_tags(secrets, name):
    version = secrets.create_secret(Name=name, SecretString="v")["VersionId"]
    secrets.delete_secret(SecretId=name)
    for call in (
        lambda: secrets.list_secret_version_ids(SecretId=name),
        lambda: move(secrets, name, "MINE", None, version),
        lambda: secrets.tag_resource(SecretId=name, Tags=[{"Key": "k", "Value": "v"}]),
        lambda: secrets.untag_resource(SecretId=name, TagKeys=["k"]),
    ):
        with refused("InvalidRequestException", MARKED):
            call()


def test_operations_without_output_answer_nothing(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    answer = json_call(server, "secretsmanager", "TagResource", {"SecretId": name, "Tags": [{"Key": "k", "Value": "v"}]})
    assert (answer.status, answer.body in (b"", b"{}")) == (200, True)


def password(secrets, **recipe) -> str:
    return secrets.get_random_password(**recipe)["RandomPassword"]


def test_a_password_has_what_was_asked_for(secrets):
    assert len(password(secrets)) == 32
    assert password(secrets) != password(secrets)
    assert " " not in password(secrets, PasswordLength=4096)
    assert " " in password(secrets, PasswordLength=5, IncludeSpace=True)
    digits = password(secrets, PasswordLength=50, ExcludePunctuation=True, ExcludeUppercase=True, ExcludeLowercase=True)
    assert len(digits) == 50 and set(digits) <= set(string.digits)
    some = password(secrets, PasswordLength=500, ExcludeCharacters="abcXYZ019!\"")
    assert len(some) == 500 and not set(some) & set("abcXYZ019!\"")
    for one in range(20):
        four = password(secrets, PasswordLength=4)
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation):
            assert set(four) & set(kind), (one, four)


def test_a_password_that_cannot_be_is_refused(secrets):
    with refused("InvalidParameterException", "Password length is too short based on the required types."):
        password(secrets, PasswordLength=3)
    assert len(password(secrets, PasswordLength=3, RequireEachIncludedType=False)) == 3
    with refused("InvalidParameterException"):
        password(secrets, ExcludeNumbers=True, ExcludePunctuation=True, ExcludeUppercase=True, ExcludeLowercase=True)
    text = constraint("Value '4097' at 'passwordLength' failed to satisfy constraint: Member must have value less than or equal to 4096")
    with refused("ValidationException", text):
        password(secrets, PasswordLength=4097)


def test_a_batch_answers_each_secret_or_says_why_not(server, secrets, name):
    made = [secrets.create_secret(Name=f"{name}/{n}", SecretString=f"value {n}") for n in range(2)]
    secrets.create_secret(Name=f"{name}/bytes", SecretBinary=b"\0\1")
    secrets.create_secret(Name=f"{name}/marked", SecretString="v")
    secrets.delete_secret(SecretId=f"{name}/marked")
    ids = [f"{name}/0", made[1]["ARN"], f"{name}/bytes", f"{name}/marked", f"{name}/absent"]
    answer = secrets.batch_get_secret_value(SecretIdList=ids)
    values = {one["Name"]: one.get("SecretString", one.get("SecretBinary")) for one in answer["SecretValues"]}
    assert values == {f"{name}/0": "value 0", f"{name}/1": "value 1", f"{name}/bytes": b"\0\1"}
    first = answer["SecretValues"][0]
    assert (first["ARN"], first["VersionId"], first["VersionStages"]) == (made[0]["ARN"], made[0]["VersionId"], [CURRENT])
    assert answer["Errors"] == [
        {"SecretId": f"{name}/marked", "ErrorCode": "InvalidRequestException", "Message": MARKED},
        {"SecretId": f"{name}/absent", "ErrorCode": "ResourceNotFoundException", "Message": NOT_FOUND},
    ]

    one_only = [allow("secretsmanager:BatchGetSecretValue"), allow("secretsmanager:GetSecretValue", made[0]["ARN"])]
    reader = server.client("secretsmanager", server.caller(*one_only))
    answer = reader.batch_get_secret_value(SecretIdList=[f"{name}/0", f"{name}/1"])
    assert [one["Name"] for one in answer["SecretValues"]] == [f"{name}/0"]
    assert [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]] == [(f"{name}/1", "AccessDeniedException")]
    with refused("AccessDeniedException"):
        reader.batch_get_secret_value(Filters=[{"Key": "name", "Values": [name]}])


def test_a_batch_by_filter_comes_in_pages(secrets, name):
    names = [f"{name}/{n}" for n in range(5)]
    for one in names:
        secrets.create_secret(Name=one, SecretString=one)
    asked = {"Filters": [{"Key": "name", "Values": [name]}], "MaxResults": 2}
    found, token = [], {}
    for _ in range(3):
        page = secrets.batch_get_secret_value(**asked, **token)
        found += [one["SecretString"] for one in page["SecretValues"]]
        token = {"NextToken": page.get("NextToken")}
    assert (found, token) == (names, {"NextToken": None})
    with refused("InvalidNextTokenException"):
        secrets.batch_get_secret_value(**asked, NextToken="made up")


def test_a_batch_wants_ids_or_filters(secrets):
    either = "Either 'SecretIdList' or 'Filters' must be provided, but not both."
    some = [{"Key": "name", "Values": ["x"]}]
    for asked in ({}, {"SecretIdList": ["x"], "Filters": some}):
        with refused("InvalidParameterException", either):
            secrets.batch_get_secret_value(**asked)
    text = "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
    with refused("InvalidParameterException", text):
        secrets.batch_get_secret_value(SecretIdList=["x"], MaxResults=2)
    with refused("ValidationException"):
        secrets.batch_get_secret_value(SecretIdList=[f"x{n}" for n in range(21)])
