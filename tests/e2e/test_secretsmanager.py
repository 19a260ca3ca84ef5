"""Secrets Manager as boto3 sees it."""

import re
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from errors import constraint, refused
from harness import wait_for

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."
BAD_NAME = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"


@pytest.fixture(scope="module")
def secrets(server):
    return server.client("secretsmanager")


def test_a_new_secret_has_an_arn_with_six_random_characters(secrets, server, name):
    made = secrets.create_secret(Name=name, SecretString="v")
    assert re.fullmatch(rf"arn:aws:secretsmanager:{server.region}:{server.account}:secret:{name}-[A-Za-z0-9]{{6}}", made["ARN"])
    assert made["Name"] == name
    assert 32 <= len(made["VersionId"]) <= 64
    assert made.keys() - {"ResponseMetadata"} == {"ARN", "Name", "VersionId"}


def test_the_same_name_again_after_a_forced_deletion_is_another_secret(secrets, name):
    first = secrets.create_secret(Name=name, SecretString="v")["ARN"]
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert secrets.create_secret(Name=name, SecretString="v")["ARN"] != first
    with refused("ResourceNotFoundException", NOT_FOUND):
        secrets.get_secret_value(SecretId=first)


def test_create_with_the_same_token_and_value_is_the_same_answer(secrets, name):
    token = str(uuid.uuid4())
    first = secrets.create_secret(Name=name, SecretString="v", ClientRequestToken=token)
    again = secrets.create_secret(Name=name, SecretString="v", ClientRequestToken=token)
    assert first["VersionId"] == token
    assert {k: first[k] for k in ("ARN", "Name", "VersionId")} == {k: again[k] for k in ("ARN", "Name", "VersionId")}


def test_create_with_the_same_token_and_another_value_is_refused(secrets, name):
    token = str(uuid.uuid4())
    arn = secrets.create_secret(Name=name, SecretString="v", ClientRequestToken=token)["ARN"]
    text = f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    with refused("ResourceExistsException", text):
        secrets.create_secret(Name=name, SecretString="w", ClientRequestToken=token)


