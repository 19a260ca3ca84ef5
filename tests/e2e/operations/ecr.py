"""ECR: how each operation is prepared."""

from __future__ import annotations

from harness import allow, deny, policy
from operations.table import TABLE, Given, everywhere, new_name, operation


def a_repository(given: Given, action: str, **parameters) -> str:
    name = new_name()
    given.client("ecr").create_repository(repositoryName=name)
    given.named = given.arn("ecr", f"repository/{name}")
    given.parameters, given.needs = {"repositoryName": name, **parameters}, [(action, given.named)]
    return name


REPOSITORY_POLICY = policy(allow("ecr:BatchGetImage", Principal="*"))

for one, extra in (
    ("DeleteRepository", {}),
    ("SetRepositoryPolicy", {"policyText": REPOSITORY_POLICY}),
    ("PutImageTagMutability", {"imageTagMutability": "IMMUTABLE"}),
    ("DescribeImages", {}),
    ("ListImages", {}),
    ("BatchGetImage", {"imageIds": [{"imageTag": "none"}]}),
    ("BatchDeleteImage", {"imageIds": [{"imageTag": "none"}]}),
    ("BatchCheckLayerAvailability", {"layerDigests": ["sha256:00"]}),
):
    TABLE[f"ecr:{one}"] = lambda given, one=one, extra=extra: a_repository(given, f"ecr:{one}", **extra)

for one in ("GetRepositoryPolicy", "DeleteRepositoryPolicy"):

    def with_policy(given, one=one):
        name = a_repository(given, f"ecr:{one}")
        given.client("ecr").set_repository_policy(repositoryName=name, policyText=policy(deny("ecr:PutImage", Principal="*")))

    TABLE[f"ecr:{one}"] = with_policy

for one, extra in (
    ("TagResource", {"tags": [{"Key": "k", "Value": "v"}]}),
    ("UntagResource", {"tagKeys": ["k"]}),
    ("ListTagsForResource", {}),
):

    def of_arn(given, one=one, extra=extra):
        a_repository(given, f"ecr:{one}")
        given.parameters = {"resourceArn": given.named, **extra}

    TABLE[f"ecr:{one}"] = of_arn


@operation("ecr:CreateRepository")
def create_repository(given):
    name = new_name()
    given.named = given.arn("ecr", f"repository/{name}")
    given.parameters = {"repositoryName": name, "tags": [{"Key": "k", "Value": "v"}]}
    given.needs = [("ecr:CreateRepository", given.named), ("ecr:TagResource", given.named)]


@operation("ecr:DescribeRepositories")
def describe_repositories(given):
    name = a_repository(given, "ecr:DescribeRepositories")
    given.parameters = {"repositoryNames": [name]}


@operation("ecr:PutImage")
def put_image(given):
    """A list of no images needs no layers, and so no registry."""
    a_repository(given, "ecr:PutImage", imageManifest='{"schemaVersion":2,"manifests":[]}', imageTag="v1")


@operation("ecr:GetDownloadUrlForLayer")
def get_download_url_for_layer(given):
    """There is a layer once an image names it, which takes a registry: see test_ecr.py for how it is downloaded."""
    a_repository(given, "ecr:GetDownloadUrlForLayer", layerDigest="sha256:00")
    given.refused_anyway = "LayersNotFoundException"


everywhere("ecr:GetAuthorizationToken")
