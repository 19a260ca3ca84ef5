"""The protocols themselves: shapes of answers, malformed requests, signatures that are wrong, plain HTTP."""

import base64
import json
import os
import re
import socket
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from errors import refused
from harness import Credentials, StartRefused
from wire import TARGETS, json_call, query_call, send, signed

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JSON_SERVICES = list(TARGETS)
A_READ = {"secretsmanager": "ListSecrets", "ssm": "DescribeParameters", "kms": "ListKeys", "ecs": "ListClusters"}


def xml(answer):
    """Code, message and type of a Query error, and its request id."""
    root = ElementTree.fromstring(answer.body)
    space = root.tag.split("}")[0] + "}"
    assert root.tag == f"{space}ErrorResponse"
    find = lambda name: root.findtext(f".//{space}{name}")  # noqa: E731
    return find("Code"), find("Message"), find("Type"), find("RequestId")


@pytest.mark.parametrize("service", JSON_SERVICES)
def test_a_json_answer_carries_its_type_date_and_request_id(server, service):
    answer = json_call(server, service, A_READ[service], {})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-amz-json-1.1")
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert "date" in answer.headers


def test_a_query_answer_is_xml_with_a_request_id(server):
    answer = query_call(server, "sts", "GetCallerIdentity")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/xml")
    root = ElementTree.fromstring(answer.body)
    space = "{https://sts.amazonaws.com/doc/2011-06-15/}"
    assert root.tag == f"{space}GetCallerIdentityResponse"
    assert root.findtext(f"{space}GetCallerIdentityResult/{space}Account") == server.account
    assert root.findtext(f"{space}ResponseMetadata/{space}RequestId") == answer.headers["x-amzn-requestid"]


def test_timestamps_are_numbers_in_json_and_text_in_xml(server, name):
    json_call(server, "secretsmanager", "CreateSecret", {"Name": name, "SecretString": "v", "ClientRequestToken": "t" * 32})
    described = json_call(server, "secretsmanager", "DescribeSecret", {"SecretId": name}).json
    assert isinstance(described["CreatedDate"], (int, float))
    assert "null" not in json.dumps(described)
    answer = query_call(server, "iam", "CreateUser", {"UserName": name})
    assert re.search(rb"<CreateDate>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</CreateDate>", answer.body)


def test_bytes_are_base64_in_json(server, name):
    blob = base64.b64encode(b"bytes").decode()
    json_call(server, "secretsmanager", "CreateSecret", {"Name": name, "SecretBinary": blob, "ClientRequestToken": "t" * 32})
    assert json_call(server, "secretsmanager", "GetSecretValue", {"SecretId": name}).json["SecretBinary"] == blob


def test_policy_documents_are_percent_encoded_in_iam_answers(server, name):
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a b/%3A+*"}]}'
    query_call(server, "iam", "CreateUser", {"UserName": name})
    query_call(server, "iam", "PutUserPolicy", {"UserName": name, "PolicyName": "p", "PolicyDocument": document})
    answer = query_call(server, "iam", "GetUserPolicy", {"UserName": name, "PolicyName": "p"})
    assert f"<PolicyDocument>{quote(document, safe='')}</PolicyDocument>".encode() in answer.body.replace(b"~", b"%7E")


def test_members_of_errors_are_spelled_as_each_service_spells_them(server, name):
    answer = json_call(server, "secretsmanager", "DescribeSecret", {"SecretId": name})
    assert (answer.status, answer.json) == (
        400,
        {"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."},
    )
    answer = json_call(server, "kms", "DescribeKey", {"KeyId": name})
    assert (answer.status, answer.json) == (400, {"__type": "NotFoundException", "message": f"Invalid keyId '{name}'"})
    answer = json_call(server, "ssm", "GetParameter", {"Name": name})
    assert (answer.status, answer.code) == (400, "ParameterNotFound")
    code, message, kind, request_id = xml(query_call(server, "iam", "GetUser", {"UserName": name}))
    assert (code, message, kind) == ("NoSuchEntity", f"The user with name {name} cannot be found.", "Sender")
    assert UUID.fullmatch(request_id)


# Requests that are not right


@pytest.mark.parametrize("service", JSON_SERVICES)
def test_an_unknown_operation_is_unknown(server, service):
    answer = json_call(server, service, "NoSuchOperation", {})
    assert (answer.status, answer.code) == (400, "UnknownOperationException")