def test_create_of_a_name_in_use_is_refused(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    with refused("ResourceExistsException", f"The operation failed because the secret {name} already exists."):
        secrets.create_secret(Name=name, SecretString="v")


def test_a_secret_without_a_value_has_no_version(secrets, name):
    made = secrets.create_secret(Name=name)
    assert "VersionId" not in made
    assert "VersionIdsToStages" not in secrets.describe_secret(SecretId=name)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"):
        secrets.get_secret_value(SecretId=name)


def test_the_first_value_of_an_empty_secret_becomes_current_whatever_its_label(secrets, name):
    secrets.create_secret(Name=name)
    secrets.put_secret_value(SecretId=name, SecretString="v", VersionStages=["MINE"])
    assert sorted(secrets.get_secret_value(SecretId=name)["VersionStages"]) == [CURRENT, "MINE"]


@pytest.mark.parametrize("value", ["x", "zeile\n zwei\t'\"\\", "ünïcödé 🔐", '{"a": [1, null]}', "y" * 65536])
def test_a_string_comes_back_as_it_was(secrets, name, value):
    made = secrets.create_secret(Name=name, SecretString=value)
    got = secrets.get_secret_value(SecretId=name)
    assert got["SecretString"] == value
    assert "SecretBinary" not in got
    assert (got["ARN"], got["Name"], got["VersionId"], got["VersionStages"]) == (made["ARN"], name, made["VersionId"], [CURRENT])


@pytest.mark.parametrize("value", [b"\0", bytes(range(256)), b"z" * 65536])
def test_bytes_come_back_as_they_were(secrets, name, value):
    secrets.create_secret(Name=name, SecretBinary=value)
    got = secrets.get_secret_value(SecretId=name)
    assert got["SecretBinary"] == value
    assert "SecretString" not in got


def test_a_value_that_is_too_long_is_refused_and_not_repeated(secrets, name):
    text = constraint("Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536")
    with refused("ValidationException", text):
        secrets.create_secret(Name=name, SecretString="x" * 65537)
    text = constraint("Value at 'secretBinary' failed to satisfy constraint: Member must have length less than or equal to 65536")
    with refused("ValidationException", text):
        secrets.create_secret(Name=name, SecretBinary=b"x" * 65537)


def test_string_and_bytes_together_are_refused(secrets, name):
    with refused("InvalidParameterException"):
        secrets.create_secret(Name=name, SecretString="a", SecretBinary=b"b")


def test_a_secret_is_found_by_name_by_arn_and_by_arn_without_suffix(secrets, name):
    arn = secrets.create_secret(Name=f"/{name}/_+=.@-x", SecretString="v")["ARN"]
    for secret_id in (f"/{name}/_+=.@-x", arn, arn[:-7]):
        assert secrets.get_secret_value(SecretId=secret_id)["ARN"] == arn


def test_a_name_that_ends_like_a_suffix_is_not_found_by_its_partial_arn(secrets, name):
    arn = secrets.create_secret(Name=f"{name}-a1b2c3", SecretString="v")["ARN"]
    with refused("ResourceNotFoundException", NOT_FOUND):
        secrets.get_secret_value(SecretId=arn[:-7])
    for ending in ("-a1b2", "-a1b2c3-"):
        arn = secrets.create_secret(Name=f"{name}{ending}", SecretString="v")["ARN"]
        assert secrets.get_secret_value(SecretId=arn[:-7])["ARN"] == arn


def test_secrets_of_other_regions_are_other_secrets(server, secrets, name):
    arn = secrets.create_secret(Name=name, SecretString="here")["ARN"]
    there = server.client("secretsmanager", region="eu-north-1")
    with refused("ResourceNotFoundException", NOT_FOUND):
        there.get_secret_value(SecretId=name)
    with refused("ResourceNotFoundException", NOT_FOUND):
        there.get_secret_value(SecretId=arn)
    assert ":eu-north-1:" in there.create_secret(Name=name, SecretString="there")["ARN"]
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "here"


def test_names_are_case_sensitive_and_keep_their_slash(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    for other in (name.upper(), f"/{name}"):
        with refused("ResourceNotFoundException", NOT_FOUND):
            secrets.get_secret_value(SecretId=other)


@pytest.mark.parametrize("bad", ["with space", "st*r", "que?stion", "back\\slash", "brack]et", " leading"])
def test_a_bad_name_is_refused_by_every_operation(secrets, bad):
    for call in (
        lambda: secrets.create_secret(Name=bad, SecretString="v"),
        lambda: secrets.get_secret_value(SecretId=bad),
        lambda: secrets.describe_secret(SecretId=bad),
        lambda: secrets.put_secret_value(SecretId=bad, SecretString="v"),
        lambda: secrets.update_secret(SecretId=bad, SecretString="v"),
        lambda: secrets.delete_secret(SecretId=bad),
        lambda: secrets.delete_secret(SecretId=bad, ForceDeleteWithoutRecovery=True),
    ):
        with refused("ValidationException", BAD_NAME):
            call()


def test_an_absent_secret_is_not_found(secrets, name):
    for call in (
        lambda: secrets.get_secret_value(SecretId=name),
        lambda: secrets.describe_secret(SecretId=name),
        lambda: secrets.put_secret_value(SecretId=name, SecretString="v"),
        lambda: secrets.update_secret(SecretId=name, SecretString="v"),
        lambda: secrets.delete_secret(SecretId=name),
        lambda: secrets.restore_secret(SecretId=name),
    ):
        with refused("ResourceNotFoundException", NOT_FOUND):
            call()


def test_a_version_is_found_by_stage_and_by_id(secrets, name):
    first = secrets.create_secret(Name=name, SecretString="one")["VersionId"]
    second = secrets.put_secret_value(SecretId=name, SecretString="two")["VersionId"]
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "two"
    assert secrets.get_secret_value(SecretId=name, VersionStage=PREVIOUS)["SecretString"] == "one"
    assert secrets.get_secret_value(SecretId=name, VersionId=first)["VersionStages"] == [PREVIOUS]
    assert secrets.get_secret_value(SecretId=name, VersionId=second, VersionStage=CURRENT)["VersionId"] == second
    with refused("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."):
        secrets.get_secret_value(SecretId=name, VersionId=first, VersionStage=CURRENT)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: NONE"):
        secrets.get_secret_value(SecretId=name, VersionStage="NONE")
    absent = str(uuid.uuid4())
    with refused("ResourceNotFoundException", f"Secrets Manager can't find the specified secret value for VersionId: {absent}"):
        secrets.get_secret_value(SecretId=name, VersionId=absent)


def stages(secrets, name: str) -> dict:
    return {version: sorted(labels) for version, labels in secrets.describe_secret(SecretId=name)["VersionIdsToStages"].items()}


def test_labels_move_as_new_values_are_put(secrets, name):
    one = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    two = secrets.put_secret_value(SecretId=name, SecretString="2", VersionStages=[CURRENT, "PUT0"])
    assert sorted(two["VersionStages"]) == [CURRENT, "PUT0"]
    assert stages(secrets, name) == {one: [PREVIOUS], two["VersionId"]: [CURRENT, "PUT0"]}

    three = secrets.put_secret_value(SecretId=name, SecretString="3", VersionStages=[PENDING, "PUT1"])["VersionId"]
    assert stages(secrets, name)[three] == [PENDING, "PUT1"]
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "2"

    four = secrets.put_secret_value(SecretId=name, SecretString="4")
    assert four["VersionStages"] == [CURRENT]
    assert stages(secrets, name) == {two["VersionId"]: [PREVIOUS, "PUT0"], three: [PENDING, "PUT1"], four["VersionId"]: [CURRENT]}


def test_a_version_without_labels_is_hidden_but_readable_by_its_id(secrets, name):
    first = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    secrets.put_secret_value(SecretId=name, SecretString="2")
    secrets.put_secret_value(SecretId=name, SecretString="3")
    assert first not in stages(secrets, name)
    assert secrets.get_secret_value(SecretId=name, VersionId=first)["SecretString"] == "1"


def test_pending_is_dropped_from_the_version_that_a_new_value_replaces(secrets, name):
    secrets.create_secret(Name=name, SecretString="1")
    two = secrets.put_secret_value(SecretId=name, SecretString="2", VersionStages=[CURRENT, PENDING])["VersionId"]
    secrets.put_secret_value(SecretId=name, SecretString="3")
    assert stages(secrets, name)[two] == [PREVIOUS]


def test_put_with_a_known_token_is_idempotent_for_the_same_value_only(secrets, name):
    arn = secrets.create_secret(Name=name, SecretString="1")["ARN"]
    token = str(uuid.uuid4())
    first = secrets.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token)
    again = secrets.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token)
    assert (first["VersionId"], again["VersionId"], again["VersionStages"]) == (token, token, [CURRENT])
    text = f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    with refused("ResourceExistsException", text):
        secrets.put_secret_value(SecretId=name, SecretString="3", ClientRequestToken=token)
    with refused("ResourceExistsException", text):
        secrets.put_secret_value(SecretId=name, SecretBinary=b"2", ClientRequestToken=token)


