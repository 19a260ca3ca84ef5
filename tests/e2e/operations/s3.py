"""S3: how each operation is prepared."""

from __future__ import annotations

from operations.table import TABLE, Given, new_name, operation


def a_bucket(given: Given, action: str, **parameters) -> str:
    name = new_name()
    given.client("s3").create_bucket(Bucket=name)
    arn = f"arn:aws:s3:::{name}"
    given.parameters, given.needs, given.named = {"Bucket": name, **parameters}, [(action, arn)], f'"{arn}"'
    return name


def an_object(given: Given, action: str, **parameters) -> None:
    name = a_bucket(given, action, Key="a/b.env", **parameters)
    given.client("s3").put_object(Bucket=name, Key="a/b.env", Body=b"A=1")
    arn = f"arn:aws:s3:::{name}/a/b.env"
    given.needs, given.named = [(action, arn)], f'"{arn}"'


for one, action in (
    ("HeadBucket", "s3:ListBucket"),
    ("GetBucketLocation", "s3:GetBucketLocation"),
    ("DeleteBucket", "s3:DeleteBucket"),
    ("ListObjectsV2", "s3:ListBucket"),
):
    TABLE[f"s3:{one}"] = lambda given, action=action: a_bucket(given, action)

for one, action, extra in (
    ("PutObject", "s3:PutObject", {"Body": b"A=2"}),
    ("GetObject", "s3:GetObject", {}),
    ("HeadObject", "s3:GetObject", {}),
    ("DeleteObject", "s3:DeleteObject", {}),
):
    TABLE[f"s3:{one}"] = lambda given, action=action, extra=extra: an_object(given, action, **extra)


@operation("s3:CreateBucket")
def create_bucket(given):
    name = new_name()
    arn = f"arn:aws:s3:::{name}"
    given.parameters = {"Bucket": name}
    given.needs, given.named = [("s3:CreateBucket", arn)], f'"{arn}"'


@operation("s3:ListBuckets")
def list_buckets(given):
    given.needs, given.named = [("s3:ListAllMyBuckets", "*")], None
