"""Parameter Store as boto3 sees it."""

import base64
import re

import pytest

from errors import constraint, refused

CATCH_ALL = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by '
    "slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
)
TOO_LONG = (
    "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the "
    "parameter to use the advanced-parameter tier. For more information, see "
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
)


@pytest.fixture(scope="module")
def ssm(server):
    return server.client("ssm")


def value(ssm, name: str, **rest) -> str:
    return ssm.get_parameter(Name=name, WithDecryption=True, **rest)["Parameter"]["Value"]


@pytest.mark.parametrize("kind", ["String", "StringList", "SecureString"])
def test_a_parameter_comes_back_with_all_its_members(ssm, server, name, kind):
    answer = ssm.put_parameter(Name=f"/{name}/p", Value="a,b", Type=kind)
    assert (answer["Version"], answer["Tier"]) == (1, "Standard")
    got = ssm.get_parameter(Name=f"/{name}/p", WithDecryption=True)["Parameter"]
    assert got.keys() == {"Name", "Type", "Value", "Version", "LastModifiedDate", "ARN", "DataType"}
    assert (got["Name"], got["Type"], got["Value"], got["Version"], got["DataType"]) == (f"/{name}/p", kind, "a,b", 1, "text")
    assert got["ARN"] == f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}/p"


def test_without_decryption_a_secure_string_is_its_ciphertext_which_kms_opens(ssm, server, name):
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name=name, Value="plain text", Type="SecureString", KeyId=key)
    got = ssm.get_parameter(Name=name)["Parameter"]
    assert "plain text" not in got["Value"]
    opened = server.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(got["Value"], validate=True), EncryptionContext={"PARAMETER_ARN": got["ARN"]}
    )
    assert opened["Plaintext"] == b"plain text"


def test_a_single_level_name_is_one_parameter_with_and_without_slash(ssm, name):
    ssm.put_parameter(Name=f"/{name}", Value="v", Type="String")
    assert ssm.get_parameter(Name=name)["Parameter"]["Name"] == f"/{name}"
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name=name, Value="w", Type="String")
    ssm.delete_parameter(Name=name)
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"/{name}")


def test_a_parameter_is_found_by_its_arn(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String")
    arn = ssm.get_parameter(Name=name)["Parameter"]["ARN"]
    assert arn.endswith(f":parameter/{name}")
    assert ssm.get_parameter(Name=arn)["Parameter"]["Name"] == name


def test_names_must_follow_the_rules(ssm, name):
    with refused("ValidationException", 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'):
        ssm.put_parameter(Name=f"AWS{name}", Value="v", Type="String")
    with refused("AccessDeniedException", f"No access to reserved parameter name: /aws/{name}."):
        ssm.put_parameter(Name=f"/aws/{name}", Value="v", Type="String")
    for bad in (f"/ssm/{name}", f"{name}/without/slash", "in ner", "bad!", "ümlaut"):
        with refused("ValidationException", CATCH_ALL):
            ssm.put_parameter(Name=bad, Value="v", Type="String")
    with refused("HierarchyLevelLimitExceededException", re.compile("^A hierarchy can have a maximum of 15 levels.")):
        ssm.put_parameter(Name="/x" * 16, Value="v", Type="String")
    ssm.put_parameter(Name=f"/{name}" + "/x" * 14, Value="v", Type="String")


def test_an_absent_parameter_has_no_message(ssm, name):
    for call in (lambda: ssm.get_parameter(Name=name), lambda: ssm.delete_parameter(Name=name)):
        with refused("ParameterNotFound") as caught:
            call()
        assert not caught.value.response["Error"].get("Message")


def test_overwriting_needs_to_be_said_and_counts_versions(ssm, name):
    ssm.put_parameter(Name=name, Value="1", Type="SecureString", Description="first")
    text = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    with refused("ParameterAlreadyExists", text):
        ssm.put_parameter(Name=name, Value="2", Type="SecureString")
    assert ssm.put_parameter(Name=name, Value="2", Overwrite=True)["Version"] == 2
    got = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (got["Type"], got["Value"], got["Version"]) == ("SecureString", "2", 2)
    (described,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    assert (described["Description"], described["Version"]) == ("first", 2)


def test_a_version_is_selected_by_its_number(ssm, name):
    for number in ("1", "2", "3"):
        ssm.put_parameter(Name=name, Value=f"value {number}", Type="String", Overwrite=True)
    got = ssm.get_parameter(Name=f"{name}:2")["Parameter"]
    assert (got["Value"], got["Version"], got["Selector"], got["Name"]) == ("value 2", 2, ":2", name)
    text = f"Systems Manager could not find version 9 of {name}. Verify the version and try again."
    with refused("ParameterVersionNotFound", text):
        ssm.get_parameter(Name=f"{name}:9")


def test_creation_wants_a_type_and_a_value(ssm, name):
    with refused("ValidationException", "A parameter type is required when you create a parameter."):
        ssm.put_parameter(Name=name, Value="v")
    text = constraint(
        "Value 'Secret' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]"
    )
    with refused("ValidationException", text):
        ssm.put_parameter(Name=name, Value="v", Type="Secret")
    with refused("ValidationException", re.compile("Member must have length greater than or equal to 1")):
        ssm.put_parameter(Name=name, Value="", Type="String")


def test_tags_and_overwrite_exclude_each_other(ssm, name):
    text = (
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. "
        "To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
    )
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "k", "Value": "v"}])
    with refused("ValidationException", text):
        ssm.put_parameter(Name=name, Value="v", Type="String", Overwrite=True, Tags=[{"Key": "k", "Value": "v"}])