def test_put_wants_exactly_one_kind_of_value(secrets, name):
    secrets.create_secret(Name=name, SecretString="1")
    with refused("InvalidRequestException", "You must provide either SecretString or SecretBinary."):
        secrets.put_secret_value(SecretId=name)


def test_update_without_a_value_makes_no_version(secrets, name):
    secrets.create_secret(Name=name, SecretString="1")
    answer = secrets.update_secret(SecretId=name, Description="what it is for")
    assert "VersionId" not in answer
    described = secrets.describe_secret(SecretId=name)
    assert described["Description"] == "what it is for"
    assert len(described["VersionIdsToStages"]) == 1


def test_update_with_a_value_makes_a_version_even_of_the_same_value(secrets, name):
    first = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    second = secrets.update_secret(SecretId=name, SecretString="1")["VersionId"]
    assert stages(secrets, name) == {first: [PREVIOUS], second: [CURRENT]}


def test_update_with_a_known_token(secrets, name):
    arn = secrets.create_secret(Name=name, SecretString="1")["ARN"]
    token = str(uuid.uuid4())
    for _ in range(2):
        assert secrets.update_secret(SecretId=name, SecretString="2", ClientRequestToken=token)["VersionId"] == token
    text = f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    with refused("ResourceExistsException", text):
        secrets.update_secret(SecretId=name, SecretString="3", ClientRequestToken=token)


