"""IAM: how each operation is prepared."""

from __future__ import annotations

from harness import allow, policy, trust
from operations.table import TABLE, Given, everywhere, new_name, operation


def a_role(given: Given, action: str, **parameters) -> str:
    role = given.client("iam").create_role(RoleName=new_name(), AssumeRolePolicyDocument=trust(), Path="/p/")["Role"]
    given.parameters, given.needs, given.named = (
        {"RoleName": role["RoleName"], **parameters},
        [(action, role["Arn"])],
        f"role {role['RoleName']}",
    )
    return role["RoleName"]


def a_user(given: Given, action: str, **parameters) -> str:
    user = given.client("iam").create_user(UserName=new_name(), Path="/p/")["User"]
    given.parameters, given.needs, given.named = (
        {"UserName": user["UserName"], **parameters},
        [(action, user["Arn"])],
        f"user {user['UserName']}",
    )
    return user["UserName"]


def a_group(given: Given, action: str, **parameters) -> str:
    group = given.client("iam").create_group(GroupName=new_name(), Path="/p/")["Group"]
    given.parameters, given.needs, given.named = (
        {"GroupName": group["GroupName"], **parameters},
        [(action, group["Arn"])],
        f"group {group['GroupName']}",
    )
    return group["GroupName"]


def an_instance_profile(given: Given, action: str, **parameters) -> str:
    profile = given.client("iam").create_instance_profile(InstanceProfileName=new_name(), Path="/p/")["InstanceProfile"]
    given.parameters, given.needs, given.named = (
        {"InstanceProfileName": profile["InstanceProfileName"], **parameters},
        [(action, profile["Arn"])],
        f"instance profile {profile['InstanceProfileName']}",
    )
    return profile["InstanceProfileName"]


def a_policy(given: Given, action: str, **parameters) -> str:
    arn = given.client("iam").create_policy(PolicyName=new_name(), PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    given.parameters, given.needs, given.named = {"PolicyArn": arn, **parameters}, [(action, arn)], f"policy {arn}"
    return arn


DOCUMENT = policy(allow("ssm:GetParameter"))
INLINE = {"PolicyName": "p"}

for kind, make in (("Role", a_role), ("User", a_user), ("Group", a_group)):

    def put_inline(given, kind=kind, make=make):
        make(given, f"iam:Put{kind}Policy", **INLINE, PolicyDocument=DOCUMENT)

    def with_inline(given, kind=kind, make=make, verb="Get"):
        name = make(given, f"iam:{verb}{kind}Policy", **INLINE)
        put = getattr(given.client("iam"), f"put_{kind.lower()}_policy")
        put(**{f"{kind}Name": name}, **INLINE, PolicyDocument=DOCUMENT)

    def attach(given, kind=kind, make=make):
        arn = a_policy(given, "")
        make(given, f"iam:Attach{kind}Policy", PolicyArn=arn)

    def detach(given, kind=kind, make=make):
        arn = a_policy(given, "")
        name = make(given, f"iam:Detach{kind}Policy", PolicyArn=arn)
        getattr(given.client("iam"), f"attach_{kind.lower()}_policy")(**{f"{kind}Name": name}, PolicyArn=arn)

    TABLE[f"iam:Put{kind}Policy"] = put_inline
    TABLE[f"iam:Get{kind}Policy"] = with_inline
    TABLE[f"iam:Delete{kind}Policy"] = lambda given, with_inline=with_inline: with_inline(given, verb="Delete")
    TABLE[f"iam:Attach{kind}Policy"] = attach
    TABLE[f"iam:Detach{kind}Policy"] = detach
    for one in (f"Get{kind}", f"Delete{kind}", f"List{kind}Policies", f"ListAttached{kind}Policies"):
        TABLE[f"iam:{one}"] = lambda given, one=one, make=make: make(given, f"iam:{one}")


@operation("iam:CreateRole")
def create_role(given):
    name = new_name()
    given.parameters = {"RoleName": name, "AssumeRolePolicyDocument": trust(), "Path": "/p/"}
    given.named = given.arn("iam", f"role/p/{name}")
    given.needs = [("iam:CreateRole", given.named)]


@operation("iam:UpdateAssumeRolePolicy")
def update_assume_role_policy(given):
    a_role(given, "iam:UpdateAssumeRolePolicy", PolicyDocument=trust())


@operation("iam:CreateUser")
def create_user(given):
    name = new_name()
    given.parameters, given.named = {"UserName": name}, given.arn("iam", f"user/{name}")
    given.needs = [("iam:CreateUser", given.named)]


@operation("iam:CreatePolicy")
def create_policy(given):
    name = new_name()
    given.parameters, given.named = {"PolicyName": name, "PolicyDocument": DOCUMENT}, f"policy {name}"
    given.needs = [("iam:CreatePolicy", given.arn("iam", f"policy/{name}"))]


@operation("iam:GetPolicyVersion")
def get_policy_version(given):
    a_policy(given, "iam:GetPolicyVersion", VersionId="v1")


for one in ("GetPolicy", "DeletePolicy"):
    TABLE[f"iam:{one}"] = lambda given, one=one: a_policy(given, f"iam:{one}")
for one in ("CreateAccessKey", "ListAccessKeys"):
    TABLE[f"iam:{one}"] = lambda given, one=one: a_user(given, f"iam:{one}")
for one, extra in (("UpdateAccessKey", {"Status": "Inactive"}), ("DeleteAccessKey", {})):

    def with_access_key(given, one=one, extra=extra):
        name = a_user(given, f"iam:{one}", **extra)
        given.parameters["AccessKeyId"] = given.client("iam").create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]

    TABLE[f"iam:{one}"] = with_access_key
