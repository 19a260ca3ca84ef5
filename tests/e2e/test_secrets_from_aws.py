"""`--secrets-from aws`: tasks run here, and what they need is read in an AWS account of the operator's.

AWS is played by a second server: another account, with roles, secrets, keys and an ECR registry of its own, and without an agent.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from errors import refused
from harness import IMAGE, Credentials, Server, allow, docker, docker_containers, policy, trust, trust_of, wait_for
from registries import Registry, forget
from tasks import Tasks, container, environment, execution_role, reading

UPSTREAM_PASSWORD = f"upstream-{random.randrange(10**12)}"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@dataclass
class Account:
    """An AWS account, and the user whose profile leads there."""

    server: Server
    user: Credentials
    user_arn: str

    def role(self, *statements: dict, trusted: str | None = None) -> str:
        """An execution role of that account, which trusts the user or somebody else."""
        iam = self.server.client("iam")
        name = f"execution-{random.randrange(10**12)}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted or trust_of(self.user_arn))["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="secrets", PolicyDocument=policy(*statements))
        return role["Arn"]

    def secret(self, value: str, region: str | None = None, **rest) -> str:
        secrets = self.server.client("secretsmanager", region=region)
        return secrets.create_secret(Name=f"prod/{random.randrange(10**12)}", SecretString=value, **rest)["ARN"]

    def parameter(self, value: str) -> str:
        name = f"/prod/{random.randrange(10**12)}"
        self.server.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
        return name

    def profile(self, directory: Path, *lines: str) -> dict[str, str]:
        """The environment of someone whose profile `prod` is this user's."""
        endpoint = lines or (f"endpoint_url = {self.server.endpoint}",)
        keys = (f"aws_access_key_id = {self.user.access_key_id}", f"aws_secret_access_key = {self.user.secret_access_key}")
        file = directory / f"aws-config-{random.randrange(10**12)}"
        file.write_text("\n".join(("[profile prod]", *keys, *endpoint)) + "\n")
        return {"AWS_CONFIG_FILE": str(file), "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PROFILE": "prod"}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    one = Registry(tmp_path_factory.mktemp("upstream"), {"sealift": UPSTREAM_PASSWORD}).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def aws(tmp_path_factory, upstream):
    settings = {
        "SEALIFT_NO_AGENT": "true",
        "SEALIFT_OCI_REGISTRY": upstream.url,
        "SEALIFT_OCI_REGISTRY_USERNAME": "sealift",
        "SEALIFT_OCI_REGISTRY_PASSWORD": UPSTREAM_PASSWORD,
    }
    server = Server(tmp_path_factory.mktemp("aws"), settings=settings).start()
    user = server.caller(allow("sts:AssumeRole"), allow("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:*:{server.account}:secret:prod/*"))
    yield Account(server, user, server.client("sts", user).get_caller_identity()["Arn"])
    server.dispose()


@pytest.fixture
def profile(aws, tmp_path):
    return aws.profile(tmp_path)


@pytest.fixture(scope="module")
def up(aws, tmp_path_factory):
    """A server here whose tasks' secrets are in that account."""
    directory = tmp_path_factory.mktemp("up")
    settings = {"SEALIFT_SECRETS_FROM": "aws", "SEALIFT_LOG": "trace", **aws.profile(directory)}
    one = Server(directory, settings=settings).start()
    yield one
    one.dispose()


@pytest.fixture
def run(new_server, tmp_path):
    """`sealift run` where no server runs; gives the finished process, and what it left in its directory."""
    here = new_server()

    def run(*containers: dict, role: str | None, options: tuple[str, ...] = (), environment: dict, **rest):
        file = tmp_path / "taskdef.json"
        definition = {"family": "from-aws", "containerDefinitions": list(containers), **rest}
        if role:
            definition["executionRoleArn"] = role
        file.write_text(json.dumps(definition))
        return here.sealift("run", "--secrets-from", "aws", *options, str(file), environment=environment)

    run.here = here
    return run


def secret(name: str, value_from: str) -> dict:
    return {"name": name, "valueFrom": value_from}


