"""`sealift env` and `sealift run` as a person or a CI job uses them."""

import json
import signal
import subprocess

import pytest

from harness import BINARY, IMAGE, REPOSITORY, wait_for
from tasks import container, execution_role, reading


@pytest.fixture
def run(server, tmp_path, name):
    """Writes a task definition, runs it with `sealift run`, and returns the finished process."""

    def run(*containers: dict, options: tuple[str, ...] = (), environment: dict | None = None, **rest):
        file = tmp_path / "taskdef.json"
        file.write_text(json.dumps({"family": name, "containerDefinitions": list(containers), **rest}))
        return server.sealift("run", *options, str(file), environment=environment or {})

    return run


def test_env_prints_lines_that_a_shell_evaluates(server):
    exports = server.exports()
    assert exports.keys() == {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"}
    assert (exports["AWS_ENDPOINT_URL"], exports["AWS_REGION"]) == (server.endpoint, server.region)


def test_env_says_what_to_do_when_no_server_runs(new_server):
    done = new_server().sealift("env")
    assert (done.returncode, "sealift up" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_code_is_the_container_s(run, code):
    assert run(container(script=f"exit {code}")).returncode == code


def test_the_exit_code_is_that_of_the_essential_container(run):
    main, side = container("main", "sleep 1; exit 3"), container("side", "exit 4", essential=False)
    assert run(main, side).returncode == 3
    assert run(side, {**main, "command": ["sh", "-c", "sleep 1; exit 0"]}).returncode == 0


def test_both_streams_arrive_and_in_order(run):
    done = run(container(script="for i in 1 2 3; do echo out $i; echo err $i >&2; done"))
    everything = done.stdout + done.stderr
    for stream in ("out", "err"):
        places = [everything.index(f"{stream} {number}") for number in (1, 2, 3)]
        assert places == sorted(places)


def test_lines_arrive_while_the_container_runs(server, tmp_path, name):
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps({"family": name, "containerDefinitions": [container(script="echo first; sleep 4; echo last")]}))
    process = subprocess.Popen(
        [BINARY, "run", str(file)], env=server.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    while "first" not in process.stdout.readline():
        assert process.poll() is None
    assert process.poll() is None, "the log came only after the container had ended"
    assert "last" in process.stdout.read()
    assert process.wait(30) == 0


def test_a_task_that_cannot_start_gives_125_and_the_stopped_reason(run, server, name):
    server.client("secretsmanager").create_secret(Name=name, SecretString="never-shown")
    role = execution_role(server)
    done = run(container(secrets=[{"name": "V", "valueFrom": name_to_arn(server, name)}]), executionRoleArn=role)
    assert done.returncode == 125
    assert "AccessDeniedException" in done.stderr
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in done.stderr
    assert "never-shown" not in done.stdout + done.stderr


def test_an_image_that_does_not_exist_gives_125(run):
    done = run({"name": "app", "image": "127.0.0.1:1/no/such-image:latest", "memory": 64})
    assert (done.returncode, "CannotPull" in done.stderr) == (125, True), done.stderr


def test_a_program_that_does_not_exist_gives_125(run):
    done = run({"name": "app", "image": IMAGE, "memory": 64, "command": ["/no/such/program"]})
    assert (done.returncode, "CannotStartContainerError" in done.stderr) == (125, True), done.stderr


def test_a_definition_for_fargate_runs_as_it_is(run, server, name):
    app = container(script="exit 7", secrets=[{"name": "S", "valueFrom": f"/{name}"}])
    del app["memory"]
    rest = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", "executionRoleArn": execution_role(server, *reading(parameters=["*"]))}
    absent = run(app, requiresCompatibilities=["FARGATE"], **rest)
    expected = (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
        f"secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /{name}"
    )
    assert (absent.returncode, expected in absent.stderr) == (125, True), absent.stderr
    server.client("ssm").put_parameter(Name=f"/{name}", Value="v", Type="String")
    assert run(app, requiresCompatibilities=["FARGATE"], **rest).returncode == 7
    done = run(app, requiresCompatibilities=["EC2", "FARGATE"], options=("-o", "json", "--launch-type", "EC2"), **rest)
    assert done.returncode == 7, done.stderr
    task = server.client("ecs").describe_tasks(tasks=[json.loads(done.stdout)["taskArn"]])["tasks"][0]
    assert task["launchType"] == "EC2"


def test_a_refused_task_definition_gives_the_aws_text(run):
    done = run(container(secrets=[{"name": "V", "valueFrom": "p"}]))
    assert done.returncode not in (0, 2)
    assert "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'." in done.stderr


def test_json_output_is_one_document(run):
    done = run(container(script="echo hello; exit 5"), options=("-o", "json"))
    assert done.returncode == 5
    document = json.loads(done.stdout)
    assert document["exitCode"] == 5
    assert document["taskArn"].startswith("arn:aws:ecs:")


def test_json_output_of_a_task_that_cannot_start(run, server, name):
    server.client("secretsmanager").create_secret(Name=name, SecretString="x")
    role = execution_role(server)
    done = run(container(secrets=[{"name": "V", "valueFrom": name_to_arn(server, name)}]), executionRoleArn=role, options=("-o", "json"))
    document = json.loads(done.stdout)
    assert (done.returncode, document["stopCode"]) == (125, "TaskFailedToStart")
    assert "AccessDeniedException" in document["stoppedReason"]


def test_secrets_arrive_with_one_command(run, server, name):
    arn = server.client("secretsmanager").create_secret(Name=name, SecretString="twelve chars")["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    done = run(container(script="echo ${#V}", secrets=[{"name": "V", "valueFrom": arn}]), executionRoleArn=role)
    assert (done.returncode, done.stdout.strip().splitlines()[-1]) == (0, "12"), done.stderr


@pytest.mark.parametrize("arguments", [("run",), ("run", "--no-such-flag", "x"), ("no-such-command",), ("up", "--listen", "nonsense")])
def test_usage_errors_exit_2(server, arguments):
    done = server.sealift(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_a_missing_file_and_a_broken_one_are_named(server, tmp_path):
    done = server.sealift("run", str(tmp_path / "absent.json"))
    assert (done.returncode not in (0, 125), "absent.json" in done.stderr) == (True, True), done.stderr
    broken = tmp_path / "broken.json"
    broken.write_text('{"family": ')
    done = server.sealift("run", str(broken))
    assert (done.returncode not in (0, 125), "broken.json" in done.stderr) == (True, True), done.stderr


def test_run_brings_a_server_up_where_none_runs(new_server, tmp_path, name):
    alone = new_server()
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps({"family": name, "containerDefinitions": [container(script="echo by myself; exit 6")]}))
    done = alone.sealift("run", str(file))
    assert (done.returncode, "by myself" in done.stdout) == (6, True), done.stderr


def test_run_talks_to_the_endpoint_of_the_environment(server, new_server, tmp_path, name):
    elsewhere = new_server()  # a data directory where nothing runs
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps({"family": name, "containerDefinitions": [container(script="exit 8")]}))
    done = elsewhere.sealift("run", str(file), environment=server.exports())
    assert done.returncode == 8, done.stderr
    assert name in str(server.client("ecs").list_task_definition_families(familyPrefix=name)["families"])


def test_an_interrupted_run_stops_its_task(server, tmp_path, name):
    file = tmp_path / "taskdef.json"
    file.write_text(json.dumps({"family": name, "containerDefinitions": [container(script="echo started; sleep 3600")]}))
    process = subprocess.Popen(
        [BINARY, "run", str(file)], env=server.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    while "started" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    ecs = server.client("ecs")
    wait_for("the task to stop", lambda: ecs.list_tasks(family=name, desiredStatus="RUNNING")["taskArns"] == [], 30)


def test_the_five_commands_of_the_readme(new_server, tmp_path):
    server = new_server().start()
    for file in ("trust.json", "policy.json", "taskdef.json"):
        text = (REPOSITORY / "examples" / file).read_text()
        text = text.replace("123456789012", server.account).replace("public.ecr.aws/docker/library/busybox:stable", IMAGE)
        (tmp_path / file).write_text(text)
    server.aws_json("secretsmanager", "create-secret", "--name", "greeting", "--secret-string", "hello")
    role = ("--role-name", "ecsTaskExecutionRole")
    server.aws_json("iam", "create-role", *role, "--assume-role-policy-document", f"file://{tmp_path}/trust.json")
    denied = server.sealift("run", str(tmp_path / "taskdef.json"))
    assert (denied.returncode, "AccessDeniedException" in denied.stderr) == (125, True), denied.stderr
    server.aws_json("iam", "put-role-policy", *role, "--policy-name", "secrets", "--policy-document", f"file://{tmp_path}/policy.json")
    done = server.sealift("run", str(tmp_path / "taskdef.json"))
    assert (done.returncode, "my secret is hello" in done.stdout) == (0, True), done.stderr


def name_to_arn(server, name: str) -> str:
    return server.client("secretsmanager").describe_secret(SecretId=name)["ARN"]