def test_the_standard_tier_holds_4096_characters_and_the_advanced_tier_8192(ssm, name):
    with refused("ValidationException", TOO_LONG):
        ssm.put_parameter(Name=name, Value="x" * 4097, Type="SecureString")
    ssm.put_parameter(Name=name, Value="x" * 4096, Type="SecureString")
    assert ssm.put_parameter(Name=name, Value="y" * 8192, Tier="Advanced", Overwrite=True)["Tier"] == "Advanced"
    assert value(ssm, name) == "y" * 8192
    with refused(
        "ValidationException", re.compile("You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier")
    ):
        ssm.put_parameter(Name=name, Value="z", Tier="Standard", Overwrite=True)


def test_intelligent_tiering_is_shown_as_the_tier_it_chose(ssm, name):
    assert ssm.put_parameter(Name=name, Value="s", Type="String", Tier="Intelligent-Tiering")["Tier"] == "Standard"
    assert ssm.put_parameter(Name=name, Value="x" * 5000, Tier="Intelligent-Tiering", Overwrite=True)["Tier"] == "Advanced"


def test_a_value_must_match_its_pattern_and_the_pattern_stays(ssm, name):
    ssm.put_parameter(Name=name, Value="42", Type="String", AllowedPattern=r"\d+")
    with refused("ParameterPatternMismatchException", r"Parameter value, cannot be validated against allowedPattern: \d+"):
        ssm.put_parameter(Name=name, Value="no", Overwrite=True)
    with refused("InvalidAllowedPatternException"):
        ssm.put_parameter(Name=f"{name}x", Value="42", Type="String", AllowedPattern="(")


def test_an_unknown_data_type_is_refused(ssm, name):
    with refused("ValidationException", "The following data type is not supported: Text (Data type names are all lowercase.)"):
        ssm.put_parameter(Name=name, Value="v", Type="String", DataType="Text")


def test_many_are_read_at_once_and_the_unknown_are_named(ssm, name):
    for letter in "bac":
        ssm.put_parameter(Name=f"{name}-{letter}", Value=letter, Type="SecureString")
    wanted = [f"{name}-c", f"{name}-a", f"{name}-nothing", f"{name}-b:1", f"{name}-a:7"]
    answer = ssm.get_parameters(Names=wanted, WithDecryption=True)
    assert [(one["Name"], one["Value"]) for one in answer["Parameters"]] == [(f"{name}-a", "a"), (f"{name}-b", "b"), (f"{name}-c", "c")]
    assert sorted(answer["InvalidParameters"]) == sorted([f"{name}-nothing", f"{name}-a:7"])
    everything = ssm.get_parameters(Names=[f"{name}-a"])
    assert everything["InvalidParameters"] == []


def test_at_most_ten_are_read_at_once(ssm, name):
    names = [f"{name}{n}" for n in range(11)]
    text = constraint(
        f"Value '[{', '.join(names)}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10"
    )
    with refused("ValidationException") as caught:
        ssm.get_parameters(Names=names)
    assert caught.value.response["Error"]["Message"].rstrip(".") == text


def by_path(ssm, path: str, **rest) -> list[str]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, **rest)
    return [one["Name"] for page in pages for one in page["Parameters"]]


def test_a_path_gives_its_children_and_recursively_all_below(ssm, name):
    names = [f"/{name}/a", f"/{name}/b", f"/{name}/deep/c", f"/{name}/deep/er/d"]
    for one in [*names, f"/{name}x/no"]:
        ssm.put_parameter(Name=one, Value="v", Type="String")
    for path in (f"/{name}", f"/{name}/"):
        assert sorted(by_path(ssm, path)) == names[:2]
        assert sorted(by_path(ssm, path, Recursive=True)) == names
    assert sorted(by_path(ssm, f"/{name}", Recursive=True, PaginationConfig={"PageSize": 1})) == names
    assert by_path(ssm, f"/{name}/a") == []
    assert set(names) <= set(by_path(ssm, "/", Recursive=True))


