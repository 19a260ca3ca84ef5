"""Every form of `valueFrom` on real containers: where a value comes from, what it looks like there, and ECS's words where there is none."""

from __future__ import annotations

import json
import random
import re

import pytest

from errors import refused
from harness import Credentials, allow, docker, policy
from tasks import Tasks, container, environment, execution_role, only_container, reading


@pytest.fixture(scope="module")
def reader(server):
    """An execution role that may read everything in its account."""
    return execution_role(server, *reading(secrets=["*"], parameters=["*"]))


@pytest.fixture
def inside(tasks, reader):
    """Runs one container with these references; what its environment holds then."""

    def inside(references: dict[str, str], role: str | None = None) -> dict[str, str]:
        secrets = [{"name": name, "valueFrom": value} for name, value in references.items()]
        return environment(tasks.start(container(secrets=secrets), executionRoleArn=role or reader))

    return inside


@pytest.fixture
def reason(tasks, reader):
    """Runs one container with this reference, which does not start; why."""

    def reason(value_from: str, role: str | None = None) -> str:
        stopped = tasks.refuse(container(secrets=[{"name": "V", "valueFrom": value_from}]), executionRoleArn=role or reader)
        assert stopped["stopCode"] == "TaskFailedToStart"
        assert "exitCode" not in stopped["containers"][0]
        return stopped["stoppedReason"]

    return reason


def secret(server, value: str | bytes, region: str | None = None, **rest) -> str:
    kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
    client = server.client("secretsmanager", region=region)
    return client.create_secret(Name=f"ref/{random.randrange(10**12)}", **{kind: value}, **rest)["ARN"]


def test_an_arn_names_its_region_and_its_partition(server, inside):
    """Of secrets and of parameters; where a task runs does not matter."""
    references, expected = {}, {}
    for number, (partition, region) in enumerate(
        [("aws", "eu-central-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws", server.region)]
    ):
        arn = secret(server, json.dumps({"k": f"key {region}"}), region)
        assert arn.startswith(f"arn:{partition}:secretsmanager:{region}:{server.account}:secret:ref/")
        name = f"/ref/{random.randrange(10**12)}/p"
        server.client("ssm", region=region).put_parameter(Name=name, Value=f"parameter {region}", Type="SecureString")
        references |= {f"A{number}": f"{arn}:k::", f"B{number}": f"arn:{partition}:ssm:{region}:{server.account}:parameter{name}"}
        expected |= {f"A{number}": f"key {region}", f"B{number}": f"parameter {region}"}
    # A name of one level is the same with a slash in front and without one; its ARN shows none.
    single = f"single-{random.randrange(10**12)}"
    server.client("ssm").put_parameter(Name=f"/{single}", Value="one level", Type="String")
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{single}"
    for name, reference in {"C1": single, "C2": f"/{single}", "C3": arn}.items():
        references[name], expected[name] = reference, "one level"
    held = inside(references)
    assert {name: held[name] for name in expected} == expected


def test_a_secret_behind_parameter_store_needs_both_permissions_and_no_other(server, inside, reason, name):
    arn = server.client("secretsmanager").create_secret(Name=f"ref/{name}", SecretString="behind")["ARN"]
    path = f"/aws/reference/secretsmanager/ref/{name}"
    parameter = f"arn:aws:ssm:{server.region}:{server.account}:parameter{path}"
    role = execution_role(server, *reading(secrets=[arn], parameters=[parameter]))
    held = inside({"NAME": path, "ARN": parameter}, role)
    assert (held["NAME"], held["ARN"]) == ("behind", "behind")
    for statements, action in ((reading(parameters=[parameter]), "secretsmanager:GetSecretValue"), (reading(secrets=[arn]), "ssm:GetParameters")):
        assert f"is not authorized to perform: {action} on resource: " in reason(path, execution_role(server, *statements))
    missing = "/aws/reference/secretsmanager/ref/not-there"
    assert reason(missing) == f"Fetching secret data from SSM Parameter Store in {server.region}: invalid parameters: {missing}"


@pytest.mark.parametrize("value_from", ["name:3", "name:label", "/aws/reference/secretsmanager/db:AWSPREVIOUS", "na me"])
def test_versions_and_labels_of_parameters_are_refused_at_registration(tasks, reader, value_from):
    text = (
        "The Systems Manager parameter name specified for secret V is invalid. The parameter name can be up to 2048 characters and "
        "include the following letters and symbols: a-zA-Z0-9_.-/"
    )
    with refused("ClientException", text):
        tasks.register(container(secrets=[{"name": "V", "valueFrom": value_from}]), executionRoleArn=reader)


