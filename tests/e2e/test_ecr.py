"""ECR: its operations, and its registry as the docker command line and the agent use it."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from errors import refused
from harness import IMAGE, Credentials, Server, allow, deny, docker
from registries import MANIFEST, MANIFEST_LIST, Registry, digest, forget
from tasks import Tasks, container, execution_role, output

UPSTREAM_PASSWORD = f"upstream-{random.randrange(10**12)}"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    """The registry that keeps the layers. Nobody but the server knows its password."""
    one = Registry(tmp_path_factory.mktemp("upstream"), {"sealift": UPSTREAM_PASSWORD}).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, upstream):
    settings = {
        "SEALIFT_OCI_REGISTRY": upstream.url,
        "SEALIFT_OCI_REGISTRY_USERNAME": "sealift",
        "SEALIFT_OCI_REGISTRY_PASSWORD": UPSTREAM_PASSWORD,
        "SEALIFT_LOG": "trace",
        "ECS_IMAGE_PULL_BEHAVIOR": "always",
    }
    one = Server(tmp_path_factory.mktemp("ecr"), settings=settings).start()
    yield one
    one.dispose()
    for image in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
        if f"127.0.0.1:{one.port}/" in image or image.startswith(f"{one.account}.dkr.ecr."):
            forget(image)


@pytest.fixture(scope="module")
def ecr(server):
    return server.client("ecr")


@pytest.fixture
def repository(ecr, name) -> dict:
    return ecr.create_repository(repositoryName=f"team/{name}")["repository"]


class Docker:
    """The docker command line with a configuration of its own, logged in as one caller."""

    def __init__(self, server: Server, directory, credentials=None):
        self.server, self.directory = server, directory
        self.credentials = credentials

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
        command = ["docker", "--config", str(self.directory), *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)

    def login(self) -> Docker:
        password = self.server.aws("ecr", "get-login-password", credentials=self.credentials)
        assert password.returncode == 0, password.stderr
        done = self.run("login", "-u", "AWS", "--password-stdin", f"127.0.0.1:{self.server.port}", text=password.stdout.strip())
        assert (done.returncode, "Login Succeeded" in done.stdout) == (0, True), done.stderr
        return self

    def do(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def root_docker(server, tmp_path):
    return Docker(server, tmp_path / "docker").login()


@pytest.fixture
def docker_as(server, tmp_path):
    def login(*statements: dict) -> Docker:
        credentials = server.caller(*statements, allow("ecr:GetAuthorizationToken"))
        return Docker(server, tmp_path / f"docker-{random.randrange(10**9)}", credentials).login()

    return login


def pushed(root: Docker, uri: str, tag: str = "1") -> str:
    """Pushes the test image, and gives its digest."""
    docker("tag", IMAGE, f"{uri}:{tag}")
    said = root.do("push", f"{uri}:{tag}")
    return re.search(r"digest: (sha256:[0-9a-f]{64})", said)[1]


def token(server: Server, credentials=None) -> str:
    data = server.client("ecr", credentials).get_authorization_token()["authorizationData"][0]
    return data["authorizationToken"]


def ask(server: Server, method: str, path: str, login: str | None = None, body: bytes | None = None, **headers):
    """One request of the registry protocol."""
    request = urllib.request.Request(server.endpoint + path, data=body, method=method)
    if login:
        request.add_header("Authorization", f"Basic {login}")
    for header, value in headers.items():
        request.add_header(header.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def told(answer) -> tuple[int, str, str]:
    status, body, _ = answer
    (error,) = json.loads(body)["errors"]
    return status, error["code"], error["message"]


# Repositories


def test_a_repository_is_created_described_and_deleted(server, ecr, name):
    made = ecr.create_repository(
        repositoryName=name, tags=[{"Key": "team", "Value": "red"}], imageScanningConfiguration={"scanOnPush": True}
    )["repository"]
    arn = f"arn:aws:ecr:us-east-1:{server.account}:repository/{name}"
    assert {key: made[key] for key in made if key != "createdAt"} == {
        "repositoryArn": arn,
        "registryId": server.account,
        "repositoryName": name,
        "repositoryUri": f"127.0.0.1:{server.port}/{name}",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"] == [made]
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "red"}]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "blue"}, {"Key": "x", "Value": ""}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["x"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "blue"}]
    exists = f"The repository with name '{name}' already exists in the registry with id '{server.account}'"
    with refused("RepositoryAlreadyExistsException", exists):
        ecr.create_repository(repositoryName=name)
    assert ecr.delete_repository(repositoryName=name)["repository"] == made
    missing = f"The repository with name '{name}' does not exist in the registry with id '{server.account}'"
    with refused("RepositoryNotFoundException", missing):
        ecr.describe_repositories(repositoryNames=[name])


def test_repositories_are_listed_in_pages(server):
    ecr = server.client("ecr", region="eu-west-1")
    for number in range(5):
        ecr.create_repository(repositoryName=f"page/{number}")
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["repositoryName"] for one in page["repositories"]] for page in pages]
    assert found == [["page/0", "page/1"], ["page/2", "page/3"], ["page/4"]]
    uri = ecr.describe_repositories(repositoryNames=["page/0"])["repositories"][0]["repositoryUri"]
    assert uri == f"127.0.0.1:{server.port}/{server.account}/eu-west-1/page/0"
    with refused("InvalidParameterException", re.compile("nextToken")):
        ecr.describe_repositories(nextToken="no token")


def test_names_and_settings_are_checked_in_ecrs_words(ecr, name):
    with refused(
        "InvalidParameterException",
        re.compile(r"^Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '.*''$"),
    ):
        ecr.create_repository(repositoryName="Not Valid")
    with refused("InvalidParameterException", re.compile("imageTagMutabilityExclusionFilters")):
        ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION")
    with refused("InvalidTagParameterException"):
        ecr.create_repository(repositoryName=name, tags=[{"Key": "aws:x", "Value": ""}])
    with refused("TooManyTagsException"):
        ecr.create_repository(repositoryName=name, tags=[{"Key": str(n), "Value": ""} for n in range(51)])


def test_a_repository_policy_is_kept_as_it_is_and_checked(ecr, repository):
    name = repository["repositoryName"]
    with refused("RepositoryPolicyNotFoundException", re.compile(f"^Repository policy does not exist for the repository with name '{name}'")):
        ecr.get_repository_policy(repositoryName=name)
    text = json.dumps({"Version": "2008-10-17", "Statement": [{"Sid": "x", "Effect": "Allow", "Principal": "*", "Action": PULL}]})
    assert ecr.set_repository_policy(repositoryName=name, policyText=text)["policyText"] == text
    assert ecr.get_repository_policy(repositoryName=name)["policyText"] == text
    with refused("InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"):
        ecr.set_repository_policy(repositoryName=name, policyText='{"Statement":[{"Effect":"Allow"}]}')
    assert ecr.delete_repository_policy(repositoryName=name)["policyText"] == text
    with refused("RepositoryPolicyNotFoundException"):
        ecr.delete_repository_policy(repositoryName=name)


# docker


def test_docker_pushes_and_pulls_with_a_token(server, ecr, repository, root_docker):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    pushed_digest = pushed(root_docker, uri)
    forget(f"{uri}:1")
    root_docker.do("pull", f"{uri}:1")
    forget(f"{uri}:1")
    root_docker.do("pull", f"{uri}@{pushed_digest}")

    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (pushed_digest, ["1"])
    assert detail["imageManifestMediaType"] == MANIFEST
    assert detail["artifactMediaType"] == "application/vnd.docker.container.image.v1+json"
    assert detail["imageSizeInBytes"] > 500_000
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": pushed_digest, "imageTag": "1"}]
    (image,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    assert digest(image["imageManifest"].encode()) == pushed_digest

    layer = json.loads(image["imageManifest"])["layers"][0]
    known = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[layer["digest"], "sha256:00", "no"])
    assert known["layers"] == [
        {
            "layerDigest": layer["digest"],
            "layerAvailability": "AVAILABLE",
            "layerSize": layer["size"],
            "mediaType": layer["mediaType"],
        },
        {"layerDigest": "sha256:00", "layerAvailability": "UNAVAILABLE"},
    ]
    assert [one["failureCode"] for one in known["failures"]] == ["InvalidLayerDigest"]
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer["digest"])["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        assert digest(answer.read()) == layer["digest"]
    status, code, _ = told(ask(server, "GET", url.removeprefix(server.endpoint)[:-3] + "abc"))
    assert (status, code) == (403, "DENIED")


def test_images_are_deleted_by_tag_and_by_digest(ecr, repository, root_docker):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    image = pushed(root_docker, uri, "1")
    assert pushed(root_docker, uri, "2") == image
    with refused("RepositoryNotEmptyException", re.compile("cannot be deleted because it still contains images$")):
        ecr.delete_repository(repositoryName=name)
    deleted = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1"}, {"imageTag": "9"}, {}])
    assert deleted["imageIds"] == [{"imageDigest": image, "imageTag": "1"}]
    assert [(one["failureCode"], one["failureReason"]) for one in deleted["failures"]] == [
        ("ImageNotFound", "Requested image not found"),
        ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
    ]
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": image, "imageTag": "2"}]
    assert ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image}])["imageIds"] == [
        {"imageDigest": image, "imageTag": "2"}
    ]
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []
    with refused("ImageNotFoundException", re.compile(r"^The image with imageId \{imageDigest:'null', imageTag:'2'\} does not exist")):
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "2"}])
    done = root_docker.run("pull", f"{uri}:2")
    assert "manifest unknown: Requested image not found" in done.stderr


def test_an_immutable_tag_stays_where_it_is(ecr, repository, root_docker, server):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    image = pushed(root_docker, uri)
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    assert pushed(root_docker, uri) == image, "the same image may be pushed again"
    text = f"The image tag '1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    other = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_LIST, "manifests": []})
    answer = ask(server, "PUT", f"/v2/{name}/manifests/1", token(server), other.encode(), Content_Type=MANIFEST_LIST)
    assert told(answer) == (400, "TAG_INVALID", text)
    with refused("ImageTagAlreadyExistsException", text):
        ecr.put_image(repositoryName=name, imageManifest=other, imageTag="1")
    (found,) = ecr.list_images(repositoryName=name)["imageIds"]
    assert found == {"imageDigest": image, "imageTag": "1"}


def test_an_image_gets_another_tag_with_put_image(ecr, repository, root_docker):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    image = pushed(root_docker, uri)
    (got,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    ecr.put_image(repositoryName=name, imageManifest=got["imageManifest"], imageTag="stable")
    root_docker.do("pull", f"{uri}:stable")
    with refused("ImageAlreadyExistsException", re.compile(f"^Image with digest '{image}' and tag 'stable' already exists")):
        ecr.put_image(repositoryName=name, imageManifest=got["imageManifest"], imageTag="stable")
    changed = got["imageManifest"].replace("sha256:", "sha256:00", 1)
    with refused("LayersNotFoundException"):
        ecr.put_image(repositoryName=name, imageManifest=changed, imageTag="x")


# Who may


def test_what_a_login_may_do_is_decided_per_repository(server, ecr, repository, name, root_docker, docker_as):
    uri, arn = repository["repositoryUri"], repository["repositoryArn"]
    pushed(root_docker, uri)
    reader = docker_as(allow(PULL, arn))
    forget(f"{uri}:1")
    reader.do("pull", f"{uri}:1")
    done = reader.run("push", f"{uri}:1")
    assert done.returncode == 1
    assert re.search(
        rf"denied: User: arn:aws:iam::{server.account}:user/[^ ]+ is not authorized to perform: ecr:[A-Za-z]+ on resource: {arn} "
        r"because no identity-based policy allows the ecr:[A-Za-z]+ action",
        done.stderr,
    ), done.stderr
    other = ecr.create_repository(repositoryName=f"other/{name}")["repository"]
    pushed(root_docker, other["repositoryUri"])
    forget(f"{other['repositoryUri']}:1")
    done = reader.run("pull", f"{other['repositoryUri']}:1")
    assert f"ecr:BatchGetImage on resource: {other['repositoryArn']}" in done.stderr

    writer = docker_as(allow(PUSH, other["repositoryArn"]))
    docker("tag", IMAGE, f"{other['repositoryUri']}:written")
    writer.do("push", f"{other['repositoryUri']}:written")
    assert writer.run("pull", f"{other['repositoryUri']}:written").returncode == 1


@pytest.mark.parametrize("missing", PULL)
def test_each_action_of_a_pull_is_needed(repository, root_docker, docker_as, missing):
    uri = repository["repositoryUri"]
    pushed(root_docker, uri)
    someone = docker_as(allow("ecr:*"), deny(missing, repository["repositoryArn"]))
    forget(f"{uri}:1")
    docker("image", "prune", "--force")
    login = token(someone.server, someone.credentials)
    name = repository["repositoryName"]
    image = json.loads(ask(someone.server, "GET", f"/v2/{name}/manifests/1", token(someone.server))[1])
    path = {
        "ecr:BatchGetImage": f"/v2/{name}/manifests/1",
        "ecr:GetDownloadUrlForLayer": f"/v2/{name}/blobs/{image['layers'][0]['digest']}",
    }[missing]
    status, code, message = told(ask(someone.server, "GET", path, login))
    assert (status, code) == (403, "DENIED")
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_repository_policy_denies_and_allows(ecr, server, repository, root_docker, docker_as):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    pushed(root_docker, uri)
    user = docker_as()
    who = server.client("sts", user.credentials).get_caller_identity()["Arn"]
    forget(f"{uri}:1")
    assert user.run("pull", f"{uri}:1").returncode == 1
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": PULL}]})
    ecr.set_repository_policy(repositoryName=name, policyText=text)
    user.do("pull", f"{uri}:1")
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
    ecr.set_repository_policy(repositoryName=name, policyText=text)
    assert "with an explicit deny in a resource-based policy" in user.run("pull", f"{uri}:1").stderr


def test_without_a_good_token_there_is_no_registry(server, repository):
    status, body, headers = ask(server, "GET", "/v2/")
    assert status == 401
    assert headers["WWW-Authenticate"] == f'Basic realm="{server.endpoint}/",service="ecr.amazonaws.com"'
    assert headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    good = token(server)
    assert ask(server, "GET", "/v2/", good)[0] == 200
    bent = base64.b64encode(base64.b64decode(good)[:-2] + b"xx").decode()
    secret = server.cached_root.secret_access_key
    for bad in (bent, base64.b64encode(b"AWS:").decode(), base64.b64encode(f"AWS:{secret}".encode()).decode(), "no"):
        assert told(ask(server, "GET", f"/v2/{repository['repositoryName']}/tags/list", bad))[:2] == (401, "UNAUTHORIZED")
    data = server.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == server.endpoint
    hours = (data["expiresAt"].timestamp() - time.time()) / 3600
    assert 11.9 < hours <= 12


def test_a_token_ends_with_the_key_that_asked_for_it(server):
    credentials = server.caller(allow("ecr:*"))
    login = token(server, credentials)
    assert ask(server, "GET", "/v2/", login)[0] == 200
    iam = server.client("iam")
    user = server.client("sts", credentials).get_caller_identity()["Arn"].rsplit("/", 1)[1]
    iam.update_access_key(UserName=user, AccessKeyId=credentials.access_key_id, Status="Inactive")
    assert ask(server, "GET", "/v2/", login)[0] == 401


# The protocol


def test_requests_that_make_no_sense_are_refused_in_the_protocols_words(server, repository):
    name, login = repository["repositoryName"], token(server)
    missing = f"The repository with name 'no/such' does not exist in the registry with id '{server.account}'"
    assert told(ask(server, "GET", "/v2/no/such/manifests/1", login)) == (404, "NAME_UNKNOWN", missing)
    assert told(ask(server, "GET", f"/v2/{name}/manifests/1", login))[:2] == (404, "MANIFEST_UNKNOWN")
    assert told(ask(server, "GET", f"/v2/{name}/blobs/sha256:00", login))[:2] in ((404, "BLOB_UNKNOWN"), (400, "DIGEST_INVALID"))
    assert told(ask(server, "GET", f"/v2/{name}/blobs/..%2f..%2fx", login))[0] in (400, 404)
    assert told(ask(server, "PUT", f"/v2/{name}/manifests/1", login, b"no manifest"))[:2] == (400, "MANIFEST_INVALID")
    assert told(ask(server, "PUT", f"/v2/{name}/manifests/1", login, b" " * (5 << 20)))[:2] == (413, "SIZE_INVALID")
    assert told(ask(server, "DELETE", f"/v2/{name}/manifests/1", login))[:2] == (405, "UNSUPPORTED")
    assert told(ask(server, "PATCH", f"/v2/{name}/blobs/uploads/forged", login, b"x"))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ask(server, "GET", "/v2/_catalog", login)[0] == 404


def test_an_upload_belongs_to_its_repository(server, ecr, repository, name):
    login = token(server)
    other = ecr.create_repository(repositoryName=f"another/{name}")["repository"]["repositoryName"]
    status, _, headers = ask(server, "POST", f"/v2/{repository['repositoryName']}/blobs/uploads/", login, b"")
    assert status == 202
    session = headers["Location"].rsplit("/", 1)[1]
    assert told(ask(server, "PATCH", f"/v2/{other}/blobs/uploads/{session}", login, b"x"))[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    # Another repository's layer is not taken over by naming it.
    status, _, headers = ask(server, "POST", f"/v2/{other}/blobs/uploads/?mount=sha256:00&from=x", login, b"")
    assert status == 202


def test_a_layer_of_any_size_passes_through_in_pieces(server, repository, tmp_path):
    """160 MB, while the server's own memory hardly grows."""
    name, login = repository["repositoryName"], token(server)

    def resident() -> int:
        status = open(f"/proc/{server.process.pid}/status").read()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    before = resident()
    blob = os.urandom(1 << 20) * 160
    location = ask(server, "POST", f"/v2/{name}/blobs/uploads/", login, b"")[2]["Location"]
    location = ask(server, "PATCH", location, login, blob, Content_Type="application/octet-stream")[2]["Location"]
    status, body, headers = ask(server, "PUT", f"{location}?digest={digest(blob)}", login, b"")
    assert status == 201, body
    assert headers["Location"] == f"/v2/{name}/blobs/{digest(blob)}"
    status, got, _ = ask(server, "GET", headers["Location"], login)
    assert (status, digest(got)) == (200, digest(blob))
    status, part, headers = ask(server, "GET", f"/v2/{name}/blobs/{digest(blob)}", login, Range="bytes=10-19")
    assert (status, part) == (206, blob[10:20])
    assert resident() - before < 40_000, "kB"


