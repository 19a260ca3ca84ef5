"""Resource policies of secrets: kept, validated, and deciding, also about callers of other accounts."""

import http.client
import json
import os
import random
import re
import socket
from dataclasses import dataclass

import pytest

from errors import refused
from harness import Credentials, Server, allow, deny, policy
from wire import json_call

MARKED = "You can't perform this operation on the secret because it was marked for deletion."
LOCKOUT = "Your requested changes will not allow you to manage this secret in the future."
BROAD = "This resource policy grants broad access to your secret."


@pytest.fixture(scope="module")
def secrets(server):
    return server.client("secretsmanager")


def to(principal, action="secretsmanager:GetSecretValue", **rest) -> str:
    return policy(allow(action, Principal=principal, **rest))


OTHER = to({"AWS": "arn:aws:iam::111122223333:root"})


def test_a_policy_is_kept_as_it_was_written_and_removed(secrets, name):
    made = secrets.create_secret(Name=name, SecretString="v")
    names = {"ARN": made["ARN"], "Name": name}
    answer = secrets.get_resource_policy(SecretId=name)
    assert {k: v for k, v in answer.items() if k != "ResponseMetadata"} == names
    text = json.dumps(json.loads(OTHER), indent=3)
    answer = secrets.put_resource_policy(SecretId=name, ResourcePolicy=text)
    assert {k: v for k, v in answer.items() if k != "ResponseMetadata"} == names
    assert secrets.get_resource_policy(SecretId=made["ARN"])["ResourcePolicy"] == text
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == OTHER
    for _ in range(2):
        secrets.delete_resource_policy(SecretId=name)
        assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        policy(),
        policy(allow("secretsmanager:GetSecretValue")),
        OTHER.replace("2012-10-17", "2012-10-18"),
        OTHER.replace('"Allow"', '"AllowSomething"'),
    ],
)
def test_what_is_no_resource_policy_is_refused(secrets, name, text):
    secrets.create_secret(Name=name, SecretString="v")
    for call in (secrets.put_resource_policy, secrets.validate_resource_policy):
        with refused("MalformedPolicyDocumentException", "This policy has invalid syntax."):
            call(SecretId=name, ResourcePolicy=text)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)


def test_a_policy_has_a_longest_length(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    with refused("ValidationException"):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER + " " * (20481 - len(OTHER)))
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER + " " * (20480 - len(OTHER)))


def test_a_public_policy_is_blocked_on_request(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    public = to("*")
    text = "You can't attach a resource-based policy that allows broad access to the secret."
    with refused("PublicPolicyException", text):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=public, BlockPublicPolicy=True)
    pinned = to("*", Condition={"StringEquals": {"aws:PrincipalAccount": "111122223333"}})
    for fine in (OTHER, pinned):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=fine, BlockPublicPolicy=True)
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=public, BlockPublicPolicy=False)
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=public)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == public


def test_nobody_locks_himself_out(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    lockout = policy(deny("secretsmanager:*", Principal="*"))
    hers = server.client("secretsmanager", server.caller(allow("secretsmanager:*")))
    for client in (secrets, hers):
        with refused("AccessDeniedException", LOCKOUT):
            client.put_resource_policy(SecretId=name, ResourcePolicy=lockout)
        answer = client.validate_resource_policy(SecretId=name, ResourcePolicy=lockout)
        assert answer["PolicyValidationPassed"] is False
        assert [one["ErrorMessage"] for one in answer["ValidationErrors"]] == [LOCKOUT]


def test_a_policy_is_validated_without_being_attached(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    for asked in ({"SecretId": name}, {}):
        answer = secrets.validate_resource_policy(ResourcePolicy=OTHER, **asked)
        assert (answer["PolicyValidationPassed"], answer["ValidationErrors"]) == (True, [])
        answer = secrets.validate_resource_policy(ResourcePolicy=to("*"), **asked)
        assert answer["PolicyValidationPassed"] is False
        assert [one["ErrorMessage"] for one in answer["ValidationErrors"]] == [BROAD]
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)


def test_a_policy_decides_within_the_account(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    stranger = server.caller()
    arn = server.client("sts", stranger).get_caller_identity()["Arn"]
    his = server.client("secretsmanager", stranger)
    with refused("AccessDeniedException"):
        his.get_secret_value(SecretId=name)
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=to({"AWS": arn}))
    assert his.get_secret_value(SecretId=name)["SecretString"] == "v"
    with refused("AccessDeniedException"):
        his.describe_secret(SecretId=name)

    secrets.put_resource_policy(SecretId=name, ResourcePolicy=policy(deny("secretsmanager:GetSecretValue", Principal={"AWS": arn})))
    reader = server.client("secretsmanager", stranger)
    with refused("AccessDeniedException") as caught:
        reader.get_secret_value(SecretId=name)
    assert "with an explicit deny in a resource-based policy" in str(caught.value)


def test_a_policy_means_the_user_it_named_and_not_another_of_that_name(server, secrets, name):
    iam = server.client("iam")
    secrets.create_secret(Name=name, SecretString="v")
    made = iam.create_user(UserName=name)["User"]
    text = json.dumps(json.loads(to({"AWS": made["Arn"]})), indent=2)
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=text)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == text
    first = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    assert server.client("secretsmanager", first).get_secret_value(SecretId=name)["SecretString"] == "v"

    iam.delete_access_key(UserName=name, AccessKeyId=first.access_key_id)
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    second = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    with refused("AccessDeniedException", re.compile("because no identity-based policy")):
        server.client("secretsmanager", second).get_secret_value(SecretId=name)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == text.replace(made["Arn"], made["UserId"])


