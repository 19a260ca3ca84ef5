"""S3, as much as environment files need, with unmodified clients: boto3 and the aws command line."""

import hashlib
import json
import re
import socket

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from errors import refused
from harness import Credentials, allow

# As `aws s3 cp` and boto3 send it, and what else a key may be.
KEYS = ["app.env", "a/b/c.env", "a//b/../c.env", "with space+plus.env", "ünï/✓.env", "%2F.env", "a&<b>'\".env", "~-._.env", "//"]


@pytest.fixture
def bucket(server, name):
    server.client("s3").create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("key", KEYS)
def test_an_object_comes_back_as_it_was_put_under_any_key(server, bucket, key):
    s3, body = server.client("s3"), f"KEY={key}\n".encode()
    put = s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/plain", Metadata={"owner": "me"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == body
    assert (got["ETag"], got["ContentLength"], got["ContentType"], got["Metadata"]) == (put["ETag"], len(body), "text/plain", {"owner": "me"})
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (head["ETag"], head["ContentLength"], head["LastModified"]) == (got["ETag"], len(body), got["LastModified"])
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    with refused("NoSuchKey", "The specified key does not exist.", 404):
        s3.get_object(Bucket=bucket, Key=key)


def test_both_styles_of_addresses_and_every_checksum(server, bucket):
    port = server.endpoint.rsplit(":", 1)[1]
    root = server.cached_root

    def client(endpoint: str, style: str):
        return boto3.client(
            "s3",
            region_name=server.region,
            endpoint_url=endpoint,
            aws_access_key_id=root.access_key_id,
            aws_secret_access_key=root.secret_access_key,
            config=Config(s3={"addressing_style": style}, retries={"total_max_attempts": 1}),
        )

    # What `*.localhost` is, a resolver that knows it says; here it is said to Python alone.
    real = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1" if str(host).endswith("localhost") else host, *rest, **more)
    try:
        for style in ("virtual", "path"):
            s3 = client(f"http://localhost:{port}", style)
            for algorithm in ("CRC32", "SHA1", "SHA256"):
                s3.put_object(Bucket=bucket, Key="x y+z.env", Body=f"{style}{algorithm}".encode(), ChecksumAlgorithm=algorithm)
                got = s3.get_object(Bucket=bucket, Key="x y+z.env", ChecksumMode="ENABLED")
                assert got["Body"].read() == f"{style}{algorithm}".encode()
                assert got[f"Checksum{algorithm}"]
        assert s3.list_buckets()["Buckets"]
        # Below this path is Docker's registry, but not at a bucket's own address.
        virtual = client(f"http://localhost:{port}", "virtual")
        virtual.put_object(Bucket=bucket, Key="v2/app.env", Body=b"A=1")
        assert virtual.get_object(Bucket=bucket, Key="v2/app.env")["Body"].read() == b"A=1"
    finally:
        socket.getaddrinfo = real
    with refused("BadDigest", re.compile("Content-MD5")):
        server.client("s3").put_object(Bucket=bucket, Key="k", Body=b"A=1", ContentMD5="XrY7u+Ae7tCTyyK7j1rNww==")


def test_parts_and_conditions(server, bucket):
    s3 = server.client("s3")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    part = s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    with refused("InvalidRange", status=416):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-")
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read()
    with refused("PreconditionFailed", status=412):
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    with refused("PreconditionFailed", status=412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", IfNoneMatch="*")


def test_keys_are_listed_in_order_by_prefix_and_page(server, bucket):
    s3 = server.client("s3")
    for key in ["a/1", "a/2", "a/b/3", "b", "ä/4", "B", "a b"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    whole = s3.list_objects_v2(Bucket=bucket)
    keys = [found["Key"] for found in whole["Contents"]]
    assert keys == ["B", "a b", "a/1", "a/2", "a/b/3", "b", "ä/4"]
    assert (whole["KeyCount"], whole["IsTruncated"]) == (7, False)
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [found["Prefix"] for found in folders["CommonPrefixes"]] == ["a/", "ä/"]
    assert [found["Key"] for found in folders["Contents"]] == ["B", "a b", "b"]
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix="a/", StartAfter="a/1")["Contents"]] == ["a/2", "a/b/3"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [found["Key"] for page in pages for found in page["Contents"]] == keys
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert [len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) for page in pages] == [1] * 5
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    with refused("InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="?")


def test_buckets_are_made_once_and_deleted_empty(server, name):
    s3, west = server.client("s3"), server.client("s3", region="eu-west-1")
    with refused("NoSuchBucket", "The specified bucket does not exist", 404):
        s3.list_objects_v2(Bucket=name)
    with refused("404", status=404):
        s3.head_bucket(Bucket=name)
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("BucketAlreadyOwnedByYou", status=409):
        west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("IllegalLocationConstraintException"):
        west.create_bucket(Bucket=f"{name}-2")
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket="Not_Valid")
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    assert name in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    s3.put_object(Bucket=name, Key="k", Body=b"")
    with refused("BucketNotEmpty", status=409):
        s3.delete_bucket(Bucket=name)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    s3.delete_bucket(Bucket=name)


