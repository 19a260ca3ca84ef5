"""Managed policies of IAM: versions, what they are attached to, and those of AWS's."""

import json
import re

import pytest

from errors import refused
from harness import Credentials, allow, policy, trust

READ = policy(allow("ssm:GetParameters"))
WRITE = policy(allow("ssm:PutParameter"))
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


def test_versions_are_numbered_and_no_number_comes_twice(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=WRITE)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"], "Document" in made) == ("v2", False, False)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=WRITE, SetAsDefault=True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [("v3", True), ("v2", False), ("v1", False)]
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(WRITE)

    with refused("DeleteConflict", "Cannot delete the default version of a policy.", 409):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)["PolicyVersion"]["VersionId"] == "v4"
    for call in (iam.get_policy_version, iam.set_default_policy_version, iam.delete_policy_version):
        with refused("NoSuchEntity", f"Policy {arn} version v3 does not exist or is not attachable.", 404):
            call(PolicyArn=arn, VersionId="v3")
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 1})
    assert [one["VersionId"] for page in pages for one in page["Versions"]] == ["v4", "v2", "v1"]


def test_what_is_not_there_is_missed_in_the_words_of_each_operation(iam, server, name):
    absent = f"arn:aws:iam::{server.account}:policy/{name}-absent"
    for call in (iam.get_policy_version, iam.set_default_policy_version):
        with refused("NoSuchEntity", f"Policy {absent} version v1 does not exist or is not attachable.", 404):
            call(PolicyArn=absent, VersionId="v1")
    with refused("NoSuchEntity", f"Policy {absent} does not exist or is not attachable.", 404):
        iam.list_entities_for_policy(PolicyArn=absent)
    with refused("NoSuchEntity", f"Policy {absent} was not found.", 404):
        iam.get_policy(PolicyArn=absent)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    with refused("NoSuchEntity", f"Role {name} in Instance Profile {name} cannot be found.", 404):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)


def test_a_managed_policy_is_read_by_shape_then_version_then_the_rest(iam, name):
    statement = {"Effect": "allow", "Action": "a:b", "Resource": "*"}
    for document, text in (
        ("not json", "Syntax errors in policy."),
        (json.dumps({"Statement": {**statement, "Comment": "x"}}), "Syntax errors in policy."),
        (json.dumps({"Statement": statement}), "Policy document must be version 2012-10-17 or greater."),
        (json.dumps({"Version": "2012-10-17", "Statement": statement}), "The policy failed legacy parsing"),
    ):
        with refused("MalformedPolicyDocument", text):
            iam.create_policy(PolicyName=name, PolicyDocument=document)


def test_the_tags_of_a_policy_differ_by_case(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ, Tags=[{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}])["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "k", "Value": "3"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["K"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "k", "Value": "3"}]
    with refused("InvalidInput", "Duplicate tag keys found."):
        iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "k", "Value": "1"}] * 2)


def test_five_versions_are_the_most_and_a_policy_goes_after_them(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    text = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    with refused("LimitExceeded", text, 409):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    with refused("DeleteConflict", re.compile("^This policy has more than one version"), 409):
        iam.delete_policy(PolicyArn=arn)
    for number in range(2, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    iam.delete_policy(PolicyArn=arn)


def test_another_default_version_decides_from_the_next_request_on(iam, server, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("iam:GetUser")))["Policy"]["Arn"]
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    assert his.get_user()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ, SetAsDefault=True)
    with refused("AccessDenied", status=403):
        his.get_user()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert his.get_user()


def test_the_size_of_a_managed_policy_is_limited_and_blanks_do_not_count(iam, name):
    empty = policy(allow("ssm:GetParameter", ""))
    room = 6144 - len(empty.replace(" ", ""))
    fits = policy(allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/" + "x" * (room - 26)))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=fits + " " * 500)["Policy"]["Arn"]
    too_long = fits.replace("xxx", "xxxx", 1)
    for call in (
        lambda: iam.create_policy(PolicyName=f"{name}-2", PolicyDocument=too_long),
        lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=too_long),
    ):
        with refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409):
            call()


def test_a_version_must_be_of_the_current_language(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    old = READ.replace("2012-10-17", "2008-10-17")
    with refused("MalformedPolicyDocument", "Policy document must be version 2012-10-17 or greater."):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=old)