def test_a_policy_names_nobody_who_is_not_there(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    nobody = to({"AWS": f"arn:aws:iam::{server.account}:user/nobody{name}"})
    with refused("MalformedPolicyDocumentException", "This resource policy contains an unsupported principal."):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=nobody)
    elsewhere = to({"AWS": "arn:aws:iam::999988887777:user/somebody"})
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=elsewhere)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == elsewhere


def test_a_marked_secret_shows_no_policy(secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    secrets.delete_secret(SecretId=name)
    for call in (
        lambda: secrets.get_resource_policy(SecretId=name),
        lambda: secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER),
        lambda: secrets.delete_resource_policy(SecretId=name),
    ):
        with refused("InvalidRequestException", MARKED):
            call()


# Other accounts


@dataclass
class Other:
    """The root user of another account of the same server."""

    server: Server
    account: str
    root: Credentials

    def client(self, service: str):
        return self.server.client(service, self.root)


class OperatorConnection(http.client.HTTPConnection):
    """HTTP over the socket that the operator's commands use."""

    def __init__(self, server: Server):
        super().__init__("operator")
        self.path = server.data_dir

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        # By way of the directory: the path of a socket must be short.
        directory = os.open(self.path, os.O_RDONLY)
        try:
            self.sock.connect(f"/proc/self/fd/{directory}/operator.sock")
        finally:
            os.close(directory)


@pytest.fixture(scope="module")
def theirs(server):
    account = f"{random.randrange(10**11, 10**12)}"
    connection = OperatorConnection(server)
    connection.request("POST", "/CreateAccount", json.dumps({"account_id": account}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body
    return Other(server, account, Credentials.of(json.loads(body)))


def test_another_account_reads_what_the_policy_and_a_customer_key_let_it(server, secrets, theirs, name):
    kms = server.client("kms")
    root = f"arn:aws:iam::{server.account}:root"
    them = f"arn:aws:iam::{theirs.account}:root"
    closed = policy(allow("kms:*", Principal={"AWS": root}))
    key = kms.create_key(Policy=closed)["KeyMetadata"]
    arn = secrets.create_secret(Name=name, SecretString="v", KmsKeyId=key["KeyId"])["ARN"]
    other = theirs.client("secretsmanager")
    with refused("AccessDeniedException"):
        other.get_secret_value(SecretId=arn)

    secrets.put_resource_policy(SecretId=name, ResourcePolicy=to({"AWS": them}, "secretsmanager:*"))
    assert other.describe_secret(SecretId=arn)["Name"] == name
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        other.get_secret_value(SecretId=arn)

    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{server.region}.amazonaws.com"}}
    opened = policy(
        allow("kms:*", Principal={"AWS": root}),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], Principal={"AWS": them}, Condition=via),
    )
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=opened)
    assert other.get_secret_value(SecretId=arn)["SecretString"] == "v"
    other.put_secret_value(SecretId=arn, SecretString="theirs")
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "theirs"
    assert other.batch_get_secret_value(SecretIdList=[arn])["SecretValues"][0]["SecretString"] == "theirs"
    # By name only the own account is searched, and lists hold that alone.
    with refused("ResourceNotFoundException"):
        other.get_secret_value(SecretId=name)
    assert other.list_secrets()["SecretList"] == []
    assert [one["KmsKeyIds"] for one in other.list_secret_version_ids(SecretId=arn)["Versions"]] == [[key["Arn"]]] * 2