def test_values_are_read_in_the_account_of_the_profile_as_the_role_there(aws, run, profile):
    value = f"from-aws-{random.randrange(10**12)}"
    whole, keyed = aws.secret(value), aws.secret(json.dumps({"k": value}))
    far, name = aws.secret(value, region="eu-west-1"), aws.parameter(value)
    by_arn = f"arn:aws:ssm:us-east-1:{aws.server.account}:parameter{name}"
    reference = f"/aws/reference/secretsmanager/{whole.split(':secret:')[1].rsplit('-', 1)[0]}"
    role = aws.role(*reading(secrets=[whole, keyed, far], parameters=["*"]))
    wanted = {"WHOLE": whole, "KEYED": f"{keyed}:k::", "FAR": far, "NAMED": name, "ARN": by_arn, "REFERENCE": reference}
    # The definition is kept here, so it must not name the value either.
    digest = hashlib.sha256(value.encode()).hexdigest()
    script = "".join(f'[ "$(printf %s "${one}" | sha256sum)" = "{digest}  -" ] || echo {one} differs; ' for one in wanted) + "echo compared"
    done = run(container(script=script, secrets=[secret(*one) for one in wanted.items()]), role=role, environment=profile, options=("-o", "json"))
    assert done.returncode == 0, done.stderr
    assert "compared" in done.stderr and "differs" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    task = document["taskArn"].rsplit("/", 1)[1]
    session = f"arn:aws:sts::{aws.server.account}:assumed-role/{role.rsplit('/', 1)[1]}/{task}"
    assert (document["secretsFrom"], document["secretsReadAs"]) == ("aws", session)
    assert f"secrets come from {aws.server.endpoint}, as each task's execution role, assumed by {aws.user_arn}" in done.stderr
    # In that account it was the role's session that read, and nothing of it is kept here.
    readers = {line["caller"] for line in aws.server.audit() if line.get("session") == task or task in str(line.get("caller"))}
    assert readers == {session}
    for path in (path for path in run.here.directory.rglob("*") if path.is_file()):
        assert value.encode() not in path.read_bytes(), path
        assert aws.user.secret_access_key.encode() not in path.read_bytes(), path


def test_a_denial_is_in_that_accounts_words(aws, run, profile):
    arn, role = aws.secret("never-shown"), aws.role()
    done = run(container(secrets=[secret("V", arn)]), role=role, environment=profile)
    assert done.returncode == 125
    expected = (
        rf"Secret {re.escape(arn)}: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: [0-9a-f-]+, "
        rf"api error AccessDeniedException: User: arn:aws:sts::{aws.server.account}:assumed-role/{role.rsplit('/', 1)[1]}/[0-9a-f]{{32}} is not "
        r"authorized to perform: secretsmanager:GetSecretValue on resource: "
    )
    assert re.search(expected, done.stderr), done.stderr
    assert "never-shown" not in done.stdout + done.stderr


@pytest.mark.parametrize("why", ["distrusts", "missing"])
def test_a_role_that_cannot_be_assumed_stops_the_task_and_says_so(aws, run, profile, why):
    role = aws.role(*reading(secrets=["*"]), trusted=trust())
    if why == "missing":
        role += "-not-there"
    done = run(container(secrets=[secret("V", aws.secret("never-shown"))]), role=role, environment=profile)
    assert done.returncode == 125
    assert re.search(
        rf"Unable to assume the execution role {role} in AWS: operation error STS: AssumeRole, https response error StatusCode: 403, "
        rf"RequestID: [0-9a-f-]+, api error AccessDenied: User: {aws.user_arn} is not authorized to perform: sts:AssumeRole on resource: {role}\. "
        r"Let the role's trust policy name your own identity there, or say --as-me to read with that identity instead",
        done.stderr,
    ), done.stderr


