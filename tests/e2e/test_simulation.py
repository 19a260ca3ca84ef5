"""The policy simulator: what a decision would be, and which statements would make it."""

import json

import pytest

from errors import refused
from harness import allow, deny, policy

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:app/db-AbCdEf"
READ = "secretsmanager:GetSecretValue"


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam")


def test_a_custom_policy_is_simulated_with_the_places_of_its_statements(iam):
    text = '{\n  "Version": "2012-10-17",\n  "Statement": {\n    "Effect": "Allow",\n    "Action": "secretsmanager:*",\n    "Resource": "*"\n  }\n}'
    answer = iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=[READ, "kms:Decrypt"])
    read, decrypt = answer["EvaluationResults"]
    assert (read["EvalActionName"], read["EvalResourceName"], read["EvalDecision"]) == (READ, "*", "allowed")
    (statement,) = read["MatchedStatements"]
    assert statement["SourcePolicyId"] == "PolicyInputList.1"
    assert statement["StartPosition"] == {"Line": 3, "Column": 16}
    assert statement["EndPosition"] == {"Line": 7, "Column": 4}
    assert (decrypt["EvalDecision"], decrypt["MatchedStatements"]) == ("implicitDeny", [])
    assert answer["IsTruncated"] is False


def test_a_deny_is_the_only_statement_told(iam):
    policies = [policy(allow("*")), policy(deny(READ, SECRET))]
    (result,) = iam.simulate_custom_policy(PolicyInputList=policies, ActionNames=[READ], ResourceArns=[SECRET])["EvaluationResults"]
    assert result["EvalDecision"] == "explicitDeny"
    assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["PolicyInputList.2"]
    assert result["ResourceSpecificResults"][0]["EvalResourceName"] == SECRET


def test_context_keys_are_asked_for_and_used(iam):
    text = policy(allow(READ, Condition={"StringEquals": {"aws:PrincipalTag/Team": "red"}, "Bool": {"aws:SecureTransport": "true"}}))
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"] == ["aws:PrincipalTag/Team", "aws:SecureTransport"]
    entry = {"ContextKeyName": "aws:principaltag/team", "ContextKeyType": "string", "ContextKeyValues": ["red"]}
    secure = {"ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["true"]}

    def simulated(*entries):
        answer = iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=[READ], ContextEntries=list(entries))
        return answer["EvaluationResults"][0]

    assert simulated(entry)["MissingContextValues"] == ["aws:SecureTransport"]
    assert simulated(entry)["EvalDecision"] == "implicitDeny"
    assert simulated(entry, secure)["EvalDecision"] == "allowed"


def test_a_boundary_limits_and_is_told_apart(iam):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("*"))], PermissionsBoundaryPolicyInputList=[policy(allow("kms:*"))], ActionNames=[READ, "kms:Decrypt"]
    )
    told = [(one["EvalDecision"], one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]) for one in answer["EvaluationResults"]]
    assert told == [("implicitDeny", False), ("allowed", True)]


def test_a_resource_policy_is_simulated_for_a_user(iam, server):
    bucket = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{server.account}:user/ann"}, "Action": READ, "Resource": "*"}})
    asked = {"PolicyInputList": [policy(deny("kms:*"))], "ActionNames": [READ], "ResourcePolicy": bucket}
    asked["ResourceArns"] = [SECRET.replace("111122223333", server.account)]
    (result,) = iam.simulate_custom_policy(**asked, CallerArn=f"arn:aws:iam::{server.account}:user/ann")["EvaluationResults"]
    assert (result["EvalDecision"], result["MatchedStatements"][0]["SourcePolicyType"]) == ("allowed", "resource")
    with refused("InvalidInput"):
        iam.simulate_custom_policy(**asked)
    with refused("InvalidInput"):
        iam.simulate_custom_policy(**asked, CallerArn=f"arn:aws:sts::{server.account}:assumed-role/r/s")


@pytest.mark.parametrize("action", ["secretsmanager:*", "GetSecretValue", "s3:Get?bject"])
def test_only_whole_actions_are_simulated(iam, action):
    with refused("InvalidInput"):
        iam.simulate_custom_policy(PolicyInputList=[policy(allow("*"))], ActionNames=[action])


def test_results_come_in_pages(iam):
    asked = {"PolicyInputList": [policy(allow("*"))], "ActionNames": [f"kms:A{n}" for n in range(5)]}
    pages = list(iam.get_paginator("simulate_custom_policy").paginate(**asked, PaginationConfig={"PageSize": 2}))
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 2, 1]
    assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == asked["ActionNames"]


def test_a_principal_is_simulated_with_everything_attached_to_it(iam, name):
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(allow(READ)))
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    iam.create_group(GroupName=name)
    iam.put_group_policy(GroupName=name, PolicyName="theirs", PolicyDocument=policy(allow("kms:Decrypt", "arn:aws:kms:*:*:key/${aws:username}")))
    iam.add_user_to_group(GroupName=name, UserName=name)
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[READ, "ssm:GetParameter", "kms:Decrypt", "kms:Encrypt"])
    told = [(one["EvalDecision"], [s["SourcePolicyType"] for s in one["MatchedStatements"]]) for one in answer["EvaluationResults"]]
    assert told == [("allowed", ["user"]), ("allowed", ["aws-managed"]), ("implicitDeny", []), ("implicitDeny", [])]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == ["aws:username"]
    with refused("NoSuchEntity", status=404):
        iam.simulate_principal_policy(PolicySourceArn=arn + "x", ActionNames=[READ])


def test_a_broken_policy_is_no_input(iam):
    with refused("InvalidInput"):
        iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=[READ])


def test_a_trust_policy_speaks_to_who_was_meant_not_to_the_next_of_that_name(iam, name):
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == document
    user_id = iam.get_user(UserName=name)["User"]["UserId"]
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    (statement,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": user_id}