def test_an_unknown_target_is_unknown(server):
    answer = json_call(server, "kms", "x", {}, headers={"X-Amz-Target": "NoSuchService.Encrypt"})
    assert (answer.status, answer.code) == (400, "UnknownOperationException")


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_an_unknown_action_names_itself_and_the_version(server, service):
    answer = query_call(server, service, "NoSuchAction")
    version = {"iam": "2010-05-08", "sts": "2011-06-15"}[service]
    assert (answer.status, xml(answer)[:2]) == (400, ("InvalidAction", f"Could not find operation NoSuchAction for version {version}"))


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ssm", "SendCommand"), ("kms", "ConnectCustomKeyStore"), ("ecs", "CreateCapacityProvider")],
)
def test_an_operation_that_is_not_there_yet_says_so(server, service, operation):
    answer = json_call(server, service, operation, {})
    assert answer.status in (400, 501)
    assert operation in answer.message
    assert "sealift" in answer.message


def test_an_action_that_is_not_there_yet_says_so(server):
    code, message, _, _ = xml(query_call(server, "iam", "CreateSAMLProvider", {"Name": "p"}))
    assert code
    assert "CreateSAMLProvider" in message
    assert "sealift" in message


@pytest.mark.parametrize("service", JSON_SERVICES)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a": ',
        b'{"a": "\xff\xfe"}',
        b"[]",
        b'"text"',
        b"7",
        b"\x00",
        b"{}{}",
        b'{"a": tru}',
        b'{"MaxResults": 1e999}',
        b'{"a":"\\ud800"}',
    ],
    ids=["open", "truncated", "bad utf-8", "list", "string", "number", "zero", "two", "word", "too large", "half a pair"],
)
def test_a_body_that_is_no_json_object_is_a_serialization_error(server, service, body):
    answer = json_call(server, service, A_READ[service], body)
    lenient = body in (b'{"MaxResults": 1e999}', b'{"a":"\\ud800"}')  # members that the operation may not know
    if not (lenient and answer.status == 200):
        assert (answer.status, answer.code) == (400, "SerializationException")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_refused(server, opening):
    answer = json_call(server, "secretsmanager", "ListSecrets", b'{"Filters":' + opening * 100_000)
    assert (answer.status, answer.code) == (400, "SerializationException")
    assert json_call(server, "kms", "ListKeys", {}).status == 200


def test_deeply_nested_query_names_are_refused_or_ignored(server):
    body = ("Action=ListUsers&Version=2010-05-08&" + "Tags.member.1." * 20_000 + "Key=x").encode()
    assert query_call(server, "iam", "ListUsers", body=body).status in (200, 400, 413)
    assert query_call(server, "sts", "GetCallerIdentity").status == 200


def test_huge_list_indices_in_query_names_are_harmless(server):
    body = b"Action=CreateUser&Version=2010-05-08&UserName=x&Tags.member.4000000000.Key=k&Tags.member.4000000000.Value=v"
    assert query_call(server, "iam", "CreateUser", body=body).status in (200, 400)


def test_a_body_that_is_too_large_is_refused(server):
    body = json.dumps({"Name": "x", "SecretString": "y" * (16 << 20)}).encode()
    answer = json_call(server, "secretsmanager", "CreateSecret", body)
    assert answer.status in (400, 413)
    assert json_call(server, "kms", "ListKeys", {}).status == 200


def test_a_body_of_the_wrong_type_is_refused(server):
    answer = json_call(server, "kms", "ListKeys", b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status in (400, 404, 415)
    assert answer.body


def test_members_of_the_wrong_type_are_serialization_errors(server):
    for service, operation, body in (
        ("secretsmanager", "GetSecretValue", {"SecretId": 7}),
        ("secretsmanager", "ListSecrets", {"MaxResults": "ten"}),
        ("secretsmanager", "CreateSecret", {"Name": "x", "Tags": {"Key": "k"}}),
        ("ssm", "GetParameter", {"Name": "x", "WithDecryption": "yes"}),
        ("kms", "Encrypt", {"KeyId": "x", "Plaintext": "***"}),
        ("ecs", "DescribeClusters", {"clusters": "default"}),
    ):
        answer = json_call(server, service, operation, body)
        assert (answer.status, answer.code) == (400, "SerializationException"), (service, operation, answer.body)


def test_unknown_members_are_ignored(server):
    assert json_call(server, "kms", "ListKeys", {"NoSuchMember": {"deep": [1]}}).status == 200


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("secretsmanager", "GetSecretValue", ["secretId"]),
        ("secretsmanager", "CreateSecret", ["name"]),
        ("ssm", "PutParameter", ["name", "value"]),
        ("ssm", "GetParameters", ["names"]),
        ("kms", "Encrypt", ["keyId", "plaintext"]),
    ],
)
def test_missing_members_are_all_named(server, service, operation, members):
    answer = json_call(server, service, operation, {})
    assert (answer.status, answer.code) == (400, "ValidationException")
    many = "error" if len(members) == 1 else "errors"
    assert answer.message.startswith(f"{len(members)} validation {many} detected: ")
    for member in members:
        assert re.search(f"'{member}' failed to satisfy constraint: Member must not be null", answer.message)


