"""IAM as boto3 sees it."""

import json
import re

import pytest

from errors import refused
from harness import Credentials, allow, policy, trust, trust_of

CONFLICT_POLICIES = "Cannot delete entity, must delete policies first."
CONFLICT_ATTACHED = "Cannot delete entity, must detach all policies first."
CONFLICT_OBJECTS = "Cannot delete entity, must remove referenced objects first."
READ = policy(allow("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/a b/%3A+${aws:username}"))


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


def test_a_role_shows_what_each_operation_shows(iam, server, name):
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Path="/team/a/")["Role"]
    assert made["Arn"] == f"arn:aws:iam::{server.account}:role/team/a/{name}"
    assert re.fullmatch("AROA[A-Z0-9]{17}", made["RoleId"])
    assert made.keys() == {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    assert made["AssumeRolePolicyDocument"] == json.loads(trust())

    got = iam.get_role(RoleName=name)["Role"]
    assert got.keys() == made.keys() | {"MaxSessionDuration", "RoleLastUsed"}
    assert (got["MaxSessionDuration"], got["RoleLastUsed"]) == (3600, {})

    (listed,) = iam.list_roles(PathPrefix="/team/a/")["Roles"]
    assert listed.keys() == made.keys() | {"MaxSessionDuration"}


def test_a_role_keeps_its_tags_description_and_session_duration(iam, name):
    tags = [{"Key": "Team", "Value": "red"}]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Description="d", MaxSessionDuration=7200, Tags=tags)["Role"]
    got = iam.get_role(RoleName=name)["Role"]
    assert (made["Tags"], got["Tags"], got["Description"], got["MaxSessionDuration"]) == (tags, tags, "d", 7200)