def test_as_me_reads_with_the_profiles_identity_only_where_the_role_cannot_be_assumed_and_always_says_so(aws, run, profile):
    arn = aws.secret("twelve chars")
    app = container(script="echo ${#V} characters", secrets=[secret("V", arn)])
    distrustful = aws.role(trusted=trust())
    done = run(app, role=distrustful, environment=profile, options=("--as-me", "-o", "json"))
    assert (done.returncode, "12 characters" in done.stderr) == (0, True), done.stderr
    document = json.loads(done.stdout)
    assert (document["secretsFrom"], document["secretsReadAs"]) == ("aws --as-me", aws.user_arn)
    assert "read by this identity itself (--as-me)" in done.stderr
    assert "secrets of this task come from: aws --as-me" in done.stderr
    assert "the execution role could not be assumed in AWS, so secrets are read as the operator's own identity" in done.stderr
    # A role that can be assumed decides all the same.
    done = run(app, role=aws.role(), environment=profile, options=("--as-me",))
    assert (done.returncode, "assumed-role" in done.stderr) == (125, True), done.stderr
    assert "AccessDeniedException" in done.stderr


def test_log_options_and_registry_logins_are_read_there_too(aws, run, profile, upstream):
    upstream.push("private/app:1")
    image = f"{upstream.address}/private/app:1"
    forget(image)
    login = aws.secret(json.dumps({"username": "sealift", "password": UPSTREAM_PASSWORD}))
    size = aws.secret("not-a-size-at-all")
    app = {**container(script="echo $WHICH"), "image": image, "repositoryCredentials": {"credentialsParameter": login}}
    done = run(app, role=aws.role(*reading(secrets=[login])), environment=profile)
    assert (done.returncode, "private/app:1" in done.stdout) == (0, True), done.stderr
    # The engine refuses the option's value, and its text does not get out with it.
    log = {"logDriver": "json-file", "secretOptions": [secret("max-size", size)]}
    done = run(container(logConfiguration=log), role=aws.role(*reading(secrets=[size])), environment=profile)
    assert (done.returncode, "invalid size: '<value of max-size>'" in done.stderr) == (125, True), done.stderr
    forget(image)


@pytest.fixture(scope="module")
def ecr_image(aws, tmp_path_factory):
    ecr = aws.server.client("ecr")
    repository = ecr.create_repository(repositoryName="team/app")["repository"]
    config = ["docker", "--config", str(tmp_path_factory.mktemp("docker"))]
    password = aws.server.aws("ecr", "get-login-password").stdout.strip()
    subprocess.run([*config, "login", "-u", "AWS", "--password-stdin", f"127.0.0.1:{aws.server.port}"], input=password, text=True, check=True)
    docker("tag", IMAGE, f"{repository['repositoryUri']}:1")
    subprocess.run([*config, "push", f"{repository['repositoryUri']}:1"], check=True)
    forget(f"{repository['repositoryUri']}:1")
    yield f"{aws.server.account}.dkr.ecr.us-east-1.amazonaws.com/team/app:1"
    forget(f"{aws.server.account}.dkr.ecr.us-east-1.amazonaws.com/team/app:1")
    forget(f"127.0.0.1:{aws.server.port}/{aws.server.account}/us-east-1/team/app:1")


def test_an_ecr_image_comes_from_that_accounts_registry_with_its_token(aws, run, profile, ecr_image):
    app = {**container(script="echo pulled"), "image": ecr_image}
    done = run(app, role=aws.role(allow("ecr:GetAuthorizationToken"), allow(PULL)), environment=profile)
    assert (done.returncode, "pulled" in done.stdout) == (0, True), done.stderr
    forget(ecr_image)
    done = run(app, role=aws.role(allow(PULL)), environment=profile)
    assert done.returncode == 125
    assert "CannotPullECRContainerError: operation error ECR: GetAuthorizationToken" in done.stderr
    assert f"arn:aws:sts::{aws.server.account}:assumed-role/" in done.stderr