def test_the_users_of_a_policy_are_found_by_kind_path_and_use(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    iam.create_user(UserName=f"{name}-u", Path="/x/")
    iam.create_group(GroupName=f"{name}-g")
    iam.create_role(RoleName=f"{name}-r", AssumeRolePolicyDocument=trust())
    iam.create_role(RoleName=f"{name}-b", AssumeRolePolicyDocument=trust(), PermissionsBoundary=arn)
    iam.attach_user_policy(UserName=f"{name}-u", PolicyArn=arn)
    iam.attach_group_policy(GroupName=f"{name}-g", PolicyArn=arn)
    iam.attach_role_policy(RoleName=f"{name}-r", PolicyArn=arn)

    def found(**filters) -> set[str]:
        answer = iam.list_entities_for_policy(PolicyArn=arn, **filters)
        names = [one["GroupName"] for one in answer["PolicyGroups"]]
        names += [one["UserName"] for one in answer["PolicyUsers"]]
        names += [one["RoleName"] for one in answer["PolicyRoles"]]
        return {one.removeprefix(f"{name}-") for one in names}

    assert found() == {"u", "g", "r", "b"}
    assert found(EntityFilter="Role") == {"r", "b"}
    assert found(PathPrefix="/x/") == {"u"}
    assert found(PolicyUsageFilter="PermissionsBoundary") == {"b"}
    assert found(PolicyUsageFilter="PermissionsPolicy") == {"u", "g", "r"}
    pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 3}))
    assert [sum(len(page[part]) for part in ("PolicyGroups", "PolicyUsers", "PolicyRoles")) for page in pages] == [3, 1]
    counts = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (counts["AttachmentCount"], counts["PermissionsBoundaryUsageCount"]) == (3, 1)


def test_lists_of_policies_are_filtered_by_scope_and_use(iam, name):
    iam.create_policy(PolicyName=name, PolicyDocument=READ)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), PermissionsBoundary="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    iam.attach_role_policy(RoleName=name, PolicyArn=EXECUTION)

    def names(**filters) -> set[str]:
        pages = iam.get_paginator("list_policies").paginate(**filters, PaginationConfig={"PageSize": 10})
        return {one["PolicyName"] for page in pages for one in page["Policies"]}

    assert name in names(Scope="Local") and "ReadOnlyAccess" not in names(Scope="Local")
    assert name not in names(Scope="AWS") and "ReadOnlyAccess" in names(Scope="AWS")
    assert {name, "ReadOnlyAccess"} <= names()
    used = names(OnlyAttached=True)
    assert "AmazonECSTaskExecutionRolePolicy" in used and name not in used
    assert "IAMReadOnlyAccess" in names(Scope="AWS", PolicyUsageFilter="PermissionsBoundary")
    assert names(Scope="AWS", PathPrefix="/job-function/") == {"ViewOnlyAccess"}


def test_the_policies_of_aws_can_be_read_in_every_way_and_changed_in_none(iam):
    arns = [one["Arn"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS") for one in page["Policies"]]
    assert len(arns) == len(set(arns)) > 20
    for arn in arns:
        shown = iam.get_policy(PolicyArn=arn)["Policy"]
        version = shown["DefaultVersionId"]
        assert re.fullmatch(r"v[1-9]\d*", version) and re.fullmatch("ANPA[A-Z0-9]{17}", shown["PolicyId"])
        assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == [version]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert document["Version"] == "2012-10-17" and document["Statement"]
    assert iam.list_entities_for_policy(PolicyArn=EXECUTION)["IsTruncated"] is False
    assert iam.list_policy_tags(PolicyArn=EXECUTION)["Tags"] == []
    for call in (
        lambda: iam.delete_policy(PolicyArn=EXECUTION),
        lambda: iam.create_policy_version(PolicyArn=EXECUTION, PolicyDocument=READ),
        lambda: iam.set_default_policy_version(PolicyArn=EXECUTION, VersionId="v1"),
        lambda: iam.tag_policy(PolicyArn=EXECUTION, Tags=[{"Key": "k", "Value": "v"}]),
    ):
        with refused("AccessDenied", status=403):
            call()


@pytest.mark.parametrize(
    "arn",
    [
        "AdministratorAccess",
        "AWSKeyManagementServicePowerUser",
        "AmazonEC2ContainerRegistryFullAccess",
        "AmazonEC2ContainerRegistryPowerUser",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonECS_FullAccess",
        "AmazonSSMFullAccess",
        "AmazonSSMManagedInstanceCore",
        "AmazonSSMReadOnlyAccess",
        "CloudWatchLogsFullAccess",
        "IAMFullAccess",
        "IAMReadOnlyAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "SecretsManagerReadWrite",
        "service-role/AmazonEC2ContainerServiceforEC2Role",
        "service-role/AmazonECSTaskExecutionRolePolicy",
    ],
)
def test_the_policies_that_container_users_attach_are_there(iam, arn):
    assert iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{arn}")["Policy"]["PolicyName"] == arn.split("/")[-1]


def test_an_attached_policy_of_aws_s_allows_what_it_says(iam, server, name):
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    assert his.get_user()
    with refused("AccessDenied", re.compile("because no identity-based policy allows the iam:CreateUser action$"), 403):
        his.create_user(UserName=f"{name}-2")


def test_ten_managed_policies_are_the_most(iam, name):
    arns = [iam.create_policy(PolicyName=f"{name}-{n}", PolicyDocument=READ)["Policy"]["Arn"] for n in range(11)]
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    for kind in ("user", "group", "role"):
        attach = getattr(iam, f"attach_{kind}_policy")
        owner = {f"{kind.title()}Name": name}
        for arn in arns[:10]:
            attach(**owner, PolicyArn=arn)
        attach(**owner, PolicyArn=arns[0])
        with refused("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind.title()}: 10", 409):
            attach(**owner, PolicyArn=arns[10])