everywhere("iam:ListRoles")
everywhere("iam:ListUsers")
everywhere("iam:ListPolicies")
everywhere("iam:ListGroups")
everywhere("iam:ListInstanceProfiles")
everywhere("iam:ListAccountAliases")
everywhere("iam:GetAccountSummary")
everywhere("iam:GetAccountAuthorizationDetails")
everywhere("iam:CreateAccountAlias", AccountAlias=new_name())


@operation("iam:DeleteAccountAlias")
def delete_account_alias(given):
    alias = new_name()
    given.client("iam").create_account_alias(AccountAlias=alias)
    given.parameters, given.needs = {"AccountAlias": alias}, [("iam:DeleteAccountAlias", "*")]


@operation("iam:GetAccessKeyLastUsed")
def get_access_key_last_used(given):
    name = a_user(given, "iam:GetAccessKeyLastUsed")
    key = given.client("iam").create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    given.parameters, given.named = {"AccessKeyId": key}, f"access key {key}"


# Tags, boundaries, new names

for kind, make in (("Role", a_role), ("User", a_user), ("InstanceProfile", an_instance_profile), ("Policy", a_policy)):
    for one, extra in (
        (f"Tag{kind}", {"Tags": [{"Key": "k", "Value": "v"}]}),
        (f"Untag{kind}", {"TagKeys": ["k"]}),
        (f"List{kind}Tags", {}),
    ):
        TABLE[f"iam:{one}"] = lambda given, one=one, extra=extra, make=make: make(given, f"iam:{one}", **extra)

for kind, make in (("Role", a_role), ("User", a_user)):

    def put_boundary(given, kind=kind, make=make):
        arn = a_policy(given, "")
        make(given, f"iam:Put{kind}PermissionsBoundary", PermissionsBoundary=arn)

    TABLE[f"iam:Put{kind}PermissionsBoundary"] = put_boundary
    one = f"Delete{kind}PermissionsBoundary"
    TABLE[f"iam:{one}"] = lambda given, one=one, make=make: make(given, f"iam:{one}")