def test_names_are_unique_whatever_their_case(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    with refused("EntityAlreadyExists", re.compile("^Role with name .* already exists.$"), 409):
        iam.create_role(RoleName=name.upper(), AssumeRolePolicyDocument=trust())
    iam.create_user(UserName=name)
    with refused("EntityAlreadyExists", f"User with name {name} already exists.", 409):
        iam.create_user(UserName=name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    assert arn.endswith(f":policy/{name}")
    with refused("EntityAlreadyExists", f"A policy called {name} already exists. Duplicate names are not allowed.", 409):
        iam.create_policy(PolicyName=name, PolicyDocument=READ)


def test_what_is_absent_is_named(iam, server, name):
    absent = f"arn:aws:iam::{server.account}:policy/{name}"
    for call, text in (
        (lambda: iam.get_role(RoleName=name), f"The role with name {name} cannot be found."),
        (lambda: iam.delete_role(RoleName=name), f"The role with name {name} cannot be found."),
        (lambda: iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=READ), f"The role with name {name} cannot be found."),
        (lambda: iam.get_user(UserName=name), f"The user with name {name} cannot be found."),
        (lambda: iam.delete_user(UserName=name), f"The user with name {name} cannot be found."),
        (lambda: iam.get_policy(PolicyArn=absent), f"Policy {absent} was not found."),
        (lambda: iam.delete_policy(PolicyArn=absent), f"Policy {absent} was not found."),
    ):
        with refused("NoSuchEntity", text, 404):
            call()


def test_a_missing_inline_policy_is_named(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    with refused("NoSuchEntity", "The role policy with name p cannot be found.", 404):
        iam.get_role_policy(RoleName=name, PolicyName="p")


def test_inline_policies_come_back_as_they_were(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.create_user(UserName=name)
    for put, get, names, delete, owner in (
        (iam.put_role_policy, iam.get_role_policy, iam.list_role_policies, iam.delete_role_policy, {"RoleName": name}),
        (iam.put_user_policy, iam.get_user_policy, iam.list_user_policies, iam.delete_user_policy, {"UserName": name}),
    ):
        put(**owner, PolicyName="b", PolicyDocument=READ)
        put(**owner, PolicyName="a", PolicyDocument=READ)
        put(**owner, PolicyName="b", PolicyDocument=READ)
        got = get(**owner, PolicyName="b")
        assert (got["PolicyDocument"], got["PolicyName"]) == (json.loads(READ), "b")
        assert owner.items() <= got.items()
        answer = names(**owner)
        assert (answer["PolicyNames"], answer["IsTruncated"], "Marker" in answer) == (["a", "b"], False, False)
        delete(**owner, PolicyName="b")
        assert names(**owner)["PolicyNames"] == ["a"]


def test_a_managed_policy_shows_what_each_operation_shows(iam, server, name):
    made = iam.create_policy(PolicyName=name, PolicyDocument=READ, Description="text", Path="/p/")["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{server.account}:policy/p/{name}"
    assert re.fullmatch("ANPA[A-Z0-9]{17}", made["PolicyId"])
    assert "Description" not in made
    expected = {"DefaultVersionId": "v1", "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0, "IsAttachable": True, "Path": "/p/"}
    assert {member: made[member] for member in expected} == expected

    got = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert (got["Description"], got["Tags"]) == ("text", [])
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert (version["Document"], version["IsDefaultVersion"], version["VersionId"]) == (json.loads(READ), True, "v1")
    (listed,) = iam.list_policies(Scope="Local", PathPrefix="/p/")["Policies"]
    assert listed.keys().isdisjoint({"Description", "Tags"})


def test_attachments_are_counted_listed_and_hold_their_policy(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.create_user(UserName=name)
    for _ in range(2):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 2
    expected = [{"PolicyName": name, "PolicyArn": arn}]
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == expected
    assert iam.list_attached_user_policies(UserName=name)["AttachedPolicies"] == expected
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409):
        iam.delete_policy(PolicyArn=arn)
    for call in (lambda: iam.delete_role(RoleName=name), lambda: iam.delete_user(UserName=name)):
        with refused("DeleteConflict", CONFLICT_ATTACHED, 409):
            call()
    iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName=name)
    iam.delete_user(UserName=name)


def test_the_managed_policies_of_aws_are_there(iam, name):
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    found = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (found["PolicyName"], found["Path"]) == ("AmazonECSTaskExecutionRolePolicy", "/service-role/")
    document = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]["Document"]
    (statement,) = document["Statement"]
    assert sorted(statement["Action"]) == sorted(
        [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ]
    )
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"][0]["PolicyArn"] == arn
    names = {one["PolicyName"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS") for one in page["Policies"]}
    assert {"AdministratorAccess", "ReadOnlyAccess", "SecretsManagerReadWrite", "AmazonSSMReadOnlyAccess", "PowerUserAccess"} <= names


def test_bad_policy_arns_are_refused(iam, server, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    for bad in ("arn:aws:iam:nonsense-and-more", "a-bare-name-of-a-policy"):
        with refused("ValidationError", "Invalid ARN:  Could not be parsed!"):
            iam.attach_role_policy(RoleName=name, PolicyArn=bad)
    absent = f"arn:aws:iam::{server.account}:policy/{name}"
    with refused("NoSuchEntity", f"Policy {absent} does not exist or is not attachable.", 404):
        iam.attach_role_policy(RoleName=name, PolicyArn=absent)


STATEMENT = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Principal": "*"}]}, "Policy document should not specify a principal."),
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}, "Policy statement must contain actions."),
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b"}]}, "Policy statement must contain resources."),
        ({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Sid": "x"}] * 2}, "Statement IDs (SID) in a single policy must be unique."),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Action": "GetParameter"}]},
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        ({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Action": "a:b:c"}]}, "Actions/Condition can contain only one colon."),
        ({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "allow"}]}, "The policy failed legacy parsing"),
        ({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": "arn:aws:s3::b"}]}, "The policy failed legacy parsing"),
        (
            {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Resource": "arn:error:s3:::b"}]},
            'Partition "error" is not valid for resource "arn:error:s3:::b".',
        ),
        ({"Version": "2020-01-01", "Statement": [STATEMENT]}, None),
    ],
)
def test_a_malformed_policy_is_refused_in_aws_s_words(iam, name, document, text):
    iam.create_user(UserName=name)
    with refused("MalformedPolicyDocument", text):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))


def test_a_malformed_trust_policy_is_refused(iam, server, name):
    with refused("MalformedPolicyDocument", "This policy contains invalid Json"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{not json")
    with_resource = json.loads(trust())
    with_resource["Statement"][0]["Resource"] = "*"
    with refused("MalformedPolicyDocument", "Has prohibited field Resource"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(with_resource))
    absent = f"arn:aws:iam::{server.account}:role/{name}-absent"
    with refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{absent}"'):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(absent))


def test_the_trust_policy_can_be_replaced(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust("ec2.amazonaws.com"))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust("ec2.amazonaws.com"))


def test_names_break_the_constraints_of_the_model(iam):
    with refused(
        "ValidationError",
        re.compile(
            r"Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: \[\\w\+=,\.@-\]\+"
        ),
    ):
        iam.create_role(RoleName="a b", AssumeRolePolicyDocument=trust())
    with refused(
        "ValidationError", re.compile("at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64")
    ):
        iam.create_role(RoleName="r" * 65, AssumeRolePolicyDocument=trust())


def test_deleting_waits_for_inline_policies(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=READ)
    with refused("DeleteConflict", CONFLICT_POLICIES, 409):
        iam.delete_role(RoleName=name)


def test_users(iam, server, name):
    made = iam.create_user(UserName=name, Path="/people/")["User"]
    assert made["Arn"] == f"arn:aws:iam::{server.account}:user/people/{name}"
    assert re.fullmatch("AIDA[A-Z0-9]{17}", made["UserId"])
    assert "Tags" not in made
    assert iam.get_user(UserName=name)["User"] == made
    assert [one["UserName"] for one in iam.list_users(PathPrefix="/people/")["Users"]] == [name]
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{server.account}:root"


def test_access_keys_are_shown_once_limited_and_can_be_switched_off(iam, server, name):
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert re.fullmatch("AKIA[A-Z0-9]{16}", key["AccessKeyId"])
    assert (len(key["SecretAccessKey"]), key["Status"], key["UserName"]) == (40, "Active", name)
    (listed,) = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], "SecretAccessKey" in listed) == (key["AccessKeyId"], False)

    his = server.client("iam", Credentials.of(key))
    assert his.get_user()["User"]["UserName"] == name
    iam.create_access_key(UserName=name)
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409):
        iam.create_access_key(UserName=name)
    with refused("DeleteConflict", re.compile("^Cannot delete entity, must"), 409):
        iam.delete_user(UserName=name)

    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        his.get_user()
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Active")
    assert his.get_user()
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        his.get_user()
    with refused("NoSuchEntity", f"The Access Key with id {key['AccessKeyId']} cannot be found.", 404):
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])


def test_lists_come_in_pages(iam, name):
    for number in range(5):
        iam.create_role(RoleName=f"{name}-{number}", AssumeRolePolicyDocument=trust(), Path=f"/{name}/")
    first = iam.list_roles(PathPrefix=f"/{name}/", MaxItems=2)
    assert (len(first["Roles"]), first["IsTruncated"], bool(first["Marker"])) == (2, True, True)
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=f"/{name}/", PaginationConfig={"PageSize": 2})
    assert [one["RoleName"] for page in pages for one in page["Roles"]] == [f"{name}-{number}" for number in range(5)]


def test_the_inline_policies_of_a_role_have_a_total_size(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    long = policy(*[allow("ssm:GetParameter", f"arn:aws:ssm:*:*:parameter/{'x' * 1000}/{n}") for n in range(11)])
    with refused("LimitExceeded", re.compile("10240"), 409):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=long)