def test_the_default_key_serves_its_own_account_only(secrets, theirs, name):
    arn = secrets.create_secret(Name=name, SecretString="v")["ARN"]
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=to({"AWS": theirs.account}, "secretsmanager:*"))
    other = theirs.client("secretsmanager")
    assert other.describe_secret(SecretId=arn)["ARN"] == arn
    assert "ResourcePolicy" in other.get_resource_policy(SecretId=arn)
    text = "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
    for call in (lambda: other.get_secret_value(SecretId=arn), lambda: other.put_secret_value(SecretId=arn, SecretString="w")):
        with refused("InvalidRequestException", text):
            call()


def test_a_policy_speaks_to_who_was_meant_not_to_the_next_of_that_name(server, secrets, name):
    iam = server.client("iam")
    secrets.create_secret(Name=name, SecretString="v")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    text = f'{{ "Version":"2012-10-17",\n "Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}] }}'
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=text)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == text

    def value_as_the_user():
        key = iam.create_access_key(UserName=name)["AccessKey"]
        try:
            return server.client("secretsmanager", Credentials.of(key)).get_secret_value(SecretId=name)["SecretString"]
        finally:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])

    assert value_as_the_user() == "v"
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    shown = secrets.get_resource_policy(SecretId=name)["ResourcePolicy"]
    assert '"AWS":"AIDA' in shown and arn not in shown
    with refused("AccessDeniedException"):
        value_as_the_user()


def test_a_policy_that_names_nobody_is_refused(server, secrets, name):
    secrets.create_secret(Name=name, SecretString="v")
    nobody = to({"AWS": f"arn:aws:iam::{server.account}:user/{name}"})
    with refused("MalformedPolicyDocumentException", "This resource policy contains an unsupported principal."):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=nobody)


def test_a_condition_asks_for_the_function_that_rotates_the_secret(server, secrets, name):
    function = f"arn:aws:lambda:{server.region}:{server.account}:function:nothing"
    pinned = {"ArnEquals": {"secretsmanager:resource/AllowRotationLambdaArn": function}}
    caller = server.client("secretsmanager", server.caller(allow("secretsmanager:*", Condition=pinned)))
    secrets.create_secret(Name=name, SecretString="v")
    with refused("AccessDeniedException"):
        caller.get_secret_value(SecretId=name)
    secrets.rotate_secret(SecretId=name, RotationLambdaARN=function, RotateImmediately=False)
    assert caller.get_secret_value(SecretId=name)["SecretString"] == "v"
    secrets.cancel_rotate_secret(SecretId=name)
    assert caller.describe_secret(SecretId=name)["RotationEnabled"] is False
    caller.tag_resource(SecretId=name, Tags=[{"Key": "k", "Value": "v"}])


def test_the_one_policy_of_a_secret_is_called_default(secrets, name):
    made = secrets.create_secret(Name=name, SecretString="v")
    named = {"ARN": made["ARN"], "Name": name, "PolicyName": "default"}
    answer = secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER, PolicyName="default")
    assert {k: v for k, v in answer.items() if k != "ResponseMetadata"} == named
    answer = secrets.get_resource_policy(SecretId=name, PolicyName="default")
    assert (answer["PolicyName"], answer["ResourcePolicy"]) == ("default", OTHER)
    with refused("InvalidParameterException"):
        secrets.put_resource_policy(SecretId=name, ResourcePolicy=OTHER, PolicyName="mine")
    with refused("InvalidParameterException"):
        secrets.delete_resource_policy(SecretId=name, PolicyName="mine")
    with refused("ResourceNotFoundException"):
        secrets.get_resource_policy(SecretId=name, PolicyName="mine")
    with refused("ValidationException"):
        secrets.get_resource_policy(SecretId=name, PolicyName="no name")
    assert secrets.delete_resource_policy(SecretId=name, PolicyName="default")["PolicyName"] == "default"
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)


def test_what_newer_releases_have_is_refused_by_name(server, secrets, name):
    primary = "arn:aws:secretsmanager:us-east-1:444455556666:secret:x-AbCdEf"
    with refused("InvalidRequestException", "CrossAccountPrimaryARN is not supported yet by sealift."):
        secrets.create_secret(Name=name, CrossAccountPrimaryARN=primary, KmsKeyId="alias/k")
    for operation in ("ListResourcePolicies", "AssociateCrossAccountReplica", "DisassociateCrossAccountReplica"):
        answer = json_call(server, "secretsmanager", operation, {"SecretId": name})
        assert (answer.status, answer.code) == (400, "UnknownOperationException"), operation