def test_tags_are_listed_in_pages(server, repository, root_docker):
    uri, name = repository["repositoryUri"], repository["repositoryName"]
    for tag in "abc":
        pushed(root_docker, uri, tag)
    status, body, headers = ask(server, "GET", f"/v2/{name}/tags/list?n=2", token(server))
    assert json.loads(body) == {"name": name, "tags": ["a", "b"]}
    assert headers["Link"] == f'</v2/{name}/tags/list?n=2&last=b>; rel="next"'
    assert json.loads(ask(server, "GET", f"/v2/{name}/tags/list?n=2&last=b", token(server))[1])["tags"] == ["c"]


# Tasks


def run(server: Server, image: str, *statements: dict) -> dict:
    tasks = Tasks(server)
    app = {**container(script="echo pulled"), "image": image}
    role = execution_role(server, *statements)
    task = tasks.run(tasks.register(app, executionRoleArn=role))
    return tasks.wait(task, "STOPPED", 90)


def run_on_fargate(server: Server, image: str, *statements: dict) -> dict:
    tasks = Tasks(server)
    app = {**container(script="echo pulled"), "image": image}
    del app["memory"]
    definition = tasks.register(
        app,
        executionRoleArn=execution_role(server, *statements),
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}
    return tasks.wait(tasks.run(definition, launchType="FARGATE", networkConfiguration=network), "STOPPED", 90)