def test_a_change_of_key_keeps_the_versions_and_their_values(server, secrets, name):
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name=name, SecretString="1")
    before = stages(secrets, name)
    assert "KmsKeyId" not in secrets.describe_secret(SecretId=name)
    secrets.update_secret(SecretId=name, KmsKeyId=key)
    assert secrets.describe_secret(SecretId=name)["KmsKeyId"] == key
    assert (stages(secrets, name), secrets.get_secret_value(SecretId=name)["SecretString"]) == (before, "1")
    secrets.update_secret(SecretId=name, KmsKeyId="")
    assert "KmsKeyId" not in secrets.describe_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "1"


def test_describe_leaves_out_what_was_never_set(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    described = secrets.describe_secret(SecretId=name)
    assert described.keys() - {"ResponseMetadata"} == {"ARN", "Name", "LastChangedDate", "CreatedDate", "VersionIdsToStages"}


def test_describe_and_list_show_what_was_set_at_creation(server, secrets, name):
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    tags = [{"Key": "team", "Value": "red"}, {"Key": "empty", "Value": ""}]
    made = secrets.create_secret(Name=name, SecretString="v", Description="text", KmsKeyId=key, Tags=tags)
    described = secrets.describe_secret(SecretId=name)
    assert (described["Description"], described["KmsKeyId"]) == ("text", key)
    assert sorted(described["Tags"], key=str) == sorted(tags, key=str)
    (listed,) = secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]
    assert listed["SecretVersionsToStages"] == {made["VersionId"]: [CURRENT]}
    for member in ("ARN", "Name", "Description", "KmsKeyId", "CreatedDate", "LastChangedDate"):
        assert listed[member] == described[member], member


