"""Every operation as nobody, as a stranger, as one who is explicitly denied, and as one who is allowed exactly that.

The table in `operations` must name every operation that sealift implements, no more and no less."""

import re

import boto3
import pytest
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

import harness
from errors import refused
from harness import Credentials, allow, deny, policy
from operations import BOUND_TO_THE_INSTANCE, TABLE, Given, new_name

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib


OPERATIONS = tomllib.loads((harness.REPOSITORY / "crates/api/models/operations.toml").read_text())


class Access:
    """What an operation may ask for: its line of `access` in operations.toml."""

    def __init__(self, operation: str):
        service, name = operation.split(":")
        table = OPERATIONS[service]
        parts = {"on": [], "if": [], "also": [], "as": []}
        part = "on"
        for word in table["access"][name].split():
            if word in parts:
                part = word
            else:
                parts[part].append(word)
        self.own = parts["as"] or ([] if parts["on"] == ["nothing"] else [operation])
        self.actions = {*self.own, *parts["also"]}
        arns = [table.get("resources", {}).get(kind, kind).split()[0] for kind in parts["on"]]
        self.resources = [re.compile(re.sub(r"\\\$\\\{.*?\\\}", ".*", re.escape(arn)) + "$") for arn in arns]

    def names(self, resource: str) -> bool:
        return any(pattern.match(resource) for pattern in self.resources)


# HTTP's answers to HEAD have no body, and so no code and no words.
WITHOUT_WORDS = {"s3:HeadBucket", "s3:HeadObject"}


def test_the_table_names_every_operation():
    assert set(TABLE) == {f"{service}:{name}" for service, table in OPERATIONS.items() for name in table.get("operations", {})}


def call(client, name: str, parameters: dict):
    return getattr(client, xform_name(name.split(":")[1]))(**parameters)


@pytest.fixture
def nobody(server):
    """A client that does not sign."""

    def client(service: str):
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=False)
        return boto3.client(service, region_name=server.region, endpoint_url=server.endpoint, config=config)

    return client


@pytest.mark.parametrize("name", sorted(TABLE))
def test_an_operation_asks_before_it_acts(server, nobody, name):
    given = Given(server)
    TABLE[name](given)
    service = name.split(":")[0]
    json = service not in ("iam", "sts", "s3")
    code, status = ("AccessDeniedException", 400) if json else ("AccessDenied", 403)
    unsigned = "MissingAuthenticationTokenException" if json else "MissingAuthenticationToken"
    if service == "s3":
        unsigned = "AccessDenied"
    if name in WITHOUT_WORDS:
        code = unsigned = "403"

    if name == "s3:ListBuckets":
        # Without a signature, `GET /` says nothing about which service it is for.
        with pytest.raises(ClientError):
            call(nobody(service), name, given.parameters)
    else:
        with refused(unsigned, status=400 if json else 403):
            call(nobody(service), name, given.parameters)

    def try_as(credentials: Credentials):
        return call(server.client(service, credentials), name, given.parameters)

    stranger = server.caller()
    if name in ("sts:GetCallerIdentity", "sts:GetSessionToken"):
        # No policy bears on these.
        assert try_as(server.caller(deny("*")))["ResponseMetadata"]["HTTPStatusCode"] == 200
        return

    access = Access(name)
    action = given.needs[0][0]
    assert action in access.own
    assert {action for action, _ in given.needs} <= access.actions
    resource = f"( on resource: {re.escape(given.named)})" if given.named else "( on resource: [^ ]+| on resource: policy path /)?"
    if name == "s3:ListBuckets":
        resource = ""
    head = "" if name in WITHOUT_WORDS else f"^User: arn:aws:iam::{server.account}:user/[^ ]+ is not authorized to perform: {action}{resource}"
    silent = name == "sts:AssumeRole" or name in WITHOUT_WORDS
    reason = "" if silent else f" because no identity-based policy allows the {action} action"
    with refused(code, re.compile(head and f"{head}{reason}$"), status):
        try_as(stranger)

    # One who may do everything else, and everywhere else.
    with refused(code, re.compile(head), status):
        try_as(server.caller({"Effect": "Allow", "NotAction": action, "Resource": "*"}))

    reason = "" if silent else " with an explicit deny in an identity-based policy"
    with refused(code, re.compile(head and f"{head}{reason}$"), status):
        try_as(server.caller(allow("*"), deny(action)))

    allowed = server.caller(*[allow(action, resource) for action, resource in given.needs])
    if name in BOUND_TO_THE_INSTANCE:
        with pytest.raises(ClientError):
            try_as(allowed)
    elif given.refused_anyway:
        with refused(given.refused_anyway):
            try_as(allowed)
    else:
        answer = try_as(allowed)["ResponseMetadata"]
        assert answer["HTTPStatusCode"] in (200, 204)
        (line,) = [line for line in server.audit() if line["requestId"] == answer["RequestId"]]
        assert f"{name} asks for " not in server.log()
        for decision in line["decisions"]:
            assert decision["action"] in access.actions
            assert decision["action"] not in access.own or access.names(decision["resource"]), decision


# What scoped permissions show of what does not exist


def test_a_stranger_learns_nothing_about_what_exists(server):
    secrets = server.client("secretsmanager", server.caller())
    absent = new_name()
    with refused("AccessDeniedException", re.compile(f"on resource: {absent} because no identity-based policy")):
        secrets.get_secret_value(SecretId=absent)
    with refused("AccessDeniedException", re.compile(rf"on resource: arn:aws:ssm:{server.region}:{server.account}:\* because")):
        server.client("ssm", server.caller()).get_parameter(Name=absent)