@pytest.fixture(scope="module")
def image_of_the_team(server, ecr, tmp_path_factory):
    made = ecr.create_repository(repositoryName="team/tasks")["repository"]
    root = Docker(server, tmp_path_factory.mktemp("docker")).login()
    made["digest"] = pushed(root, made["repositoryUri"])
    return made


@pytest.mark.parametrize("form", ["by name", "by digest", "by address"])
def test_a_task_gets_its_image_with_a_token_of_its_execution_role(server, image_of_the_team, form):
    host = f"{server.account}.dkr.ecr.us-east-1.amazonaws.com"
    image = {
        "by name": f"{host}/team/tasks:1",
        "by digest": f"{host}/team/tasks@{image_of_the_team['digest']}",
        "by address": f"{image_of_the_team['repositoryUri']}:1",
    }[form]
    stopped = run(server, image, allow("ecr:GetAuthorizationToken"), allow(PULL, image_of_the_team["repositoryArn"]))
    assert stopped["containers"][0].get("exitCode") == 0, stopped
    assert stopped["containers"][0]["image"] == image
    assert stopped["containers"][0]["imageDigest"] == image_of_the_team["digest"]
    assert output(stopped["taskArn"]) == "pulled\n"
    asked = [line for line in server.audit() if line.get("task") == stopped["taskArn"] and line["event"].startswith("ecr:")]
    # An image that is here by its digest already is not asked for again.
    expected = {"ecr:GetAuthorizationToken"} | (set() if form == "by digest" else {"ecr:BatchGetImage"})
    assert expected <= {line["event"] for line in asked}


