"""Users, groups, roles and instance profiles of IAM: renamed, tagged, bounded, put together and taken apart."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from errors import refused
from harness import Credentials, allow, deny, policy, trust, trust_of

READ = policy(allow("ssm:GetParameters"))


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


def tag(key: str, value: str) -> dict:
    return {"Key": key, "Value": value}


# Groups


def test_a_group_is_made_shown_listed_and_deleted(iam, server, name):
    made = iam.create_group(GroupName=name, Path="/team/")["Group"]
    assert made.keys() == {"Path", "GroupName", "GroupId", "Arn", "CreateDate"}
    assert made["Arn"] == f"arn:aws:iam::{server.account}:group/team/{name}"
    assert re.fullmatch("AGPA[A-Z0-9]{17}", made["GroupId"])
    got = iam.get_group(GroupName=name.upper())
    assert (got["Group"], got["Users"], got["IsTruncated"]) == (made, [], False)
    listed = [group for group in iam.list_groups(PathPrefix="/team/")["Groups"] if group["GroupName"] == name]
    assert listed == [made]
    with refused("EntityAlreadyExists", f"Group with name {name.upper()} already exists.", 409):
        iam.create_group(GroupName=name.upper())
    iam.delete_group(GroupName=name)
    with refused("NoSuchEntity", f"The group with name {name} cannot be found.", 404):
        iam.get_group(GroupName=name)


def test_users_join_and_leave_groups(iam, name):
    iam.create_group(GroupName=name)
    for letter in "cab":
        iam.create_user(UserName=f"{name}-{letter}")
        for _ in range(2):
            iam.add_user_to_group(GroupName=name, UserName=f"{name}-{letter}")
    pages = list(iam.get_paginator("get_group").paginate(GroupName=name, PaginationConfig={"PageSize": 2}))
    assert [len(page["Users"]) for page in pages] == [2, 1]
    assert [user["UserName"][-1] for page in pages for user in page["Users"]] == ["a", "b", "c"]
    groups = iam.list_groups_for_user(UserName=f"{name}-a")["Groups"]
    assert [group["GroupName"] for group in groups] == [name]

    conflict = "Cannot delete entity, must remove users from group first."
    for delete in (lambda: iam.delete_group(GroupName=name), lambda: iam.delete_user(UserName=f"{name}-a")):
        with refused("DeleteConflict", conflict, 409):
            delete()
    for letter in "abc":
        iam.remove_user_from_group(GroupName=name, UserName=f"{name}-{letter}")
    iam.remove_user_from_group(GroupName=name, UserName=f"{name}-a")  # AWS: not in it any more, and no error
    with refused("NoSuchEntity", f"The user with name {name}-x cannot be found.", 404):
        iam.add_user_to_group(GroupName=name, UserName=f"{name}-x")
    iam.delete_group(GroupName=name)
    iam.delete_user(UserName=f"{name}-a")


def test_a_user_can_be_in_ten_groups(iam, name):
    iam.create_user(UserName=name)
    for number in range(11):
        iam.create_group(GroupName=f"{name}-{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"{name}-{number}", UserName=name)
    with refused("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409):
        iam.add_user_to_group(GroupName=f"{name}-10", UserName=name)


def test_the_policies_of_groups_are_the_policies_of_their_users(iam, server, name):
    iam.create_group(GroupName=name)
    iam.create_user(UserName=name)
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    denied = re.compile("because no identity-based policy allows the iam:GetUser action$")
    with refused("AccessDenied", denied, 403):
        his.get_user()
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert his.get_user()["User"]["UserName"] == name

    # A Deny in a group stands above what the user's own policies allow.
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(allow("iam:*")))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(deny("iam:GetUser")))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    with refused("AccessDenied", re.compile("with an explicit deny in an identity-based policy"), 403):
        his.get_user()
    iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    assert his.get_user()
    iam.delete_user_policy(UserName=name, PolicyName="own")
    iam.remove_user_from_group(GroupName=name, UserName=name)
    with refused("AccessDenied", denied, 403):
        his.get_user()


def test_a_group_goes_only_after_its_policies(iam, name):
    iam.create_group(GroupName=name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=READ)
    assert iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"] == [{"PolicyName": name, "PolicyArn": arn}]
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409):
        iam.delete_group(GroupName=name)
    iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first.", 409):
        iam.delete_group(GroupName=name)
    iam.delete_group_policy(GroupName=name, PolicyName="p")
    with refused("NoSuchEntity", "The group policy with name p cannot be found.", 404):
        iam.get_group_policy(GroupName=name, PolicyName="p")
    iam.delete_group(GroupName=name)


@pytest.mark.parametrize(("kind", "quota"), [("user", 2048), ("group", 5120)])
def test_inline_policies_have_a_total_size_in_which_blanks_do_not_count(iam, name, kind, quota):
    owner = {f"{kind.title()}Name": name}
    getattr(iam, f"create_{kind}")(**owner)
    put = getattr(iam, f"put_{kind}_policy")
    fits = policy(allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/"))
    room = quota - len(fits.replace(" ", ""))
    full = policy(allow("ssm:GetParameter", f"arn:aws:ssm:*:*:parameter/{'x' * room}"))
    put(**owner, PolicyName="p", PolicyDocument=full + " " * 1000)
    with refused("LimitExceeded", f"Maximum policy size of {quota} bytes exceeded for {kind} {name}", 409):
        put(**owner, PolicyName="q", PolicyDocument=fits)


# Other names and paths


def test_a_renamed_user_keeps_keys_policies_groups_and_id(iam, server, name):
    made = iam.create_user(UserName=name)["User"]
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    assert his.get_user()["User"]["UserName"] == name

    iam.update_user(UserName=name, NewUserName=f"{name}-new", NewPath="/moved/")
    renamed = his.get_user()["User"]
    assert (renamed["UserName"], renamed["Path"], renamed["UserId"]) == (f"{name}-new", "/moved/", made["UserId"])
    assert renamed["Arn"] == f"arn:aws:iam::{server.account}:user/moved/{name}-new"
    assert iam.list_groups_for_user(UserName=f"{name}-new")["Groups"]
    with refused("NoSuchEntity", f"The user with name {name} cannot be found.", 404):
        iam.get_user(UserName=name)
    iam.create_user(UserName=name)
    with refused("EntityAlreadyExists", f"User with name {name} already exists.", 409):
        iam.update_user(UserName=f"{name}-new", NewUserName=name)
    iam.update_user(UserName=f"{name}-new", NewUserName=f"{name}-NEW")
    assert iam.get_user(UserName=f"{name}-new")["User"]["UserName"] == f"{name}-NEW"


def test_renaming_needs_permission_for_the_new_name_too(iam, server, name):
    iam.create_group(GroupName=name)
    arn = f"arn:aws:iam::{server.account}:group/{name}"
    his = server.client("iam", server.caller(allow("iam:UpdateGroup", [arn, f"{arn}-a"])))
    with refused("AccessDenied", re.compile("iam:UpdateGroup on resource: group"), 403):
        his.update_group(GroupName=name, NewGroupName=f"{name}-b")
    his.update_group(GroupName=name, NewGroupName=f"{name}-a")
    assert iam.get_group(GroupName=f"{name}-a")


def test_a_role_s_description_and_session_duration_are_changed_each_alone(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Description="one")
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    got = iam.get_role(RoleName=name)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("one", 7200)
    assert iam.update_role_description(RoleName=name, Description="two")["Role"]["Description"] == "two"
    got = iam.get_role(RoleName=name)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("two", 7200)
    with refused("ValidationError", re.compile("at 'maxSessionDuration' failed")):
        iam.update_role(RoleName=name, MaxSessionDuration=60)


# Tags


def tagged_things(iam, name):
    """How each kind of thing is tagged whose keys ignore case: its three operations."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.create_user(UserName=name)
    iam.create_instance_profile(InstanceProfileName=name)
    for kind, which in (
        ("role", {"RoleName": name}),
        ("user", {"UserName": name}),
        ("instance_profile", {"InstanceProfileName": name}),
    ):
        yield [
            lambda operation=operation, which=which, **more: getattr(iam, operation)(**which, **more)
            for operation in (f"tag_{kind}", f"untag_{kind}", f"list_{kind}_tags")
        ]