def test_a_path_decrypts_and_filters(ssm, name):
    ssm.put_parameter(Name=f"/{name}/secure", Value="v", Type="SecureString")
    ssm.put_parameter(Name=f"/{name}/plain", Value="w", Type="String")
    only = [{"Key": "Type", "Values": ["SecureString"]}]
    (found,) = ssm.get_parameters_by_path(Path=f"/{name}", ParameterFilters=only, WithDecryption=True)["Parameters"]
    assert (found["Name"], found["Value"]) == (f"/{name}/secure", "v")


def test_a_bad_path_is_refused(ssm):
    for path in ("no-slash", "/double//slash", "/bad!"):
        with refused("ValidationException", re.compile("^The parameter doesn't meet the parameter name requirements. ")):
            ssm.get_parameters_by_path(Path=path)
    text = constraint("Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10")
    with refused("ValidationException", text):
        ssm.get_parameters_by_path(Path="/", MaxResults=11)
    with refused("InvalidNextToken"):
        ssm.get_parameters_by_path(Path="/", NextToken="made up")


def test_describe_shows_everything_but_the_value(ssm, server, name):
    ssm.put_parameter(Name=f"/{name}/s", Value="v", Type="SecureString", Description="text", AllowedPattern=".*")
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{name}"]}]
    (described,) = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    assert (described["KeyId"], described["Description"], described["AllowedPattern"]) == ("alias/aws/ssm", "text", ".*")
    assert (described["Tier"], described["Policies"], described["DataType"]) == ("Standard", [], "text")
    assert described["LastModifiedUser"] == f"arn:aws:iam::{server.account}:root"
    assert "Value" not in described


def described(ssm, *filters: tuple) -> list[str]:
    shaped = [{"Key": key, "Option": option, "Values": values} for key, option, values in filters]
    pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=shaped, PaginationConfig={"PageSize": 2})
    return sorted(one["Name"] for page in pages for one in page["Parameters"])


def test_describe_filters(ssm, name):
    ssm.put_parameter(Name=f"/{name}/a", Value="v", Type="String", Tags=[{"Key": "team", "Value": "red"}])
    ssm.put_parameter(Name=f"/{name}/b", Value="v", Type="SecureString")
    ssm.put_parameter(Name=f"/{name}/c/d", Value="v", Type="StringList")
    everything = [f"/{name}/a", f"/{name}/b", f"/{name}/c/d"]
    assert described(ssm, ("Name", "Contains", [name])) == everything
    assert described(ssm, ("Path", "Recursive", [f"/{name}"])) == everything
    assert described(ssm, ("Path", "OneLevel", [f"/{name}"])) == everything[:2]
    assert described(ssm, ("Name", "BeginsWith", [f"/{name}/"]), ("Type", "Equals", ["SecureString", "StringList"])) == everything[1:]
    assert described(ssm, ("Name", "Equals", [f"{name}/a"])) == everything[:1]
    assert described(ssm, ("tag:team", "Equals", ["red"]), ("Name", "Contains", [name])) == everything[:1]


def test_bad_describe_filters_are_refused(ssm, name):
    with refused(
        "ValidationException", re.compile("parameterFilters.1.member.key.*regular expression pattern|failed to satisfy constraint")
    ):
        ssm.describe_parameters(ParameterFilters=[{"Key": "Nonsense", "Values": ["x"]}])
    with refused("InvalidFilterOption"):
        ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Sideways", "Values": ["x"]}])
    with refused("InvalidFilterValue"):
        ssm.describe_parameters(ParameterFilters=[{"Key": "Tier", "Values": ["Golden"]}])
    with refused("ValidationException", "You can use either Filters or ParameterFilters in a single request."):
        ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["x"]}], ParameterFilters=[{"Key": "Name", "Values": ["x"]}])


def test_deletion_starts_again_at_version_one(ssm, name):
    for _ in range(2):
        ssm.put_parameter(Name=name, Value="v", Type="String", Overwrite=True)
    ssm.delete_parameter(Name=name)
    assert ssm.put_parameter(Name=name, Value="v", Type="String")["Version"] == 1


def test_many_are_deleted_at_once_and_the_unknown_are_named(ssm, name):
    ssm.put_parameter(Name=f"{name}a", Value="v", Type="String")
    answer = ssm.delete_parameters(Names=[f"{name}a", f"{name}b"])
    assert (answer["DeletedParameters"], answer["InvalidParameters"]) == ([f"{name}a"], [f"{name}b"])


def test_a_key_that_does_not_exist_is_an_invalid_key(ssm, name):
    with refused("InvalidKeyId"):
        ssm.put_parameter(Name=name, Value="v", Type="SecureString", KeyId="00000000-0000-0000-0000-000000000000")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_at_a_hundred_versions_the_oldest_is_dropped(ssm, name):
    for number in range(1, 102):
        ssm.put_parameter(Name=name, Value=str(number), Type="String", Overwrite=True)
    assert ssm.get_parameter(Name=f"{name}:2")["Parameter"]["Value"] == "2"
    with refused("ParameterVersionNotFound"):
        ssm.get_parameter(Name=f"{name}:1")
