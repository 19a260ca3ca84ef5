"""Environment files: their lines are the variables of a real container, or the task does not start and says why."""

import re

import pytest

from errors import refused
from harness import allow, docker_containers
from tasks import container, environment, execution_role


@pytest.fixture
def bucket(server, name):
    server.client("s3").create_bucket(Bucket=name)
    return name


def files(*arns: str) -> list[dict]:
    return [{"value": arn, "type": "s3"} for arn in arns]


def reading_files(bucket: str) -> list[dict]:
    return [allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), allow("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")]


def test_files_fill_the_names_that_nothing_else_sets(server, tasks, bucket, tmp_path):
    ours = tmp_path / "app.env"
    ours.write_bytes(b"# comment\nONLY=in file\nTWICE=first\nENV=file\nSECRET=file\nQUOTED=\"a b\" # c\nCR=x\r\nLAST=1\nLAST=2\nEMPTY=\nno line\n=x\n")
    done = server.aws("s3", "cp", str(ours), f"s3://{bucket}/conf dir/app.env")
    assert done.returncode == 0, done.stderr
    server.client("s3").put_object(Bucket=bucket, Key="second.env", Body=b"TWICE=second\nSECOND=2")
    server.client("s3").put_object(Bucket=bucket, Key="other.env", Body=b"OTHER=3")
    server.client("ssm").put_parameter(Name=f"/{bucket}/s", Value="from the parameter", Type="String")
    parameter = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{bucket}/s"
    role = execution_role(server, *reading_files(bucket), allow("ssm:GetParameters", parameter))
    definition = tasks.register(
        container(
            environment=[{"name": "ENV", "value": "definition"}],
            secrets=[{"name": "SECRET", "valueFrom": f"/{bucket}/s"}],
            environmentFiles=files(f"arn:aws:s3:::{bucket}/conf dir/app.env", f"arn:aws:s3:::{bucket}/second.env"),
        ),
        executionRoleArn=role,
    )
    attributes = server.client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]["requiresAttributes"]
    assert "ecs.capability.env-files.s3" in [attribute["name"] for attribute in attributes]
    task = tasks.run(definition)
    overrides = {"containerOverrides": [{"name": "app", "environmentFiles": files(f"arn:aws:s3:::{bucket}/other.env")}]}
    replaced = tasks.run(definition, overrides=overrides)
    tasks.wait(task, "RUNNING")
    inside = environment(task)
    wanted = {
        "ONLY": "in file",
        "TWICE": "first",
        "SECOND": "2",
        "ENV": "definition",
        "SECRET": "from the parameter",
        "QUOTED": '"a b" # c',
        "CR": "x",
        "LAST": "2",
    }
    assert {name: inside.get(name) for name in wanted} == wanted
    assert not {"EMPTY", "", "OTHER"} & set(inside)
    tasks.wait(replaced, "RUNNING")
    inside = environment(replaced)
    assert (inside["OTHER"], inside["ENV"]) == ("3", "definition")
    assert "ONLY" not in inside


def test_a_file_that_cannot_be_had_stops_the_task_before_anything_starts(server, tasks, bucket):
    server.client("s3").put_object(Bucket=bucket, Key="app.env", Body=b"A=1")
    server.client("s3").put_object(Bucket=bucket, Key="long.env", Body=b"A=" + b"x" * (64 << 10))
    listing = [*reading_files(bucket), allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")]
    may = execution_role(server, *listing)
    may_not = execution_role(server, allow("s3:GetBucketLocation"))

    def started(key: str, role: str, **rest) -> str:
        one = container(environmentFiles=files(f"arn:aws:s3:::{bucket}/{key}"))
        other = container("other", essential=False, dependsOn=[{"containerName": "app", "condition": "START"}])
        return tasks.run(tasks.register(one, other, executionRoleArn=role, **rest))

    fargate = dict(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    runs = {
        "missing": started("absent.env", may),
        "denied": started("app.env", may_not),
        "long": started("long.env", may),
        "nowhere": tasks.run(
            tasks.register(
                container(environmentFiles=files("arn:aws:s3:::no-such-bucket-here/app.env")),
                executionRoleArn=execution_role(server, allow("s3:GetBucketLocation")),
            )
        ),
    }
    one = container(environmentFiles=files(f"arn:aws:s3:::{bucket}/app.env"))
    definition = tasks.register(one, executionRoleArn=may_not, **fargate)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    runs["platform"] = tasks.run(definition, launchType="FARGATE", networkConfiguration=network)

    def reason(task: str) -> str:
        stopped = tasks.wait(task, "STOPPED")
        assert stopped["stopCode"] == "TaskFailedToStart"
        assert all("exitCode" not in one and "runtimeId" not in one for one in stopped["containers"])
        assert docker_containers(task) == []
        return stopped["stoppedReason"]

    answer = r"https response error StatusCode: {}, RequestID: \S+, HostID: \S+, {}"
    unable = f"^Unable to download env file with key {{}}.env from bucket {bucket}, error: operation error S3: GetObject, "
    missing = answer.format(404, r"NoSuchKey: The specified key does not exist\.$")
    assert re.search(unable.format("absent") + missing, reason(runs["missing"]))
    denied = "api error AccessDenied: User: arn:aws:sts::.* is not authorized to perform: s3:GetObject on resource: "
    assert re.search(unable.format("app") + answer.format(403, denied), reason(runs["denied"]))
    assert reason(runs["long"]).endswith("error: bufio.Scanner: token too long")
    initialize = "^Unable to initialize s3 client for bucket no-such-bucket-here, error: operation error S3: GetBucketLocation, "
    assert re.search(initialize + answer.format(404, "api error NoSuchBucket"), reason(runs["nowhere"]))
    platform = (
        "^ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
        r"service call has been retried 1 time\(s\): AccessDenied: User: .* status code: 403, request id: \S+, host id: \S+$"
    )
    assert re.search(platform, reason(runs["platform"]))


def test_registration_and_overrides_hold_files_to_the_rules(server, tasks, name):
    arn = f"arn:aws:s3:::{name}/app.env"
    role = execution_role(server)
    with refused("ClientException", re.compile("^When you are specifying environment files, you must also specify .*'executionRoleArn'")):
        tasks.register(container(environmentFiles=files(arn)))
    for value, text in (
        (f"arn:aws:s3:::{name}/app.txt", re.compile(r"must end with \.env\.$")),
        (f"s3://{name}/app.env", "Invalid arn syntax."),
        (f"arn:aws:s3:::{name}", "Invalid arn syntax."),
    ):
        with refused("ClientException", text):
            tasks.register(container(environmentFiles=files(value)), executionRoleArn=role)
    tasks.register(container(environmentFiles=files(*[arn] * 10)), executionRoleArn=role)
    with refused("ClientException", "Container 'app' has 11 environment files. The maximum is 10."):
        tasks.register(container(environmentFiles=files(*[arn] * 11)), executionRoleArn=role)
    plain = tasks.register(container())
    overrides = {"containerOverrides": [{"name": "app", "environmentFiles": files(arn)}]}
    with refused("ClientException", re.compile("^When you are specifying environment files")):
        tasks.run(plain, overrides=overrides)