def test_tags_are_added_replaced_whatever_the_case_of_their_keys_and_removed(iam, name):
    for add, remove, tags in tagged_things(iam, name):
        add(Tags=[tag("Team", "red"), tag("stage", "dev")])
        add(Tags=[tag("team", "blue")])
        listed = tags()
        assert (listed["Tags"], listed["IsTruncated"]) == ([tag("stage", "dev"), tag("team", "blue")], False)
        first = tags(MaxItems=1)
        assert (first["Tags"], first["IsTruncated"]) == ([tag("stage", "dev")], True)
        assert tags(Marker=first["Marker"])["Tags"] == [tag("team", "blue")]
        remove(TagKeys=["STAGE", "absent"])
        assert tags()["Tags"] == [tag("team", "blue")]
        with refused("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
            add(Tags=[tag("a", "1"), tag("A", "2")])
        with refused("InvalidInput"):
            add(Tags=[tag("aws:x", "1")])


def test_fifty_tags_are_the_most(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Tags=[tag(f"k{n}", "") for n in range(50)])
    iam.tag_role(RoleName=name, Tags=[tag("k0", "again")])
    with refused("LimitExceeded", "The number of tags has reached the maximum limit.", 409):
        iam.tag_role(RoleName=name, Tags=[tag("k50", "")])


def test_a_tag_takes_effect_with_the_next_request(iam, server, name):
    iam.create_user(UserName=name)
    only_red = allow("iam:GetUser", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(only_red))
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    with refused("AccessDenied", status=403):
        his.get_user()
    iam.tag_user(UserName=name, Tags=[tag("Team", "red")])
    assert his.get_user()["User"]["Tags"] == [tag("Team", "red")]
    iam.untag_user(UserName=name, TagKeys=["team"])
    with refused("AccessDenied", status=403):
        his.get_user()


# Boundaries


def test_a_boundary_limits_from_when_it_is_put_until_it_is_taken_away(iam, server, name):
    limit = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("iam:ListUsers")))["Policy"]["Arn"]
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:*")))
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    assert his.get_user()
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=limit)
    with refused("AccessDenied", re.compile("because no permissions boundary allows the iam:GetUser action$"), 403):
        his.get_user()
    shown = iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": limit}
    assert iam.get_policy(PolicyArn=limit)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409):
        iam.delete_policy(PolicyArn=limit)
    iam.delete_user_permissions_boundary(UserName=name)
    assert his.get_user()
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    absent = f"arn:aws:iam::{server.account}:policy/{name}-absent"
    for put in (
        lambda arn: iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn),
        lambda arn: iam.create_user(UserName=f"{name}-other", PermissionsBoundary=arn),
    ):
        with refused("NoSuchEntity", f"Scope ARN: {absent} does not exist or is not attachable.", 404):
            put(absent)
        with refused("InvalidInput", "ARN arn:aws:iam::aws:user/nobody is not valid."):
            put("arn:aws:iam::aws:user/nobody")


