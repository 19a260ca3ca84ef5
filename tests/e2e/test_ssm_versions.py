"""History, labels, and what is kept of a parameter's versions."""

import re

import pytest

from errors import refused

TOO_MANY_LABELS = "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again."


@pytest.fixture(scope="module")
def ssm(server):
    return server.client("ssm")


@pytest.fixture
def three(ssm, name):
    """A parameter of three versions."""
    for number in (1, 2, 3):
        ssm.put_parameter(Name=f"/{name}/p", Value=f"v{number}", Type="SecureString", Description=str(number), Overwrite=True)
    return f"/{name}/p"


def history(ssm, name, **rest) -> list[dict]:
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=name, **rest)
    return [one for page in pages for one in page["Parameters"]]


def test_the_history_has_every_version_and_what_it_was_made_with(ssm, server, three):
    ssm.label_parameter_version(Name=three, ParameterVersion=2, Labels=["prod", "blue"])
    versions = history(ssm, three, WithDecryption=True)
    assert [(one["Version"], one["Value"], one["Description"]) for one in versions] == [(1, "v1", "1"), (2, "v2", "2"), (3, "v3", "3")]
    assert [one.get("Labels") for one in versions] == [[], ["blue", "prod"], []]
    last = versions[-1]
    assert (last["Name"], last["Type"], last["KeyId"], last["Tier"]) == (three, "SecureString", "alias/aws/ssm", "Standard")
    assert (last["DataType"], last["Policies"]) == ("text", [])
    assert last["LastModifiedUser"] == f"arn:aws:iam::{server.account}:root"
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter{three}"
    assert [one["Version"] for one in history(ssm, arn)] == [1, 2, 3]


def test_the_history_is_encrypted_unless_asked_and_comes_in_pages(ssm, three):
    assert all("v1" not in one["Value"] for one in history(ssm, three))
    paged = history(ssm, three, PaginationConfig={"PageSize": 2})
    assert [one["Version"] for one in paged] == [1, 2, 3]
    with refused("InvalidNextToken"):
        ssm.get_parameter_history(Name=three, NextToken="made up")
    with refused("ParameterNotFound"):
        ssm.get_parameter_history(Name=f"{three}x")


def test_a_label_chooses_the_version_that_has_it_now(ssm, three):
    answer = ssm.label_parameter_version(Name=three, Labels=["live"])
    assert (answer["ParameterVersion"], answer["InvalidLabels"]) == (3, [])
    for version in (1, 2):
        ssm.label_parameter_version(Name=three, ParameterVersion=version, Labels=["live"])
        got = ssm.get_parameter(Name=f"{three}:live", WithDecryption=True)["Parameter"]
        assert (got["Version"], got["Value"], got["Selector"], got["Name"]) == (version, f"v{version}", ":live", three)
    ssm.put_parameter(Name=three, Value="v4", Overwrite=True)
    assert ssm.get_parameter(Name=f"{three}:live")["Parameter"]["Version"] == 2
    many = ssm.get_parameters(Names=[f"{three}:live", three, f"{three}:1", f"{three}:none"], WithDecryption=True)
    assert sorted(one["Value"] for one in many["Parameters"]) == ["v1", "v2", "v4"]
    assert many["InvalidParameters"] == [f"{three}:none"]
    with refused("ParameterVersionNotFound", f"Systems Manager could not find version none of {three}. Verify the version and try again."):
        ssm.get_parameter(Name=f"{three}:none")


def test_bad_labels_come_back_and_good_ones_are_given(ssm, three):
    labels = ["good", "1st", "aws-x", "SSMx", "with space"]
    answer = ssm.label_parameter_version(Name=three, ParameterVersion=1, Labels=labels)
    assert answer["InvalidLabels"] == labels[1:]
    assert ssm.get_parameter(Name=f"{three}:good")["Parameter"]["Version"] == 1
    with refused("ValidationException", re.compile("Member must have length less than or equal to 100")):
        ssm.label_parameter_version(Name=three, Labels=["x" * 101])


def test_a_version_has_ten_labels_and_no_more(ssm, three):
    ten = [f"l{number}" for number in range(10)]
    ssm.label_parameter_version(Name=three, Labels=ten)
    with refused("ParameterVersionLabelLimitExceeded", TOO_MANY_LABELS):
        ssm.label_parameter_version(Name=three, Labels=["one-more"])
    with refused("ParameterVersionNotFound"):
        ssm.get_parameter(Name=f"{three}:one-more")
    ssm.label_parameter_version(Name=three, ParameterVersion=1, Labels=["l0"])
    ssm.label_parameter_version(Name=three, Labels=["one-more"])