def test_a_role_without_the_right_to_a_token_or_to_the_image_starts_nothing(server, image_of_the_team):
    image = f"{server.account}.dkr.ecr.us-east-1.amazonaws.com/team/tasks:1"
    text = run(server, image, allow(PULL))["containers"][0]["reason"]
    assert text.startswith("CannotPullECRContainerError: operation error ECR: GetAuthorizationToken, https response error StatusCode: 400")
    assert "is not authorized to perform: ecr:GetAuthorizationToken on resource: *" in text
    text = run(server, image, allow("ecr:GetAuthorizationToken"))["containers"][0]["reason"]
    assert text.startswith("CannotPullImageManifestError: Error response from daemon: "), text
    assert f"ecr:BatchGetImage on resource: {image_of_the_team['repositoryArn']}" in text or "denied" in text, text


def test_on_fargate_a_token_that_is_refused_is_the_task_s_reason(server, image_of_the_team):
    image = f"{server.account}.dkr.ecr.us-east-1.amazonaws.com/team/tasks:1"
    stopped = run_on_fargate(server, image, allow(PULL))
    task = stopped["taskArn"]
    assert stopped["stopCode"] == "TaskFailedToStart"
    found = re.fullmatch(
        r"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        r"unable to retrieve ecr registry auth: service call has been retried 3 time\(s\): AccessDeniedException: "
        rf"User: arn:aws:sts::{server.account}:assumed-role/execution-\d+/{task.split('/')[-1]} is not authorized to perform: "
        r"ecr:GetAuthorizationToken on resource: \* because no identity-based policy allows the ecr:GetAuthorizationToken action "
        r"status code: 400, request id: ([0-9a-f-]{36})",
        stopped["stoppedReason"],
    )
    assert found, stopped["stoppedReason"]
    assert all("exitCode" not in one for one in stopped["containers"]), "nothing ran"
    assert not any("CannotPull" in one.get("reason", "") for one in stopped["containers"])
    (asked,) = [line for line in server.audit() if line["requestId"] == found[1]]
    assert asked["event"] == "ecr:GetAuthorizationToken"
    (told,) = [line for line in server.log().splitlines() if found[1] in line and " agent::report: " in line]
    assert stopped["stoppedReason"] in told