def test_a_delegate_can_be_held_to_a_boundary(iam, server, name):
    limit = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    with_limit = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": limit}}}
    his = server.client("iam", server.caller(allow(["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"], **with_limit)))
    with refused("AccessDenied", status=403):
        his.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    his.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), PermissionsBoundary=limit)
    his.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=READ)
    his.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=limit)
    iam.delete_role_permissions_boundary(RoleName=name)
    with refused("AccessDenied", status=403):
        his.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=READ)


# Instance profiles


def test_an_instance_profile_holds_one_role(iam, server, name):
    made = iam.create_instance_profile(InstanceProfileName=name, Path="/fleet/", Tags=[tag("k", "v")])["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{server.account}:instance-profile/fleet/{name}"
    assert re.fullmatch("AIPA[A-Z0-9]{17}", made["InstanceProfileId"])
    assert (made["Roles"], made["Tags"]) == ([], [tag("k", "v")])
    with refused("EntityAlreadyExists", f"Instance Profile {name} already exists.", 409):
        iam.create_instance_profile(InstanceProfileName=name)

    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    (held,) = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    assert held == role
    (listed,) = iam.list_instance_profiles(PathPrefix="/fleet/")["InstanceProfiles"]
    assert (listed["Roles"], "Tags" in listed) == ([role], False)
    (holding,) = iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    assert holding["InstanceProfileName"] == name
    with refused("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    conflict = "Cannot delete entity, must remove roles from instance profile first."
    for delete in (lambda: iam.delete_role(RoleName=name), lambda: iam.delete_instance_profile(InstanceProfileName=name)):
        with refused("DeleteConflict", conflict, 409):
            delete()
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    with refused("NoSuchEntity", status=404):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_role(RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    with refused("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404):
        iam.get_instance_profile(InstanceProfileName=name)


def test_adding_a_role_is_passing_it(iam, server, name):
    iam.create_instance_profile(InstanceProfileName=name)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    his = server.client("iam", server.caller(allow("iam:AddRoleToInstanceProfile")))
    with refused("AccessDenied", re.compile(f"not authorized to perform: iam:PassRole on resource: {role} "), 403):
        his.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


# The account


def test_an_account_has_one_alias(iam, name):
    for alias in (f"{name}-a", f"{name}-b"):
        iam.create_account_alias(AccountAlias=alias)
        assert iam.list_account_aliases()["AccountAliases"] == [alias]
    with refused("NoSuchEntity", status=404):
        iam.delete_account_alias(AccountAlias=f"{name}-a")
    iam.delete_account_alias(AccountAlias=f"{name}-b")
    assert iam.list_account_aliases()["AccountAliases"] == []
    with refused("ValidationError"):
        iam.create_account_alias(AccountAlias="Upper_Case")


def test_the_summary_counts_what_is_there(iam, name):
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.create_policy(PolicyName=name, PolicyDocument=READ)
    after = iam.get_account_summary()["SummaryMap"]
    for what in ("Users", "Groups", "Policies", "PolicyVersionsInUse"):
        assert after[what] == before[what] + 1
    quotas = {"UsersQuota": 5000, "GroupsQuota": 300, "RolesQuota": 1000, "InstanceProfilesQuota": 1000, "GroupsPerUserQuota": 10}
    quotas |= {"PolicySizeQuota": 6144, "AssumeRolePolicySizeQuota": 2048, "VersionsPerPolicyQuota": 5, "AccessKeysPerUserQuota": 2}
    assert quotas.items() <= after.items()


def test_everything_that_bears_on_permissions_is_in_one_answer(iam, name):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ, Description="d")["Policy"]["Arn"]
    iam.create_user(UserName=name, Tags=[tag("k", "v")])
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=READ)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(), PermissionsBoundary=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/job-function/ViewOnlyAccess")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 25}))

    def found(part: str, member: str) -> dict:
        (one,) = [one for page in pages for one in page[part] if one[member] == name]
        return one

    user = found("UserDetailList", "UserName")
    assert (user["GroupList"], user["Tags"]) == ([name], [tag("k", "v")])
    group = found("GroupDetailList", "GroupName")
    assert [one["PolicyName"] for one in group["GroupPolicyList"]] == ["inline"]
    role = found("RoleDetailList", "RoleName")
    assert {one["PolicyName"] for one in role["AttachedManagedPolicies"]} == {name, "ViewOnlyAccess"}
    assert role["InstanceProfileList"][0]["InstanceProfileName"] == name
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    managed = found("Policies", "PolicyName")
    assert (managed["AttachmentCount"], managed["PermissionsBoundaryUsageCount"], managed["Description"]) == (1, 1, "d")
    assert managed["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "ssm:GetParameters"
    assert "ViewOnlyAccess" in {one["PolicyName"] for page in pages for one in page["Policies"]}

    only = iam.get_account_authorization_details(Filter=["Group"])
    assert only["GroupDetailList"] and not (only["UserDetailList"] or only["RoleDetailList"] or only["Policies"])


# Use


def test_the_last_use_of_a_key_is_known(iam, server, name):
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (unused["UserName"], unused["AccessKeyLastUsed"]) == (name, {"ServiceName": "N/A", "Region": "N/A"})
    for service, call in (("sts", "get_caller_identity"), ("secretsmanager", "list_secrets")):
        client = server.client(service, Credentials.of(key), region="eu-west-1")
        try:
            getattr(client, call)()
        except client.exceptions.ClientError:
            pass  # Denied, and still a use.
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        assert (used["ServiceName"], used["Region"]) == (service, "eu-west-1")
    with refused("NoSuchEntity", "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.", 404):
        iam.get_access_key_last_used(AccessKeyId="AKIAIOSFODNN7EXAMPLE")


def test_the_last_use_of_a_role_is_that_of_its_sessions(iam, server, name):
    user = iam.create_user(UserName=name)["User"]["Arn"]
    key = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(user))["Role"]["Arn"]
    session = server.client("sts", key).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    assert iam.get_role(RoleName=name)["Role"]["RoleLastUsed"] == {}
    server.client("sts", Credentials.of(session), region="eu-west-1").get_caller_identity()
    used = iam.get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert used["Region"] == "eu-west-1"
    assert abs(used["LastUsedDate"] - datetime.now(timezone.utc)) < timedelta(minutes=1)


# What clients do of their own


def test_waiters_end_when_what_they_wait_for_is_there(iam, server, name):
    absent = {"WaiterConfig": {"Delay": 0, "MaxAttempts": 2}}
    for waiter, which in (("role_exists", "RoleName"), ("user_exists", "UserName"), ("instance_profile_exists", "InstanceProfileName")):
        with pytest.raises(Exception, match="Max attempts exceeded"):
            iam.get_waiter(waiter).wait(**{which: name}, **absent)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    iam.create_user(UserName=name)
    iam.create_instance_profile(InstanceProfileName=name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=READ)["Policy"]["Arn"]
    iam.get_waiter("role_exists").wait(RoleName=name)
    iam.get_waiter("user_exists").wait(UserName=name)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name)
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)


def test_the_aws_command_line_makes_a_group_with_its_policy(server, name):
    aws = server.aws_json
    assert aws("iam", "create-group", "--group-name", name)["Group"]["GroupName"] == name
    aws("iam", "attach-group-policy", "--group-name", name, "--policy-arn", "arn:aws:iam::aws:policy/SecretsManagerReadWrite")
    attached = aws("iam", "list-attached-group-policies", "--group-name", name)["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["SecretsManagerReadWrite"]