def test_the_configuration_means_what_it_means_to_every_sdk(aws, run, tmp_path):
    arn = aws.secret("s")
    role, app = aws.role(*reading(secrets=[arn])), container(script="echo ${#V}", secrets=[secret("V", arn)])
    nowhere = "endpoint_url = http://127.0.0.1:1"
    one_by_one = "\n".join(["services = prod", "", "[services prod]"] + [f"{s} =\n  endpoint_url = {aws.server.endpoint}" for s in ("secrets_manager", "sts")])
    endpoint = {"AWS_ENDPOINT_URL": aws.server.endpoint}
    for environment, options in (
        # A section of services in the profile.
        (aws.profile(tmp_path, nowhere, one_by_one), ()),
        # Variables of services over the profile.
        (aws.profile(tmp_path, nowhere) | {f"AWS_ENDPOINT_URL_{s}": aws.server.endpoint for s in ("SECRETS_MANAGER", "STS")}, ()),
        # No profile at all.
        (aws.user.environment() | endpoint, ()),
        # Flags of our own over everything.
        (aws.profile(tmp_path, nowhere) | {"AWS_PROFILE": "other"}, ("--aws-profile", "prod", "--aws-endpoint-url", aws.server.endpoint)),
    ):
        done = run(app, role=role, environment=environment, options=options)
        assert (done.returncode, done.stdout.strip()) == (0, "1"), (environment.keys(), done.stderr)


def test_the_region_of_the_profile_is_that_of_the_task(aws, run, tmp_path):
    name = aws.parameter("here")
    aws.server.client("ssm", region="eu-west-1").put_parameter(Name=name, Value="there", Type="String")
    environment = aws.profile(tmp_path, f"endpoint_url = {aws.server.endpoint}", "region = eu-west-1")
    run.here.settings["AWS_REGION"] = None
    app = container(script="echo $V $AWS_REGION", secrets=[secret("V", name)])
    done = run(app, role=aws.role(allow("ssm:GetParameters")), environment=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "there eu-west-1"), done.stderr


def test_what_cannot_work_is_said_at_once(aws, server, run, tmp_path):
    app = container()
    nobody = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    done = run(app, role=None, environment=nobody)
    assert (done.returncode, "--secrets-from aws: AWS's own configuration gives no credentials" in done.stderr) == (1, True), done.stderr
    wrong = Credentials("AKIANOSUCHKEY0000000", "x").environment() | {"AWS_ENDPOINT_URL": aws.server.endpoint}
    done = run(app, role=None, environment=wrong)
    assert done.returncode == 1
    assert "AWS does not take the credentials of its own configuration: operation error STS: GetCallerIdentity" in done.stderr
    assert "InvalidClientTokenId" in done.stderr
    # Who forgot to leave the shell of another server reads from it, but never from the server itself.
    circle = aws.user.environment() | {"AWS_ENDPOINT_URL": run.here.endpoint}
    done = run.here.sealift("up", "--secrets-from", "aws", environment=circle, timeout=20)
    assert (done.returncode, f"leads to {run.here.endpoint}, which is this very server" in done.stderr) == (1, True), done.stderr
    # A server that runs already is told by its own operator, not by a command.
    file = tmp_path / "taskdef.json"
    done = server.sealift("run", "--secrets-from", "aws", str(file), environment=aws.profile(tmp_path))
    assert done.returncode == 1
    for flag in ("--as-me", "--aws-profile=x", "--aws-endpoint-url=http://127.0.0.1:1"):
        file.write_text("{}")
        done = server.sealift("up", flag)
        assert (done.returncode, "means nothing without --secrets-from aws" in done.stderr) == (1, True), done.stderr


def test_a_server_that_keeps_the_secrets_itself_is_not_told_otherwise_by_a_command(aws, server, tmp_path, name):
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps({"family": name, "containerDefinitions": [container()]}))
    for environment in (aws.profile(tmp_path), aws.profile(tmp_path) | server.exports()):
        done = server.sealift("run", "--secrets-from", "aws", str(file), environment=environment)
        assert done.returncode == 1
        assert f"at {server.endpoint}, keeps the secrets itself; start it with `sealift up --secrets-from aws`" in done.stderr