def test_missing_members_of_query_operations_are_named(server):
    for service, action, member in (("iam", "CreateUser", "userName"), ("sts", "AssumeRole", "roleArn")):
        answer = query_call(server, service, action)
        code, message, _, _ = xml(answer)
        assert (answer.status, code) == (400, "ValidationError")
        assert f"'{member}' failed to satisfy constraint: Member must not be null" in message


def test_secret_members_are_not_repeated_in_errors(server):
    answer = json_call(server, "secretsmanager", "CreateSecret", {"Name": "x", "SecretString": "hush" * 20_000})
    assert answer.code == "ValidationException"
    assert "hush" not in answer.message
    answer = json_call(server, "ssm", "PutParameter", {"Name": "bad name", "Value": "hush", "Type": "Nonsense"})
    assert "hush" not in answer.message


def test_a_write_without_a_token_is_refused(server, name):
    answer = json_call(server, "secretsmanager", "CreateSecret", {"Name": name, "SecretString": "v"})
    assert (answer.status, answer.code, answer.message) == (
        400,
        "InvalidRequestException",
        "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("PUT", "/"), ("DELETE", "/"), ("GET", "/no/such/path"), ("POST", "/service/SSM/operation/GetParameter")],
)
def test_other_methods_and_paths_get_a_clean_refusal(server, method, path):
    answer = send(server, method, path, {})
    assert 400 <= answer.status < 500


def test_cbor_is_refused_cleanly(server):
    answer = send(
        server,
        "POST",
        "/service/SecretsManager/operation/ListSecrets",
        {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"},
        b"\xa0",
    )
    assert 400 <= answer.status < 500


def test_half_a_request_harms_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port)) as half:
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
    with socket.create_connection(("127.0.0.1", server.port)) as nonsense:
        nonsense.sendall(b"\x16\x03\x01\x00\xa5\x01\x00")
        nonsense.settimeout(5)
        nonsense.recv(1000)
    assert json_call(server, "kms", "ListKeys", {}).status == 200


# Signatures


def test_a_request_without_signature_is_refused(server):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
    answer = send(server, "POST", "/", headers, b"{}")
    assert (answer.status, answer.code) == (400, "MissingAuthenticationTokenException")
    assert answer.message in ("Missing Authentication Token", "Request is missing Authentication Token")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = send(server, "POST", "/", form, b"Action=GetCallerIdentity&Version=2011-06-15")
    assert (answer.status, xml(answer)[0]) == (403, "MissingAuthenticationToken")


INVALID_TOKEN = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)


def test_an_unknown_access_key_is_refused(server):
    unknown = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40)
    answer = json_call(server, "kms", "ListKeys", {}, credentials=unknown)
    assert (answer.status, answer.code, answer.message) == (400, "UnrecognizedClientException", INVALID_TOKEN)
    answer = query_call(server, "iam", "ListUsers", credentials=unknown)
    assert (answer.status, xml(answer)[:2]) == (403, ("InvalidClientTokenId", INVALID_TOKEN))


def test_a_wrong_secret_key_is_refused(server):
    wrong = Credentials(server.cached_root.access_key_id, "x" * 40)
    answer = json_call(server, "kms", "ListKeys", {}, credentials=wrong)
    assert (answer.status, answer.code, answer.message) == (400, "InvalidSignatureException", MISMATCH)
    answer = query_call(server, "iam", "ListUsers", credentials=wrong)
    assert (answer.status, xml(answer)[:2]) == (403, ("SignatureDoesNotMatch", MISMATCH))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: h | {"X-Amz-Target": "TrentService.ListAliases"},
        lambda h: h | {"Host": "example.com"},
        lambda h: h | {"Content-Type": "application/x-amz-json-1.0"},
        lambda h: h | {"Authorization": h["Authorization"][:-1] + ("0" if h["Authorization"][-1] != "0" else "1")},
    ],
    ids=["target", "host", "content-type", "signature"],
)
def test_one_changed_byte_of_what_was_signed_is_refused(server, spoil):
    answer = json_call(server, "kms", "ListKeys", {}, change=spoil)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")


def test_another_body_than_the_signed_one_is_refused(server):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
    final = signed(server, "kms", headers, b"{}")
    answer = send(server, "POST", "/", final, b"{ }")
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")