def test_labels_are_taken_from_the_version_that_has_them(ssm, three):
    ssm.label_parameter_version(Name=three, ParameterVersion=1, Labels=["a", "b"])
    ssm.label_parameter_version(Name=three, ParameterVersion=2, Labels=["c"])
    answer = ssm.unlabel_parameter_version(Name=three, ParameterVersion=1, Labels=["a", "c", "d"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == (["a"], ["c", "d"])
    assert [one.get("Labels") for one in history(ssm, three)] == [["b"], ["c"], []]
    for call, labelled in ((ssm.label_parameter_version, three), (ssm.unlabel_parameter_version, three)):
        with refused("ParameterVersionNotFound", re.compile("could not find version 9 of ")):
            call(Name=labelled, ParameterVersion=9, Labels=["a"])
        with refused("ParameterNotFound"):
            call(Name=f"{labelled}x", ParameterVersion=1, Labels=["a"])


def test_a_label_on_the_oldest_of_a_hundred_versions_keeps_it(ssm, name):
    for number in range(100):
        ssm.put_parameter(Name=name, Value=str(number), Type="String", Overwrite=True)
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["keep"])
    text = (
        f"You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version 1, the oldest "
        "version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again."
    )
    with refused("ParameterMaxVersionLimitExceeded", text):
        ssm.put_parameter(Name=name, Value="x", Overwrite=True)
    assert ssm.get_parameter(Name=name)["Parameter"]["Version"] == 100
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["keep"])
    assert ssm.put_parameter(Name=name, Value="x", Overwrite=True)["Version"] == 101
    assert len(history(ssm, name)) == 100


def test_by_path_with_a_label_gives_the_labelled_versions_alone(ssm, three):
    path = three.rsplit("/", 1)[0]
    ssm.put_parameter(Name=f"{path}/other", Value="w", Type="String")
    ssm.label_parameter_version(Name=three, ParameterVersion=2, Labels=["live"])
    filters = [{"Key": "Label", "Option": "Equals", "Values": ["live"]}]
    found = ssm.get_parameters_by_path(Path=path, ParameterFilters=filters, WithDecryption=True)["Parameters"]
    assert [(one["Name"], one["Version"], one["Value"]) for one in found] == [(three, 2, "v2")]
    with refused("InvalidFilterOption"):
        ssm.get_parameters_by_path(Path=path, ParameterFilters=[{"Key": "Label", "Option": "BeginsWith", "Values": ["l"]}])
    with refused("InvalidFilterKey"):
        ssm.describe_parameters(ParameterFilters=[{"Key": "Label", "Values": ["live"]}])


def test_old_versions_stay_under_the_key_they_were_made_with(ssm, server, name):
    kms = server.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    ssm.put_parameter(Name=name, Value="one", Type="SecureString", KeyId=first)
    ssm.put_parameter(Name=name, Value="two", KeyId=second, Overwrite=True)
    assert [(one["KeyId"], one["Value"]) for one in history(ssm, name, WithDecryption=True)] == [(first, "one"), (second, "two")]
    kms.disable_key(KeyId=first)
    with refused("InvalidKeyId", re.compile(r"is disabled\. \(Service: AWSKMS; Status Code: 400; Error Code: DisabledException; ")):
        ssm.get_parameter_history(Name=name, WithDecryption=True)
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "two"


def test_the_aws_command_line_labels_reads_and_lists(server, ssm, three):
    def aws(*arguments: str) -> dict:
        return server.aws_json("ssm", *arguments)

    assert aws("label-parameter-version", "--name", three, "--parameter-version", "2", "--labels", "live")["ParameterVersion"] == 2
    got = aws("get-parameter", "--name", f"{three}:live", "--with-decryption")["Parameter"]
    assert (got["Value"], got["Selector"]) == ("v2", ":live")
    versions = aws("get-parameter-history", "--name", three, "--with-decryption", "--page-size", "1")["Parameters"]
    assert [(one["Version"], one.get("Labels")) for one in versions] == [(1, []), (2, ["live"]), (3, [])]
    missing = server.aws("ssm", "get-parameter", "--name", f"{three}x")
    assert (missing.returncode != 0, "(ParameterNotFound) when calling the GetParameter operation:" in missing.stderr) == (True, True)