def test_a_running_server_reads_there_for_every_task_and_says_so_in_every_description(aws, up):
    arn, name = aws.secret("from up"), aws.parameter("and this")
    tasks = Tasks(up)
    app = container(secrets=[secret("V", arn), secret("W", name)])
    task = tasks.start(app, executionRoleArn=aws.role(*reading(secrets=[arn], parameters=["*"])))
    inside = environment(task)
    assert (inside["V"], inside["W"]) == ("from up", "and this")
    assert {"name": "sealift.secrets-from", "value": "aws"} in tasks.describe(task)["attributes"]
    tasks.stop()
    stopped = tasks.refuse(app, executionRoleArn=aws.role(trusted=trust()))
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("Unable to assume the execution role arn:aws:iam::")
    # `sealift run` finds it by the data directory, and with the flag too.
    for options in ((), ("--secrets-from", "aws")):
        file = up.directory / "taskdef.json"
        file.write_text(json.dumps({"family": "f", "containerDefinitions": [container(script="exit 4")]}))
        done = up.sealift("run", *options, str(file))
        assert (done.returncode, "secrets of this task come from: aws" in done.stderr) == (4, True), done.stderr


def test_lines_of_awslogs_stay_here_although_the_role_is_there(aws, up, name):
    logs = up.client("logs")
    logs.create_log_group(logGroupName=name)
    options = {"awslogs-group": name, "awslogs-region": up.region, "awslogs-stream-prefix": "p"}
    app = container(script="echo a line", logConfiguration={"logDriver": "awslogs", "options": options})
    tasks = Tasks(up)
    task = tasks.run(tasks.register(app, executionRoleArn=aws.role()))
    stopped = tasks.wait(task, "STOPPED")
    assert stopped["containers"][0].get("exitCode") == 0, stopped
    lines = wait_for("the line", lambda: logs.filter_log_events(logGroupName=name)["events"])
    assert [line["message"] for line in lines] == ["a line"]


def test_whoever_runs_a_task_must_be_allowed_to_pass_the_role_and_only_the_first_account_reads_there(aws, up):
    arn = aws.secret("s")
    role = aws.role(*reading(secrets=[arn]))
    app = container(secrets=[secret("V", arn)])
    caller = up.caller(allow("ecs:*"), allow("iam:PassRole", f"{role}-other"))
    with refused("AccessDeniedException", re.compile(f"is not authorized to perform: iam:PassRole on resource: {role} ")):
        up.client("ecs", caller).register_task_definition(family="f", containerDefinitions=[app], executionRoleArn=role)
    # The operator's identity there is no business of other accounts: their tasks read here.
    made = json.loads(up.sealift("account", "create", "210987654321", "--print", "-o", "json").stdout)
    keys = Credentials.of(made)
    other = OtherAccount(up, keys)
    with refused("AccessDeniedException", "Cross-account pass role is not allowed."):
        other.client("ecs").register_task_definition(family="f", containerDefinitions=[app], executionRoleArn=role)
    own = other.client("secretsmanager").create_secret(Name="own", SecretString="of this server")["ARN"]
    tasks = Tasks(other)
    task = tasks.start(container(secrets=[secret("V", own)]), executionRoleArn=execution_role(other, *reading(secrets=[own])))
    assert environment(task)["V"] == "of this server"
    assert "sealift.secrets-from" not in str(tasks.describe(task)["attributes"])
    tasks.stop()
    tasks.wait(task, "STOPPED")
    for one in docker_containers(task):
        docker("rm", "--force", one["id"])


@dataclass
class OtherAccount:
    """Another account of the same server."""

    server: Server
    keys: Credentials

    def client(self, service: str, region: str | None = None):
        return self.server.client(service, self.keys, region)


def test_a_task_role_is_still_one_of_this_server(aws, up):
    with refused("ClientException", re.compile("^ECS was unable to assume the role")):
        Tasks(up).run(Tasks(up).register(container(), taskRoleArn=f"arn:aws:iam::{up.account}:role/not-here"))
    # Its own execution roles do not count where the account's tasks read in AWS.
    local = execution_role(up, *reading(secrets=["*"]))
    own = up.client("secretsmanager").create_secret(Name="own", SecretString="own")["ARN"]
    stopped = Tasks(up).refuse(container(secrets=[secret("V", own)]), executionRoleArn=local)
    assert f"Unable to assume the execution role {local} in AWS" in stopped["stoppedReason"]