def test_on_fargate_an_image_that_is_refused_is_a_failed_pull(server, image_of_the_team):
    image = f"{server.account}.dkr.ecr.us-east-1.amazonaws.com/team/tasks:1"
    stopped = run_on_fargate(server, image, allow("ecr:GetAuthorizationToken"))
    expected = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
    assert stopped["stoppedReason"].startswith(expected), stopped["stoppedReason"]
    assert f"ecr:BatchGetImage on resource: {image_of_the_team['repositoryArn']}" in stopped["stoppedReason"]
    (app,) = [one for one in stopped["containers"] if one["name"] == "app"]
    assert app["reason"] == stopped["stoppedReason"]


def test_an_image_of_another_account_needs_its_repository_policy_and_the_roles_own(server, tmp_path_factory):
    made = json.loads(server.sealift("account", "create", f"{random.randrange(10**11, 10**12)}", "--print", "-o", "json").stdout)
    root = Credentials.of(made)
    account = server.client("sts", root).get_caller_identity()["Account"]
    ecr = server.client("ecr", root)
    repository = ecr.create_repository(repositoryName="theirs/app")["repository"]
    pushed(Docker(server, tmp_path_factory.mktemp("docker"), root).login(), repository["repositoryUri"])
    image = f"{account}.dkr.ecr.us-east-1.amazonaws.com/theirs/app:1"
    ask_for_token, pull = allow("ecr:GetAuthorizationToken"), allow(PULL, repository["repositoryArn"])
    path = f"/v2/{account}/us-east-1/theirs/app/manifests/1"
    with_own, without = server.caller(ask_for_token, pull), server.caller(ask_for_token)

    def answers() -> list[int]:
        return [ask(server, "GET", path, token(server, caller))[0] for caller in (with_own, without)]

    assert answers() == [403, 403]
    opened = {"Effect": "Allow", "Principal": {"AWS": server.account}, "Action": PULL}
    ecr.set_repository_policy(repositoryName="theirs/app", policyText=json.dumps({"Version": "2012-10-17", "Statement": [opened]}))
    # Theirs does not stand in for the caller's own.
    assert answers() == [200, 403]
    stopped = run(server, image, ask_for_token, pull)
    assert stopped["containers"][0].get("exitCode") == 0, stopped
    assert output(stopped["taskArn"]) == "pulled\n"