def test_an_unsigned_payload_is_refused(server):
    answer = json_call(server, "kms", "ListKeys", {}, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert answer.status == 400


def scope(part: int, value: str):
    """Replaces one part of the credential scope: 1 date, 2 region, 3 service, 4 terminator."""

    def change(headers: dict) -> dict:
        credential = re.search("Credential=([^,]+)", headers["Authorization"])[1]
        parts = credential.split("/")
        parts[part] = value
        return headers | {"Authorization": headers["Authorization"].replace(credential, "/".join(parts))}

    return change


def test_each_part_of_the_scope_is_checked(server):
    for change, text in (
        (scope(3, "s3"), "Credential should be scoped to correct service: 'kms'."),
        (scope(4, "aws5_request"), "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."),
        (scope(1, "20200101"), "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != "),
    ):
        answer = json_call(server, "kms", "ListKeys", {}, change=change)
        assert (answer.status, answer.code) == (400, "InvalidSignatureException"), answer.body
        assert answer.message.startswith(text)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 SignedHeaders=host", "IncompleteSignatureException"),
        ("AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=x", "IncompleteSignatureException"),
        ("Bearer abc", None),
    ],
)
def test_a_malformed_authorization_header_is_refused(server, authorization, code):
    answer = json_call(server, "kms", "ListKeys", {}, change=lambda h: h | {"Authorization": authorization})
    assert answer.status == 400
    if code:
        assert answer.code == code


def test_what_is_missing_from_the_authorization_header_is_listed(server):
    answer = json_call(server, "kms", "ListKeys", {}, change=lambda h: h | {"Authorization": "AWS4-HMAC-SHA256 X=y"})
    for text in (
        "Authorization header requires 'Credential' parameter.",
        "Authorization header requires 'Signature' parameter.",
        "Authorization header requires 'SignedHeaders' parameter.",
    ):
        assert text in answer.message


def at(server, moment: datetime) -> dict:
    """Headers signed at another time than now."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda *_: moment.replace(tzinfo=None))
        return signed(server, "kms", headers, b"{}")


def test_a_clock_may_be_five_minutes_wrong(server):
    now = datetime.now(timezone.utc)
    for minutes in (-4, 4):
        assert send(server, "POST", "/", at(server, now + timedelta(minutes=minutes)), b"{}").status == 200
    answer = send(server, "POST", "/", at(server, now - timedelta(minutes=6)), b"{}")
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert re.match(r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)", answer.message)
    answer = send(server, "POST", "/", at(server, now + timedelta(minutes=6)), b"{}")
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert re.match(r"Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)", answer.message)


def presigned(server, expires: int, **changes) -> str:
    request = AWSRequest("GET", f"{server.endpoint}/", params={"Action": "GetCallerIdentity", "Version": "2011-06-15"} | changes)
    root = BotocoreCredentials(server.cached_root.access_key_id, server.cached_root.secret_access_key)
    SigV4QueryAuth(root, "sts", server.region, expires=expires).add_auth(request)
    return request.url.removeprefix(server.endpoint)


def test_a_presigned_request_works_until_it_expires(server):
    assert send(server, "GET", presigned(server, 60), {}).status == 200
    tampered = presigned(server, 60).replace("2011-06-15", "2011-06-16")
    assert send(server, "GET", tampered, {}).status in (400, 403)
    too_long = send(server, "GET", presigned(server, 604801), {})
    assert too_long.status in (400, 403)


def test_the_signed_region_decides_where_a_request_is_answered(server, name):
    token = {"ClientRequestToken": "t" * 32}
    json_call(server, "secretsmanager", "CreateSecret", {"Name": name, "SecretString": "v", **token}, region="ap-east-1")
    assert json_call(server, "secretsmanager", "DescribeSecret", {"SecretId": name}).code == "ResourceNotFoundException"
    arn = json_call(server, "secretsmanager", "DescribeSecret", {"SecretId": name}, region="ap-east-1").json["ARN"]
    assert ":ap-east-1:" in arn


# Where the server listens


def test_health_needs_no_signature(server):
    answer = send(server, "GET", "/_sealift/health", {})
    assert answer.status == 200
    assert answer.json


def test_plain_http_beyond_loopback_is_refused(new_server):
    one = new_server()
    one.settings["SEALIFT_LISTEN"] = f"0.0.0.0:{one.port}"
    with pytest.raises(StartRefused, match="loopback"):
        one.start()


def test_a_port_in_use_is_a_clear_refusal(server, new_server):
    with pytest.raises(StartRefused, match=str(server.port)):
        one = new_server(port=server.port)
        one.launch()
        one.process.wait(20)
        raise StartRefused(one.log())


def listening(pid: int) -> list[str]:
    """The addresses on which a process listens, from /proc."""
    sockets = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in sockets:
                found.append(local.split(":")[0])
    return found


def test_it_listens_on_loopback_only(server):
    ours = listening(server.process.pid)
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    assert ours
    assert set(ours) == {loopback}


def test_a_foreign_host_name_of_a_browser_is_not_signed_for(server):
    with refused("InvalidSignatureException"):
        client = server.client("kms")
        client.meta.events.register("before-send.kms.*", lambda request, **_: request.headers.__setitem__("Host", "evil.example"))
        client.list_keys()
