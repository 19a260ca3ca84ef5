"""STS: how each operation is prepared."""

from __future__ import annotations

from harness import trust_of
from operations.table import everywhere, new_name, operation


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