def test_an_ecr_image_takes_no_stored_credentials(server):
    app = {**container(), "image": f"{server.account}.dkr.ecr.us-east-1.amazonaws.com/team/tasks:1"}
    app["repositoryCredentials"] = {"credentialsParameter": "login"}
    with refused("ClientException", "Private repository credentials are not a supported authentication method for ECR repositories."):
        Tasks(server).register(app, executionRoleArn=execution_role(server))


def test_neither_token_nor_the_upstreams_password_is_kept_anywhere(server, upstream, image_of_the_team):
    login = token(server)
    password = base64.b64decode(login).decode().removeprefix("AWS:")
    assert ask(server, "GET", "/v2/team/tasks/tags/list", login)[0] == 200
    forms = [login, password, UPSTREAM_PASSWORD, base64.b64encode(f"sealift:{UPSTREAM_PASSWORD}".encode()).decode()]
    for path in [path for path in server.directory.rglob("*") if path.is_file()]:
        found = [form for form in forms if form.encode() in path.read_bytes()]
        assert not found, path
    assert UPSTREAM_PASSWORD.encode() not in open(f"/proc/{server.process.pid}/cmdline", "rb").read()


def test_without_a_registry_behind_it_says_so(new_server):
    one = new_server().start()
    one.client("ecr").create_repository(repositoryName="app")
    login = token(one)
    answer = told(ask(one, "POST", "/v2/app/blobs/uploads/", login, b""))
    assert answer == (503, "UNAVAILABLE", "no OCI registry is configured; start sealift with --oci-registry")