def test_a_bare_name_is_never_a_secret_and_a_dot_never_a_path(server, reason):
    name = f"ref-{random.randrange(10**12)}"
    arn = server.client("secretsmanager").create_secret(Name=name, SecretString='{"a": {"b": 1}}')["ARN"]
    assert reason(name) == f"Fetching secret data from SSM Parameter Store in {server.region}: invalid parameters: {name}"
    assert reason(f"{arn}:a.b::") == "Retrieved secret from Secrets Manager did not contain json key a.b"


def test_fields_that_are_too_few_or_too_many_are_no_reference(server, reason):
    arn = secret(server, '{"a": 1}')
    for tail in (":a", ":a:", ":a:::"):
        assert reason(arn + tail) == (
            f"Trying to retrieve secret with value {arn}{tail} resulted in error: an invalid ARN format for the AWS Secrets Manager secret "
            "was specified. Specify a valid ARN and try again."
        )


def test_a_version_that_is_not_there_and_one_that_is_no_id(server, reason):
    arn = secret(server, '{"a": 1}')
    absent = "00000000-0000-4000-8000-000000000000"
    assert f"The task can't retrieve the secret with ARN '{arn}' from AWS Secrets Manager" in reason(f"{arn}:::{absent}")
    assert f"The task can't retrieve the secret with ARN '{arn}' from AWS Secrets Manager" in reason(f"{arn}::NOSUCHSTAGE:")
    assert "operation error Secrets Manager: GetSecretValue" in reason(f"{arn}:::short")


def test_a_stage_and_an_id_must_name_one_version(server, inside, reason):
    secrets = server.client("secretsmanager")
    arn = secret(server, '{"k": "one"}')
    old = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
    secrets.put_secret_value(SecretId=arn, SecretString='{"k": "two"}')
    (first,) = old
    assert inside({"V": f"{arn}:k:AWSPREVIOUS:{first}"})["V"] == "one"
    assert "Secrets Manager: GetSecretValue" in reason(f"{arn}:k:AWSCURRENT:{first}")


def test_values_arrive_byte_for_byte(server, tasks, reader):
    values = {
        "LINES": "line1\nline2\n",
        "WORDS": "pässwörd-雪 🔑",
        "DOLLAR": "$HOME ${X} `id` %PATH% \"'\\",
        "SPACES": "  both ends\t",
        "LARGE": "x" * 65536,
    }
    references = [{"name": name, "valueFrom": secret(server, value)} for name, value in values.items()]
    server.client("ssm").put_parameter(Name=f"/ref/{reader[-9:]}", Value="a,b,c", Type="StringList")
    references.append({"name": "LIST", "valueFrom": f"/ref/{reader[-9:]}"})
    task = tasks.start(container(secrets=references), executionRoleArn=reader)
    variables = json.loads(docker("inspect", only_container(task)))[0]["Config"]["Env"]
    held = dict(variable.split("=", 1) for variable in variables)
    assert {name: held[name] for name in values} == values
    assert held["LIST"] == "a,b,c"


def test_what_no_variable_can_hold_stops_the_task_and_says_what_it_is(server, reason):
    binary = secret(server, b"\x00\x01\x02")
    for tail in ("", ":k::"):
        assert reason(binary + tail) == f"Secret {binary}: the value is binary, and only text can be injected"
    zero = secret(server, "before\0after")
    text = reason(zero)
    assert text == f"Secret {zero}: the value contains a zero byte, which no environment variable or log option can hold"


def test_what_is_under_a_key_may_be_empty_and_must_be_there(server, inside, reason):
    arn = secret(server, '{"empty": "", "twice": 1, "twice": 2, "escaped": "a\\u00e9\\n\\"", "1e400": 1}')
    held = inside({"EMPTY": f"{arn}:empty::", "TWICE": f"{arn}:twice::", "NUMBER": f"{arn}:1e400::"})
    assert (held["EMPTY"], held["TWICE"], held["NUMBER"]) == ("", "2", "1")
    assert reason(f"{arn}:Empty::") == "Retrieved secret from Secrets Manager did not contain json key Empty"
    huge = secret(server, '{"k": 1e400}')
    assert reason(f"{huge}:k::") == "Json: cannot unmarshal number 1e400 into Go value of type float64"
    for value, told in {
        "7": "Json: cannot unmarshal number into Go value of type map[string]interface {}",
        '"text"': "Json: cannot unmarshal string into Go value of type map[string]interface {}",
        "null": "Retrieved secret from Secrets Manager did not contain json key k",
        '{"k": "v"': "Unexpected end of JSON input",
    }.items():
        assert reason(secret(server, value) + ":k::") == told