def test_reading_sets_the_day_of_the_last_access(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    assert "LastAccessedDate" not in secrets.describe_secret(SecretId=name)
    secrets.get_secret_value(SecretId=name)
    accessed = wait_for("the last access", lambda: secrets.describe_secret(SecretId=name).get("LastAccessedDate"), 25)
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert accessed == today


def test_deletion_leaves_a_window_in_which_the_secret_can_be_restored(secrets, name):
    arn = secrets.create_secret(Name=name, SecretString="v")["ARN"]
    answer = secrets.delete_secret(SecretId=name)
    assert (answer["ARN"], answer["Name"]) == (arn, name)
    window = answer["DeletionDate"] - datetime.now(timezone.utc)
    assert timedelta(days=29, hours=23) < window <= timedelta(days=30, minutes=1)

    for call in (
        lambda: secrets.get_secret_value(SecretId=name),
        lambda: secrets.put_secret_value(SecretId=name, SecretString="w"),
        lambda: secrets.update_secret(SecretId=name, SecretString="w"),
        lambda: secrets.delete_secret(SecretId=name),
    ):
        with refused("InvalidRequestException", MARKED):
            call()
    text = "You can't create this secret because a secret with this name is already scheduled for deletion."
    with refused("InvalidRequestException", text):
        secrets.create_secret(Name=name, SecretString="w")

    assert "DeletedDate" in secrets.describe_secret(SecretId=name)
    only = [{"Key": "name", "Values": [name]}]
    assert secrets.list_secrets(Filters=only)["SecretList"] == []
    assert secrets.list_secrets(Filters=only, IncludePlannedDeletion=True)["SecretList"][0]["Name"] == name

    assert secrets.restore_secret(SecretId=name)["ARN"] == arn
    assert "DeletedDate" not in secrets.describe_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "v"
    assert secrets.restore_secret(SecretId=name)["ARN"] == arn


def test_the_recovery_window_has_bounds_and_excludes_force(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    for days in (6, 31):
        with refused("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."):
            secrets.delete_secret(SecretId=name, RecoveryWindowInDays=days)
    with refused("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."):
        secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    window = secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)["DeletionDate"] - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < window <= timedelta(days=7, minutes=1)


def test_forced_deletion_works_on_marked_and_on_absent_secrets(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    secrets.delete_secret(SecretId=name)
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with refused("ResourceNotFoundException", NOT_FOUND):
        secrets.describe_secret(SecretId=name)
    answer = secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert (answer["Name"], abs(answer["DeletionDate"] - datetime.now(timezone.utc)) < timedelta(minutes=1)) == (name, True)


def listed(secrets, *filters: tuple[str, list[str]], **rest) -> list[str]:
    pages = secrets.get_paginator("list_secrets").paginate(Filters=[{"Key": key, "Values": values} for key, values in filters], **rest)
    return [secret["Name"] for page in pages for secret in page["SecretList"]]


def test_lists_come_in_pages_in_the_order_of_creation(secrets, name):
    names = [f"{name}-{number}" for number in (3, 1, 2, 5, 4)]
    for one in names:
        secrets.create_secret(Name=one, SecretString="v")
    assert listed(secrets, ("name", [name]), PaginationConfig={"PageSize": 2}) == names
    assert listed(secrets, ("name", [name]), SortBy="name", SortOrder="asc") == sorted(names)
    assert listed(secrets, ("name", [name]), SortOrder="desc") == names[::-1]
    with refused("InvalidNextTokenException"):
        secrets.list_secrets(NextToken="made up")
    text = constraint("Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100")
    with refused("ValidationException", text):
        secrets.list_secrets(MaxResults=101)


def test_filters_match_as_secrets_manager_does(secrets, name):
    secrets.create_secret(Name=f"{name}/First", SecretString="v", Description="one and two", Tags=[{"Key": "Team", "Value": "Red"}])
    secrets.create_secret(Name=f"{name}/second", SecretString="v", Description="an secret thing")
    here = ("name", [name])
    assert listed(secrets, ("name", [f"{name}/F"])) == [f"{name}/First"]
    assert listed(secrets, ("name", [f"{name}/f"])) == []
    assert listed(secrets, here, ("name", [f"!{name}/F"])) == [f"{name}/second"]
    assert listed(secrets, here, ("description", ["o t"])) == [f"{name}/First"]
    assert listed(secrets, here, ("description", ["ONE"])) == [f"{name}/First"]
    assert listed(secrets, here, ("description", ["a secret"])) == [f"{name}/second"]
    assert listed(secrets, here, ("description", ["hing"])) == []
    assert listed(secrets, here, ("tag-key", ["Te"]), ("tag-value", ["Re"])) == [f"{name}/First"]
    assert listed(secrets, here, ("tag-key", ["te"])) == []
    assert listed(secrets, here, ("all", ["red"])) == [f"{name}/First"]
    assert listed(secrets, here, ("all", ["econd"])) == []
    assert sorted(listed(secrets, here, ("description", ["one", "thing"]))) == [f"{name}/First", f"{name}/second"]


def test_a_key_that_does_not_exist_makes_no_secret(secrets, name):
    with pytest.raises(secrets.exceptions.ClientError) as caught:
        secrets.create_secret(Name=name, SecretString="v", KmsKeyId=str(uuid.uuid4()))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with refused("ResourceNotFoundException", NOT_FOUND):
        secrets.describe_secret(SecretId=name)


def test_labels_have_bounds(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    with refused("ValidationException", re.compile("Member must have length less than or equal to 20")):
        secrets.put_secret_value(SecretId=name, SecretString="w", VersionStages=[f"L{n}" for n in range(21)])
    with refused("ValidationException", re.compile("versionId.*Member must have length greater than or equal to 32")):
        secrets.get_secret_value(SecretId=name, VersionId="short")
