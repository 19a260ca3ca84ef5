"""The audit log: one line per request, written before the answer, true about who did what and why it was allowed."""

import os
import stat
import threading

from errors import refused
from harness import allow, deny, wait_for
from tasks import container, execution_role, reading
from wire import json_call


def lines_of(server, request_id: str) -> list[dict]:
    return [line for line in server.audit() if line["requestId"] == request_id]


def only_line(server, answer: dict) -> dict:
    (line,) = lines_of(server, answer["ResponseMetadata"]["RequestId"])
    return line


def test_a_read_is_one_line_with_caller_action_resource_and_statement(server, name):
    secrets = server.client("secretsmanager")
    arn = secrets.create_secret(Name=name, SecretString="v")["ARN"]
    caller = server.caller(allow("secretsmanager:GetSecretValue", arn, Sid="ReadOne"))
    answer = server.client("secretsmanager", caller).get_secret_value(SecretId=name)
    line = only_line(server, answer)
    assert (line["event"], line["outcome"]) == ("secretsmanager:GetSecretValue", "ok")
    assert line["caller"] == server.client("sts", caller).get_caller_identity()["Arn"]
    assert (line["account"], line["region"], line["sourceAddress"].split(":")[0]) == (server.account, server.region, "127.0.0.1")
    assert line["accessKeyId"] == caller.access_key_id
    (decision,) = [one for one in line["decisions"] if one["action"] == "secretsmanager:GetSecretValue"]
    assert (decision["resource"], decision["decision"]) == (arn, "allow")
    assert "ReadOne" in decision["statement"] or "given" in decision["statement"]
    assert line["time"].startswith("20")


def test_a_denial_is_recorded_with_its_reason(server, name):
    server.client("secretsmanager").create_secret(Name=name, SecretString="v")
    for statements in ([], [allow("*"), deny("secretsmanager:GetSecretValue", Sid="Never")]):
        caller = server.caller(*statements)
        with refused("AccessDeniedException") as caught:
            server.client("secretsmanager", caller).get_secret_value(SecretId=name)
        line = only_line(server, caught.value.response)
        assert line["outcome"] == "AccessDeniedException"
        decision = line["decisions"][-1]
        assert (decision["action"], decision["decision"]) == ("secretsmanager:GetSecretValue", "deny")
        if statements:
            assert "Never" in decision["statement"] or "given" in decision["statement"]


def test_what_was_rolled_back_is_recorded_all_the_same(server, name):
    secrets = server.client("secretsmanager")
    secrets.create_secret(Name=name, SecretString="v")
    with refused("ResourceExistsException") as caught:
        secrets.create_secret(Name=name, SecretString="v")
    assert only_line(server, caught.value.response)["outcome"] == "ResourceExistsException"


def test_the_session_of_an_agent_is_recorded(server):
    def polls():
        # Other accounts of the shared server have agents of their own.
        of_the_first = (line for line in server.audit() if line["event"] == "ecs:Poll" and line.get("account") == server.account)
        return list(of_the_first)

    line = wait_for("the local agent's session", polls)[0]
    assert line["outcome"] == "ok"
    assert ":assumed-role/sealift-instance/" in line["caller"]
    assert [(one["action"], one["decision"]) for one in line["decisions"]] == [("ecs:Poll", "allow")]


def test_a_bad_signature_is_recorded_without_a_caller(server):
    answer = json_call(server, "kms", "ListKeys", {}, change=lambda h: h | {"Host": "example.com"})
    (line,) = lines_of(server, answer.headers["x-amzn-requestid"])
    assert (line["outcome"], "caller" in line) == ("InvalidSignatureException", False)


def test_reads_of_a_task_name_the_task_and_its_session(server, tasks, name):
    arn = server.client("secretsmanager").create_secret(Name=name, SecretString="v")["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    task = tasks.start(container(secrets=[{"name": "V", "valueFrom": arn}]), executionRoleArn=role)
    session = task.split("/")[-1]

    def read():
        return [one for one in server.audit() if one["event"] == "secretsmanager:GetSecretValue" and one.get("session") == session]

    (line,) = wait_for("the audit line", read, 5)
    assert line["caller"] == f"arn:aws:sts::{server.account}:assumed-role/{role.split('/')[-1]}/{session}"
    assert line["task"].endswith(session)


def test_the_agent_never_acts_as_the_root_user(server, tasks):
    tasks.start(container())
    own = ("ecs:RegisterContainerInstance", "ecs:SubmitTaskStateChange", "ecs:SubmitContainerStateChange", "ecs:DiscoverPollEndpoint")
    reports = [line for line in server.audit() if line["event"] in own and line["outcome"] == "ok"]
    assert reports
    users = f"arn:aws:iam::{server.account}:user/"
    assert all(":assumed-role/sealift-instance/" in line["caller"] or line["caller"].startswith(users) for line in reports)


def test_every_answered_request_has_a_line_also_when_many_come_at_once(server, name):
    answered = []

    def write(number: int) -> None:
        client = server.client("ssm")
        for round_ in range(10):
            answer = client.put_parameter(Name=f"{name}-{number}-{round_}", Value="v", Type="String")
            answered.append(answer["ResponseMetadata"]["RequestId"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [line["requestId"] for line in server.audit()]
    assert len(answered) == 80
    assert all(written.count(one) == 1 for one in answered)


def test_the_log_is_readable_by_its_owner_alone(server):
    for file in ("audit.log",):
        assert stat.S_IMODE(os.stat(server.data_dir / file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(server.data_dir).st_mode) == 0o700


def test_request_ids_are_the_ones_the_caller_sees(server):
    answer = server.client("iam").list_users()
    assert only_line(server, answer)["event"] == "iam:ListUsers"