def test_one_denied_name_fails_the_whole_batch(server):
    ssm, name = server.client("ssm"), new_name()
    for letter in "ab":
        ssm.put_parameter(Name=f"/{name}/{letter}", Value="v", Type="String")
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}"
    reader = server.client("ssm", server.caller(allow("ssm:GetParameters", f"{arn}/a")))
    assert reader.get_parameters(Names=[f"/{name}/a"])["Parameters"]
    with refused("AccessDeniedException", re.compile(f"on resource: {arn}/b because")):
        reader.get_parameters(Names=[f"/{name}/a", f"/{name}/b"])


def test_each_way_to_read_a_parameter_has_its_own_action(server):
    name = new_name()
    server.client("ssm").put_parameter(Name=name, Value="v", Type="String")
    reader = server.client("ssm", server.caller(allow("ssm:*"), deny("ssm:GetParameter")))
    assert reader.get_parameters(Names=[name])["Parameters"]
    with refused("AccessDeniedException", re.compile("with an explicit deny in an identity-based policy$")):
        reader.get_parameter(Name=name)


def test_a_customer_key_is_asked_too(server):
    secrets, ssm, name = server.client("secretsmanager"), server.client("ssm"), new_name()
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    arn = secrets.create_secret(Name=name, SecretString="v", KmsKeyId=key)["ARN"]
    ssm.put_parameter(Name=name, Value="v", Type="SecureString", KeyId=key)
    someone = server.caller(allow(["secretsmanager:*", "ssm:*"]))
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        server.client("secretsmanager", someone).get_secret_value(SecretId=name)
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        server.client("secretsmanager", someone).put_secret_value(SecretId=name, SecretString="w")
    with refused(
        "AccessDeniedException",
        re.compile(
            r"kms:Decrypt .*\(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: [^;]+; Proxy: null\)$"
        ),
    ):
        server.client("ssm", someone).get_parameter(Name=name, WithDecryption=True)
    assert server.client("ssm", someone).get_parameter(Name=name)["Parameter"]["Value"]

    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{server.region}.amazonaws.com", "kms:EncryptionContext:SecretARN": arn}}
    reader = server.caller(allow(["secretsmanager:*", "ssm:*"]), allow("kms:Decrypt", key, Condition=via))
    assert server.client("secretsmanager", reader).get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        server.client("ssm", reader).get_parameter(Name=name, WithDecryption=True)


def test_request_conditions_see_only_what_was_sent(server):
    name = new_name()
    server.client("secretsmanager").create_secret(Name=name, SecretString="v")
    condition = {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    reader = server.client("secretsmanager", server.caller(allow("secretsmanager:GetSecretValue", Condition=condition)))
    assert reader.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
    with refused("AccessDeniedException"):
        reader.get_secret_value(SecretId=name)


def test_tags_and_variables_in_policies(server):
    iam, secrets, name = server.client("iam"), server.client("secretsmanager"), new_name()
    iam.create_user(UserName=name)
    own = allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:${aws:username}/*")
    red = allow("secretsmanager:GetSecretValue", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(own, red))
    his = server.client("secretsmanager", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    other = new_name()
    secrets.create_secret(Name=f"{name}/mine", SecretString="mine")
    secrets.create_secret(Name=f"{other}/red", SecretString="red", Tags=[{"Key": "team", "Value": "red"}])
    secrets.create_secret(Name=f"{other}/blue", SecretString="blue", Tags=[{"Key": "team", "Value": "blue"}])
    assert his.get_secret_value(SecretId=f"{name}/mine")["SecretString"] == "mine"
    assert his.get_secret_value(SecretId=f"{other}/red")["SecretString"] == "red"
    with refused("AccessDeniedException"):
        his.get_secret_value(SecretId=f"{other}/blue")


def test_a_changed_policy_decides_from_the_next_request_on(server):
    iam, name = server.client("iam"), new_name()
    iam.create_user(UserName=name)
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    for _ in range(3):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:ListRoles")))
        assert his.list_roles()
        iam.delete_user_policy(UserName=name, PolicyName="p")
        with refused("AccessDenied", status=403):
            his.list_roles()


def test_a_permissions_boundary_bounds(server):
    iam, name = server.client("iam"), new_name()
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("iam:ListUsers")))["Policy"]["Arn"]
    iam.create_user(UserName=name, PermissionsBoundary=boundary)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:*")))
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    assert his.list_users()
    with refused("AccessDenied", re.compile("because no permissions boundary allows the iam:ListRoles action$"), 403):
        his.list_roles()


def test_a_denial_names_the_policy_that_denies_where_the_operator_says_so(new_server):
    server = new_server(arguments=("--denials-name-policies",)).start()
    iam, name = server.client("iam"), new_name()
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(deny("iam:ListRoles")))["Policy"]["Arn"]
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(deny("iam:ListPolicies")))
    his = server.client("iam", Credentials.of(iam.create_access_key(UserName=name)["AccessKey"]))
    with refused("AccessDenied", re.compile(f"with an explicit deny in an identity-based policy: {arn}$"), 403):
        his.list_roles()
    # An inline policy has no ARN, and what nothing allows is refused by no policy.
    with refused("AccessDenied", re.compile("with an explicit deny in an identity-based policy$"), 403):
        his.list_policies()
    with refused("AccessDenied", re.compile("because no identity-based policy allows the iam:ListUsers action$"), 403):
        his.list_users()
