"""How each operation is prepared for the authorisation tests: what must be there, its parameters, and the least policy."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from harness import Server, allow, deny, policy, trust, trust_of
from tasks import Tasks, container


@dataclass
class Given:
    """What is there before an operation is tried, made by the root user."""

    server: Server
    parameters: dict = field(default_factory=dict)
    # What the least policy allows: pairs of action and resource. The first pair is the operation's own.
    needs: list[tuple[str, str]] = field(default_factory=list)
    # How the resource reads in a denial; None where it does not matter here.
    named: str | None = None
    # The error of one who may, where what the operation acts on takes more than this table prepares.
    refused_anyway: str | None = None

    def client(self, service: str):
        return self.server.client(service)

    def arn(self, service: str, resource: str) -> str:
        region = "" if service == "iam" else self.server.region
        return f"arn:aws:{service}:{region}:{self.server.account}:{resource}"


def new_name() -> str:
    return f"authz{random.randrange(10**12)}"


TABLE = {}


def operation(name: str):
    """Registers how one operation is prepared: the function fills in its parameters and its least policy."""

    def register(prepare):
        TABLE[name] = prepare
        return prepare

    return register


def everywhere(name: str, **parameters) -> None:
    """An operation that is authorised on `*`."""

    def prepare(given: Given) -> None:
        given.parameters, given.needs = parameters, [(name, "*")]

    TABLE[name] = prepare


# Secrets Manager

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


# Parameter Store


def a_parameter(given: Given, action: str) -> str:
    name = new_name()
    given.client("ssm").put_parameter(Name=f"/{name}/p", Value="v", Type="SecureString")
    given.named = given.arn("ssm", f"parameter/{name}/p")
    given.needs = [(action, given.named)]
    return f"/{name}/p"


@operation("ssm:PutParameter")
def put_parameter(given):
    given.parameters = {"Name": a_parameter(given, "ssm:PutParameter"), "Value": "w", "Overwrite": True}


for one in ("GetParameter", "DeleteParameter"):

    def named_parameter(given, one=one):
        given.parameters = {"Name": a_parameter(given, f"ssm:{one}")}

    TABLE[f"ssm:{one}"] = named_parameter

for one in ("GetParameters", "DeleteParameters"):

    def named_parameters(given, one=one):
        given.parameters = {"Names": [a_parameter(given, f"ssm:{one}")]}

    TABLE[f"ssm:{one}"] = named_parameters


for one, extra in (
    ("GetParameterHistory", {}),
    ("LabelParameterVersion", {"Labels": ["l"]}),
    ("UnlabelParameterVersion", {"Labels": ["l"], "ParameterVersion": 1}),
):

    def versioned_parameter(given, one=one, extra=extra):
        given.parameters = {"Name": a_parameter(given, f"ssm:{one}"), **extra}

    TABLE[f"ssm:{one}"] = versioned_parameter

for one, extra in (
    ("AddTagsToResource", {"Tags": [{"Key": "k", "Value": "v"}]}),
    ("RemoveTagsFromResource", {"TagKeys": ["k"]}),
    ("ListTagsForResource", {}),
):

    def tagged_parameter(given, one=one, extra=extra):
        given.parameters = {"ResourceType": "Parameter", "ResourceId": a_parameter(given, f"ssm:{one}"), **extra}

    TABLE[f"ssm:{one}"] = tagged_parameter

for one, extra in (("GetServiceSetting", {}), ("UpdateServiceSetting", {"SettingValue": "false"}), ("ResetServiceSetting", {})):

    def setting(given, one=one, extra=extra):
        setting_id = "/ssm/parameter-store/high-throughput-enabled"
        given.parameters, given.named = {"SettingId": setting_id, **extra}, given.arn("ssm", f"servicesetting{setting_id}")
        given.needs = [(f"ssm:{one}", given.named)]

    TABLE[f"ssm:{one}"] = setting


@operation("ssm:GetParametersByPath")
def get_parameters_by_path(given):
    path = a_parameter(given, "").rsplit("/", 1)[0]
    given.parameters, given.named = {"Path": path}, given.arn("ssm", f"parameter{path}")
    given.needs = [("ssm:GetParametersByPath", given.named)]


everywhere("ssm:DescribeParameters")


# KMS


def a_key(given: Given, action: str, **parameters) -> dict:
    key = given.client("kms").create_key()["KeyMetadata"]
    given.parameters, given.needs, given.named = {"KeyId": key["KeyId"], **parameters}, [(action, key["Arn"])], key["Arn"]
    return key


@operation("kms:Decrypt")
def decrypt(given):
    key = a_key(given, "kms:Decrypt")
    given.parameters = {"CiphertextBlob": given.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]}


@operation("kms:CreateAlias")
def create_alias(given):
    alias = f"alias/{new_name()}"
    key = a_key(given, "kms:CreateAlias")
    given.parameters = {"AliasName": alias, "TargetKeyId": key["KeyId"]}
    given.needs.append(("kms:CreateAlias", given.arn("kms", alias)))
    given.named = None


@operation("kms:UpdateAlias")
def update_alias(given):
    alias, old = f"alias/{new_name()}", given.client("kms").create_key()["KeyMetadata"]
    given.client("kms").create_alias(AliasName=alias, TargetKeyId=old["KeyId"])
    key = a_key(given, "kms:UpdateAlias")
    given.parameters = {"AliasName": alias, "TargetKeyId": key["KeyId"]}
    given.needs += [("kms:UpdateAlias", given.arn("kms", alias)), ("kms:UpdateAlias", old["Arn"])]
    given.named = None


@operation("kms:DeleteAlias")
def delete_alias(given):
    alias = f"alias/{new_name()}"
    key = a_key(given, "kms:DeleteAlias")
    given.client("kms").create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    given.parameters = {"AliasName": alias}
    given.needs.append(("kms:DeleteAlias", given.arn("kms", alias)))
    given.named = None


@operation("kms:ReEncrypt")
def re_encrypt(given):
    source = given.client("kms").create_key()["KeyMetadata"]
    destination = given.client("kms").create_key()["KeyMetadata"]
    blob = given.client("kms").encrypt(KeyId=source["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    given.parameters = {"CiphertextBlob": blob, "DestinationKeyId": destination["KeyId"]}
    given.needs, given.named = [("kms:ReEncryptFrom", source["Arn"]), ("kms:ReEncryptTo", destination["Arn"])], source["Arn"]


@operation("kms:CancelKeyDeletion")
def cancel_key_deletion(given):
    key = a_key(given, "kms:CancelKeyDeletion")
    given.client("kms").schedule_key_deletion(KeyId=key["KeyId"])


@operation("kms:CreateGrant")
def create_grant(given):
    user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
    a_key(given, "kms:CreateGrant", GranteePrincipal=user, Operations=["Decrypt"])


for one in ("RevokeGrant", "RetireGrant"):

    def with_grant(given, one=one):
        key = a_key(given, f"kms:{one}")
        user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
        made = given.client("kms").create_grant(KeyId=key["KeyId"], GranteePrincipal=user, Operations=["Decrypt"])
        given.parameters = {"KeyId": key["Arn"], "GrantId": made["GrantId"]}

    TABLE[f"kms:{one}"] = with_grant


@operation("kms:PutKeyPolicy")
def put_key_policy(given):
    root = {"AWS": f"arn:aws:iam::{given.server.account}:root"}
    a_key(given, "kms:PutKeyPolicy", Policy=policy({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}))


@operation("kms:ListRetirableGrants")
def list_retirable_grants(given):
    user = given.client("iam").create_user(UserName=new_name())["User"]["Arn"]
    given.parameters, given.needs = {"RetiringPrincipal": user}, [("kms:ListRetirableGrants", "*")]


@operation("kms:GenerateRandom")
def generate_random(given):
    given.parameters, given.needs = {"NumberOfBytes": 8}, [("kms:GenerateRandom", "*")]


for one, extra in (
    ("DescribeKey", {}),
    ("Encrypt", {"Plaintext": b"x"}),
    ("GenerateDataKey", {"KeySpec": "AES_256"}),
    ("GenerateDataKeyWithoutPlaintext", {"KeySpec": "AES_256"}),
    ("GetKeyPolicy", {}),
    ("ListKeyPolicies", {}),
    ("ListGrants", {}),
    ("EnableKeyRotation", {}),
    ("DisableKeyRotation", {}),
    ("GetKeyRotationStatus", {}),
    ("RotateKeyOnDemand", {}),
    ("ListKeyRotations", {}),
    ("EnableKey", {}),
    ("DisableKey", {}),
    ("UpdateKeyDescription", {"Description": "d"}),
    ("ScheduleKeyDeletion", {}),
    ("TagResource", {"Tags": [{"TagKey": "k", "TagValue": "v"}]}),
    ("UntagResource", {"TagKeys": ["k"]}),
    ("ListResourceTags", {}),
):
    TABLE[f"kms:{one}"] = lambda given, one=one, extra=extra: a_key(given, f"kms:{one}", **extra)
everywhere("kms:CreateKey")
everywhere("kms:ListKeys")
everywhere("kms:ListAliases")


# IAM


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


# STS


@operation("sts:AssumeRole")
def assume_role(given):
    root = f"arn:aws:iam::{given.server.account}:root"
    role = given.client("iam").create_role(RoleName=new_name(), AssumeRolePolicyDocument=trust_of(root))["Role"]["Arn"]
    given.parameters = {"RoleArn": role, "RoleSessionName": "session"}
    given.needs, given.named = [("sts:AssumeRole", role)], role


@operation("sts:GetCallerIdentity")
def get_caller_identity(given):
    given.parameters = {}


@operation("sts:GetSessionToken")
def get_session_token(given):
    given.parameters = {}


@operation("sts:GetFederationToken")
def get_federation_token(given):
    name = new_name()
    given.parameters, given.named = {"Name": name}, f"arn:aws:sts::{given.server.account}:federated-user/{name}"
    given.needs = [("sts:GetFederationToken", given.named)]


everywhere("sts:GetAccessKeyInfo", AccessKeyId="AKIAIOSFODNN7EXAMPLE")


# ECS


@operation("ecs:CreateCluster")
def create_cluster(given):
    given.parameters, given.needs = {"clusterName": new_name()}, [("ecs:CreateCluster", "*")]


def a_cluster(given: Given, action: str, member: str) -> None:
    cluster = given.client("ecs").create_cluster(clusterName=new_name())["cluster"]
    given.parameters = {member: [cluster["clusterName"]] if member == "clusters" else cluster["clusterName"]}
    given.needs, given.named = [(action, cluster["clusterArn"])], cluster["clusterArn"]


TABLE["ecs:DescribeClusters"] = lambda given: a_cluster(given, "ecs:DescribeClusters", "clusters")
TABLE["ecs:DeleteCluster"] = lambda given: a_cluster(given, "ecs:DeleteCluster", "cluster")
TABLE["ecs:ListContainerInstances"] = lambda given: a_cluster(given, "ecs:ListContainerInstances", "cluster")
TABLE["ecs:RegisterContainerInstance"] = lambda given: a_cluster(given, "ecs:RegisterContainerInstance", "cluster")


@operation("ecs:RegisterTaskDefinition")
def register_task_definition(given):
    given.parameters = {"family": new_name(), "containerDefinitions": [container()]}
    given.needs = [("ecs:RegisterTaskDefinition", "*")]


@operation("ecs:DeregisterTaskDefinition")
def deregister_task_definition(given):
    given.parameters = {"taskDefinition": Tasks(given.server).register(container())}
    given.needs = [("ecs:DeregisterTaskDefinition", "*")]


@operation("ecs:DescribeTaskDefinition")
def describe_task_definition(given):
    given.parameters = {"taskDefinition": Tasks(given.server).register(container())}
    given.needs = [("ecs:DescribeTaskDefinition", "*")]


@operation("ecs:RunTask")
def run_task(given):
    definition = Tasks(given.server).register(container(script="true"))
    given.parameters, given.named = {"taskDefinition": definition}, definition
    given.needs = [("ecs:RunTask", definition)]


def a_task(given: Given, action: str) -> str:
    task = Tasks(given.server).start(container())
    given.needs, given.named = [(action, task)], task
    return task


@operation("ecs:DescribeTasks")
def describe_tasks(given):
    given.parameters = {"tasks": [a_task(given, "ecs:DescribeTasks")]}


@operation("ecs:StopTask")
def stop_task(given):
    given.parameters = {"task": a_task(given, "ecs:StopTask")}


@operation("ecs:DescribeContainerInstances")
def describe_container_instances(given):
    a_task(given, "")
    instance = given.client("ecs").list_container_instances()["containerInstanceArns"][0]
    given.parameters, given.named = {"containerInstances": [instance]}, instance
    given.needs = [("ecs:DescribeContainerInstances", instance)]


for one in ("ListClusters", "ListTaskDefinitions", "ListTaskDefinitionFamilies", "ListTasks", "DiscoverPollEndpoint"):
    everywhere(f"ecs:{one}")


@operation("ecs:SubmitTaskStateChange")
def submit_task_state_change(given):
    given.parameters = {"cluster": "default", "task": a_task(given, ""), "status": "STOPPED"}
    given.needs, given.named = [("ecs:SubmitTaskStateChange", "*")], None


@operation("ecs:SubmitContainerStateChange")
def submit_container_state_change(given):
    given.parameters = {"cluster": "default", "task": a_task(given, ""), "containerName": "app", "status": "STOPPED"}
    given.needs, given.named = [("ecs:SubmitContainerStateChange", "*")], None


# Only the instance on which a task was placed may report about it, whatever a policy allows.
BOUND_TO_THE_INSTANCE = {"ecs:SubmitTaskStateChange", "ecs:SubmitContainerStateChange"}


# CloudWatch Logs


def a_log_group(given: Given, action: str, stream: str | None = None, **parameters) -> str:
    """A log group with a stream `s`; `stream` is what the operation is authorised on, empty for the whole group."""
    name, logs = new_name(), given.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    arn = given.arn("logs", f"log-group:{name}")
    given.named = arn if stream is None else f"{arn}:log-stream:{stream}"
    given.needs, given.parameters = [(action, given.named)], parameters
    return name


@operation("logs:CreateLogGroup")
def create_log_group(given):
    name = new_name()
    given.parameters, given.named = {"logGroupName": name}, given.arn("logs", f"log-group:{name}:log-stream:")
    given.needs = [("logs:CreateLogGroup", given.named)]


for one, extra in (("DeleteLogGroup", {}), ("PutRetentionPolicy", {"retentionInDays": 1}), ("DeleteRetentionPolicy", {}), ("DescribeLogStreams", {}), ("FilterLogEvents", {})):

    def whole_log_group(given, one=one, extra=extra):
        given.parameters = {"logGroupName": a_log_group(given, f"logs:{one}", ""), **extra}

    TABLE[f"logs:{one}"] = whole_log_group


@operation("logs:DescribeLogGroups")
def describe_log_groups(given):
    given.named = given.arn("logs", "log-group::log-stream:")
    given.needs = [("logs:DescribeLogGroups", given.named)]


@operation("logs:CreateLogStream")
def create_log_stream(given):
    given.parameters = {"logGroupName": a_log_group(given, "logs:CreateLogStream", "new"), "logStreamName": "new"}


for one in ("DeleteLogStream", "GetLogEvents"):

    def log_stream(given, one=one):
        given.parameters = {"logGroupName": a_log_group(given, f"logs:{one}", "s"), "logStreamName": "s"}

    TABLE[f"logs:{one}"] = log_stream


@operation("logs:PutLogEvents")
def put_log_events(given):
    events = [{"timestamp": int(time.time() * 1000), "message": "m"}]
    given.parameters = {"logGroupName": a_log_group(given, "logs:PutLogEvents", "s"), "logStreamName": "s", "logEvents": events}


for one, extra in (("TagResource", {"tags": {"k": "v"}}), ("UntagResource", {"tagKeys": ["k"]}), ("ListTagsForResource", {})):

    def tagged_log_group(given, one=one, extra=extra):
        a_log_group(given, f"logs:{one}")
        given.parameters = {"resourceArn": given.named, **extra}

    TABLE[f"logs:{one}"] = tagged_log_group


# ECR


def a_repository(given: Given, action: str, **parameters) -> str:
    name = new_name()
    given.client("ecr").create_repository(repositoryName=name)
    given.named = given.arn("ecr", f"repository/{name}")
    given.parameters, given.needs = {"repositoryName": name, **parameters}, [(action, given.named)]
    return name


REPOSITORY_POLICY = policy(allow("ecr:BatchGetImage", Principal="*"))

for one, extra in (
    ("DeleteRepository", {}),
    ("SetRepositoryPolicy", {"policyText": REPOSITORY_POLICY}),
    ("PutImageTagMutability", {"imageTagMutability": "IMMUTABLE"}),
    ("DescribeImages", {}),
    ("ListImages", {}),
    ("BatchGetImage", {"imageIds": [{"imageTag": "none"}]}),
    ("BatchDeleteImage", {"imageIds": [{"imageTag": "none"}]}),
    ("BatchCheckLayerAvailability", {"layerDigests": ["sha256:00"]}),
):
    TABLE[f"ecr:{one}"] = lambda given, one=one, extra=extra: a_repository(given, f"ecr:{one}", **extra)

for one in ("GetRepositoryPolicy", "DeleteRepositoryPolicy"):

    def with_policy(given, one=one):
        name = a_repository(given, f"ecr:{one}")
        given.client("ecr").set_repository_policy(repositoryName=name, policyText=policy(deny("ecr:PutImage", Principal="*")))

    TABLE[f"ecr:{one}"] = with_policy

for one, extra in (("TagResource", {"tags": [{"Key": "k", "Value": "v"}]}), ("UntagResource", {"tagKeys": ["k"]}), ("ListTagsForResource", {})):

    def of_arn(given, one=one, extra=extra):
        a_repository(given, f"ecr:{one}")
        given.parameters = {"resourceArn": given.named, **extra}

    TABLE[f"ecr:{one}"] = of_arn


@operation("ecr:CreateRepository")
def create_repository(given):
    name = new_name()
    given.named = given.arn("ecr", f"repository/{name}")
    given.parameters = {"repositoryName": name, "tags": [{"Key": "k", "Value": "v"}]}
    given.needs = [("ecr:CreateRepository", given.named), ("ecr:TagResource", given.named)]


@operation("ecr:DescribeRepositories")
def describe_repositories(given):
    name = a_repository(given, "ecr:DescribeRepositories")
    given.parameters = {"repositoryNames": [name]}


@operation("ecr:PutImage")
def put_image(given):
    """A list of no images needs no layers, and so no registry."""
    a_repository(given, "ecr:PutImage", imageManifest='{"schemaVersion":2,"manifests":[]}', imageTag="v1")


@operation("ecr:GetDownloadUrlForLayer")
def get_download_url_for_layer(given):
    """There is a layer once an image names it, which takes a registry: see test_ecr.py for how it is downloaded."""
    a_repository(given, "ecr:GetDownloadUrlForLayer", layerDigest="sha256:00")
    given.refused_anyway = "LayersNotFoundException"


everywhere("ecr:GetAuthorizationToken")