def test_what_is_too_large_or_not_done_is_said(server, bucket):
    s3 = server.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * (1 << 20))
    for size in ((1 << 20) + 1, 3 << 20):
        with refused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"):
            s3.put_object(Bucket=bucket, Key="k", Body=b"x" * size)
    for call in (
        lambda: s3.create_multipart_upload(Bucket=bucket, Key="k"),
        lambda: s3.copy_object(Bucket=bucket, Key="k2", CopySource=f"{bucket}/k"),
        lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}),
        lambda: s3.get_bucket_policy(Bucket=bucket),
        lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read"),
        lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms"),
    ):
        with refused("NotImplemented", re.compile("^sealift does not implement .* of S3"), 501):
            call()


def test_a_role_that_may_not_list_is_not_told_what_is_missing(server, bucket):
    reader = server.client("s3", server.caller(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")))
    denied = re.compile(f'is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::{bucket}" because')
    with refused("AccessDenied", denied, 403):
        reader.get_object(Bucket=bucket, Key="absent")
    listing = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "mine/*"}})
    lister = server.client("s3", server.caller(listing))
    assert lister.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 0
    with refused("AccessDenied", status=403):
        lister.list_objects_v2(Bucket=bucket)


def test_a_wrong_signature_is_refused_in_the_words_of_s3(server, bucket):
    root = server.cached_root
    wrong = server.client("s3", Credentials(root.access_key_id, "x" * 40))
    with refused("SignatureDoesNotMatch", status=403):
        wrong.get_object(Bucket=bucket, Key="k")
    with refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403):
        server.client("s3", Credentials("AKIANOBODY0000000000", "x" * 40)).list_buckets()


def test_the_command_line_copies_lists_and_removes(server, name, tmp_path):
    def aws(*arguments: str) -> str:
        done = server.aws("s3", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    file = tmp_path / "app.env"
    file.write_text("A=1\n")
    aws("mb", f"s3://{name}")
    aws("cp", str(file), f"s3://{name}/conf/app.env")
    assert "PRE conf/" in aws("ls", f"s3://{name}")
    assert "4 app.env" in aws("ls", f"s3://{name}/conf/")
    assert name in aws("ls")
    assert aws("cp", f"s3://{name}/conf/app.env", "-") == "A=1\n"
    aws("rm", f"s3://{name}/conf/app.env")
    aws("rb", f"s3://{name}")


def test_nothing_of_an_object_is_in_the_clear_on_the_disk_and_every_request_in_the_audit_log(server, bucket):
    marked = b"MARKED=canary-of-an-object-8f31"
    put = server.client("s3").put_object(Bucket=bucket, Key="k.env", Body=marked)
    for file in server.data_dir.rglob("*"):
        assert not file.is_file() or b"canary-of-an-object" not in file.read_bytes(), file
    request = put["ResponseMetadata"]["RequestId"]
    (line,) = [line for line in server.audit() if line["requestId"] == request]
    assert (line["event"], line["outcome"]) == ("s3:PutObject", "ok")
    assert [one["resource"] for one in line["decisions"]] == [f"arn:aws:s3:::{bucket}/k.env"]
    assert "canary" not in json.dumps(line)


def test_another_account_reaches_nothing(new_server):
    server = new_server().start()
    server.client("s3").create_bucket(Bucket="ours-alone")
    server.client("s3").put_object(Bucket="ours-alone", Key="k", Body=b"A=1")
    created = server.sealift("account", "create", "222233334444", "--print", "-o", "json")
    assert created.returncode == 0, created.stderr
    other = server.client("s3", Credentials.of(json.loads(created.stdout)))
    with refused("AccessDenied", status=403):
        other.get_object(Bucket="ours-alone", Key="k")
    with refused("BucketAlreadyExists", status=409):
        other.create_bucket(Bucket="ours-alone")
    with pytest.raises(ClientError):
        other.delete_bucket(Bucket="ours-alone")
    assert other.list_buckets()["Buckets"] == []