for kind, make in (("User", a_user), ("Group", a_group)):

    def rename(given, kind=kind, make=make):
        new = new_name()
        make(given, f"iam:Update{kind}", **{f"New{kind}Name": new})
        given.needs.append((f"iam:Update{kind}", given.arn("iam", f"{kind.lower()}/p/{new}")))

    TABLE[f"iam:Update{kind}"] = rename

TABLE["iam:UpdateRole"] = lambda given: a_role(given, "iam:UpdateRole", MaxSessionDuration=7200)
TABLE["iam:UpdateRoleDescription"] = lambda given: a_role(given, "iam:UpdateRoleDescription", Description="d")

# Groups


@operation("iam:CreateGroup")
def create_group(given):
    name = new_name()
    given.parameters, given.named = {"GroupName": name}, given.arn("iam", f"group/{name}")
    given.needs = [("iam:CreateGroup", given.named)]


TABLE["iam:ListGroupsForUser"] = lambda given: a_user(given, "iam:ListGroupsForUser")
for one in ("AddUserToGroup", "RemoveUserFromGroup"):

    def a_member(given, one=one):
        user = a_user(given, "")
        group = a_group(given, f"iam:{one}", UserName=user)
        if one.startswith("Remove"):
            given.client("iam").add_user_to_group(GroupName=group, UserName=user)

    TABLE[f"iam:{one}"] = a_member

# Versions and use of managed policies

for one, extra in (
    ("CreatePolicyVersion", {"PolicyDocument": DOCUMENT}),
    ("ListPolicyVersions", {}),
    ("ListEntitiesForPolicy", {}),
    ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
):
    TABLE[f"iam:{one}"] = lambda given, one=one, extra=extra: a_policy(given, f"iam:{one}", **extra)


@operation("iam:DeletePolicyVersion")
def delete_policy_version(given):
    arn = a_policy(given, "iam:DeletePolicyVersion", VersionId="v2")
    given.client("iam").create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)


# Instance profiles


@operation("iam:CreateInstanceProfile")
def create_instance_profile(given):
    name = new_name()
    given.parameters, given.named = {"InstanceProfileName": name}, given.arn("iam", f"instance-profile/{name}")
    given.needs = [("iam:CreateInstanceProfile", given.named)]


for one in ("GetInstanceProfile", "DeleteInstanceProfile"):
    TABLE[f"iam:{one}"] = lambda given, one=one: an_instance_profile(given, f"iam:{one}")
TABLE["iam:ListInstanceProfilesForRole"] = lambda given: a_role(given, "iam:ListInstanceProfilesForRole")


@operation("iam:AddRoleToInstanceProfile")
def add_role_to_instance_profile(given):
    role = a_role(given, "")
    an_instance_profile(given, "iam:AddRoleToInstanceProfile", RoleName=role)
    given.needs.append(("iam:PassRole", given.arn("iam", f"role/p/{role}")))


@operation("iam:RemoveRoleFromInstanceProfile")
def remove_role_from_instance_profile(given):
    role = a_role(given, "")
    profile = an_instance_profile(given, "iam:RemoveRoleFromInstanceProfile", RoleName=role)
    given.client("iam").add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)


@operation("iam:SimulateCustomPolicy")
def simulate_custom_policy(given):
    given.parameters = {"PolicyInputList": [DOCUMENT], "ActionNames": ["ssm:GetParameter"]}
    given.needs = [("iam:SimulateCustomPolicy", "*")]


@operation("iam:GetContextKeysForCustomPolicy")
def get_context_keys_for_custom_policy(given):
    given.parameters = {"PolicyInputList": [DOCUMENT]}
    given.needs = [("iam:GetContextKeysForCustomPolicy", "*")]


for one, extra in (("SimulatePrincipalPolicy", {"ActionNames": ["ssm:GetParameter"]}), ("GetContextKeysForPrincipalPolicy", {})):

    def of_a_principal(given, one=one, extra=extra):
        a_user(given, f"iam:{one}")
        given.parameters = {"PolicySourceArn": given.needs[0][1], **extra}

    TABLE[f"iam:{one}"] = of_a_principal