def test_a_secret_of_another_account_needs_its_policy_and_a_key_that_is_shared(server, inside, reason):
    made = json.loads(server.sealift("account", "create", f"{random.randrange(10**11, 10**12)}", "--print", "-o", "json").stdout)
    root = Credentials.of(made)
    account = server.client("sts", root).get_caller_identity()["Account"]
    secrets, kms = server.client("secretsmanager", root), server.client("kms", root)
    shared = [allow("kms:*", Principal={"AWS": account}), allow("kms:Decrypt", Principal={"AWS": server.account})]
    key = kms.create_key(Policy=policy(*shared))["KeyMetadata"]["Arn"]
    arn = secrets.create_secret(Name="ref/shared", SecretString="theirs", KmsKeyId=key)["ARN"]
    role = execution_role(server, *reading(secrets=[arn], keys=[key]))
    assert "AccessDeniedException" in reason(arn, role)
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy(allow("secretsmanager:GetSecretValue", Principal={"AWS": server.account})))
    assert inside({"V": arn}, role)["V"] == "theirs"
    # The resource's policy does not stand in for the role's own.
    assert "because no identity-based policy allows" in reason(arn, execution_role(server))
    # What the account's own key sealed, nobody else can open.
    plain = secrets.create_secret(Name="ref/plain", SecretString="sealed")["ARN"]
    secrets.put_resource_policy(SecretId=plain, ResourcePolicy=policy(allow("secretsmanager:GetSecretValue", Principal={"AWS": server.account})))
    text = "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
    assert reason(plain, execution_role(server, *reading(secrets=[plain]))).endswith(text)
    # A parameter of another account is named by its ARN alone, and is not shared here.
    server.client("ssm", root).put_parameter(Name="/ref/theirs", Value="v", Type="String")
    there = f"arn:aws:ssm:{server.region}:{account}:parameter/ref/theirs"
    assert "AccessDeniedException" in reason(there)


def test_a_new_value_needs_a_new_task(server, tasks, reader):
    arn = secret(server, "first")
    app = container(secrets=[{"name": "V", "valueFrom": arn}])
    task = tasks.start(app, executionRoleArn=reader)
    server.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="second")
    docker("restart", "--time", "1", only_container(task))
    assert environment(task)["V"] == "first"
    definition = tasks.describe(task)["taskDefinitionArn"]
    again = tasks.run(definition)
    tasks.wait(again, "RUNNING")
    assert environment(again)["V"] == "second"


def test_description_command_and_logs_agree_on_the_reason_and_its_request(server, tasks, tmp_path):
    """One line of the agent, one of the server, what DescribeTasks says and what `sealift run` prints have one request id."""
    arn = secret(server, "never shown")
    role = execution_role(server)
    definition = {"family": "agree", "executionRoleArn": role, "containerDefinitions": [container(secrets=[{"name": "V", "valueFrom": arn}])]}
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps(definition))
    done = server.sealift("run", "-o", "json", str(file))
    outcome = json.loads(done.stdout)
    described = tasks.describe(outcome["taskArn"])
    assert outcome["stoppedReason"] == described["stoppedReason"]
    ids = set(re.findall(r"RequestID: ([0-9a-f-]{36})", described["stoppedReason"]))
    assert len(ids) == 1, described["stoppedReason"]
    (request,) = ids
    lines = [line for line in server.log().splitlines() if request in line]
    of_agent = [line for line in lines if " agent::report: " in line]
    assert len(of_agent) == 1
    assert described["stoppedReason"] in of_agent[0]
    of_server = [line for line in lines if " server::pipeline: " in line]
    assert of_server
    assert all("secretsmanager:GetSecretValue" in line for line in of_server)
    (audited,) = [line for line in server.audit() if request in json.dumps(line)]
    assert audited["event"] == "secretsmanager:GetSecretValue"


def test_the_words_of_older_agents(new_server):
    one = new_server()
    one.settings["SEALIFT_AGENT_WORDING"] = "1.83"
    one.start()
    arn = secret(one, "{}")
    tasks = Tasks(one)
    app = container(secrets=[{"name": "V", "valueFrom": f"{arn}:k::"}])
    denied, keyless = execution_role(one), execution_role(one, *reading(secrets=[arn]))
    prefix = f"Fetching secret data from AWS Secrets Manager in region {one.region}: "
    text = tasks.refuse(app, executionRoleArn=denied)["stoppedReason"]
    assert re.fullmatch(
        rf"{prefix}secret {re.escape(arn)}: AccessDeniedException: User: arn:aws:sts::{one.account}:assumed-role/.* is not authorized to perform: "
        r"secretsmanager:GetSecretValue on resource: .* status code: 400, request id: [0-9a-f-]{36}",
        text,
    ), text
    text = tasks.refuse(app, executionRoleArn=keyless)["stoppedReason"]
    assert text == f"{prefix}retrieved secret from Secrets Manager did not contain json key k"
    one.stop()
    one.settings["SEALIFT_AGENT_WORDING"] = "1.2"
    done = one.sealift("up", timeout=20)
    assert (done.returncode, "SEALIFT_AGENT_WORDING=`1.2` must be `1.83`" in done.stderr) == (1, True), done.stderr
