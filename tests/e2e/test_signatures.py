"""Signature Version 4 on the wire: both forms, and every way to get one wrong, as requests that no SDK would send."""

import gzip
import hashlib
import hmac
import json
import random
import re
import socket
from datetime import datetime, timedelta, timezone
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from harness import Credentials, trust_of
from wire import json_call, query_call, send, signed

CALLER = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
FORM = "application/x-www-form-urlencoded; charset=utf-8"
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
MISMATCH = "The request signature we calculated does not match the signature you provided."
INVALID_TOKEN = "The security token included in the request is invalid."


def error(answer) -> tuple[int, str, str]:
    """Status, code and message of an error of either protocol."""
    if answer.body.startswith(b"<"):
        root = ElementTree.fromstring(answer.body)
        space = root.tag.split("}")[0] + "}"
        return answer.status, root.findtext(f".//{space}Code"), root.findtext(f".//{space}Message")
    return answer.status, answer.code, answer.message


def presign(server, method="GET", parameters=None, expires=60, headers=None, credentials=None, body=None) -> tuple[str, dict]:
    """A presigned STS request: its path and query, and the headers that were signed."""
    request = AWSRequest(method, f"{server.endpoint}/", params=parameters or CALLER, headers=headers or {}, data=body)
    who = credentials or server.cached_root
    key = BotocoreCredentials(who.access_key_id, who.secret_access_key, who.session_token)
    SigV4QueryAuth(key, "sts", server.region, expires=expires).add_auth(request)
    return request.url.removeprefix(server.endpoint), headers or {}


def session(server, name) -> Credentials:
    """A session of a role of its own."""
    caller = server.caller({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(server.account))["Role"]["Arn"]
    return Credentials.of(server.client("sts", caller).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"])


# Presigned


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_presigned_caller_identity_proves_who_one_is(server, method):
    """As EKS, Vault and others authenticate: somebody else sends what was signed."""
    path, headers = presign(server, method, headers={"x-k8s-aws-id": "cluster"})
    answer = send(server, method, path, headers)
    assert answer.status == 200, answer.body
    assert server.account.encode() in answer.body
    assert error(send(server, method, path, {"x-k8s-aws-id": "another"}))[1] == "SignatureDoesNotMatch"
    assert error(send(server, method, path, {}))[1] == "SignatureDoesNotMatch"
    other = "POST" if method == "GET" else "GET"
    assert error(send(server, other, path, headers))[1] == "SignatureDoesNotMatch"


def test_a_query_service_answers_in_json_where_asked(server):
    path, _ = presign(server)
    answer = send(server, "GET", path, {"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    inside = answer.json["GetCallerIdentityResponse"]
    assert inside["GetCallerIdentityResult"]["Account"] == server.account
    assert inside["ResponseMetadata"]["RequestId"] == answer.headers["x-amzn-requestid"]
    answer = send(server, "GET", path + "0", {"Accept": "application/json"})
    assert answer.json["Error"]["Code"] == "SignatureDoesNotMatch"


def test_a_presigned_session_carries_its_token(server, name):
    credentials = session(server, name)
    path, _ = presign(server, credentials=credentials)
    assert "X-Amz-Security-Token=" in path
    assert b"assumed-role" in send(server, "GET", path, {}).body
    without = re.sub("&X-Amz-Security-Token=[^&]*", "", path)
    assert error(send(server, "GET", without, {})) == (403, "InvalidClientTokenId", INVALID_TOKEN)
    both = send(server, "GET", path, {"X-Amz-Security-Token": credentials.session_token})
    assert error(both)[:2] == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("X-Amz-Expires=60", "X-Amz-Expires=604801"), (400, "IncompleteSignature", "X-Amz-Expires must be less than a week")),
        (("X-Amz-Expires=60", "X-Amz-Expires=0"), (400, "IncompleteSignature", "X-Amz-Expires must be greater than zero")),
        (("X-Amz-Expires=60", "X-Amz-Expires=-1"), (400, "IncompleteSignature", "X-Amz-Expires should be a number")),
        (("X-Amz-Expires=60", "X-Amz-Expires=61"), (403, "SignatureDoesNotMatch", MISMATCH)),
        (("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), (400, "IncompleteSignature", "Unsupported AWS 'algorithm'")),
        (("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=date"), (403, "SignatureDoesNotMatch", "'Host' or ':authority' must be")),
        (("X-Amz-Signature=", "X-Amz-Sig="), (400, "IncompleteSignature", "AWS query-string parameters must include 'X-Amz-Signature'")),
        (("%2Fsts%2F", "%2Fiam%2F"), (403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'.")),
        (("aws4_request", "aws5_request"), (403, "SignatureDoesNotMatch", "Credential should be scoped with a valid terminator")),
        (("X-Amz-Date=2", "X-Amz-Date=x"), (400, "IncompleteSignature", "Date must be in ISO-8601 'basic format'.")),
        (("&X-Amz-Expires", "&X-Amz-Date=20200101T000000Z&X-Amz-Expires"), (400, "IncompleteSignature", "AWS query-string parameters")),
    ],
)
def test_a_presigned_request_that_is_wrong_is_told_how(server, change, expected):
    path, _ = presign(server)
    assert change[0] in path
    status, code, message = error(send(server, "GET", path.replace(*change), {}))
    assert (status, code) == expected[:2]
    assert message.startswith(expected[2])


def test_a_presigned_request_ends_and_begins_when_it_says(server):
    for minutes, expected in ((-2, (400, "RequestExpired")), (6, (403, "SignatureDoesNotMatch"))):
        with pytest.MonkeyPatch.context() as patch:
            moment = (datetime.now(timezone.utc) + timedelta(minutes=minutes)).replace(tzinfo=None)
            patch.setattr("botocore.auth.get_current_datetime", lambda *_, moment=moment: moment)
            path, _ = presign(server)
        answer = send(server, "GET", path, {})
        assert error(answer)[:2] == expected
    assert error(answer)[2].startswith("Signature not yet current: ")


def test_one_signature_is_enough(server):
    path, _ = presign(server)
    headers = signed(server, "sts", {"Content-Type": FORM}, BODY)
    assert error(send(server, "GET", path, {"Authorization": headers["Authorization"]}))[:2] == (400, "IncompleteSignature")
    path = "/?X-Amz-Signature=0"
    assert error(send(server, "POST", path, signed(server, "sts", {"Content-Type": FORM}, BODY, path=path), BODY))[0] == 400


# In headers


def test_a_get_is_signed_like_a_post(server):
    request = AWSRequest("GET", f"{server.endpoint}/", params={"Action": "ListUsers", "Version": "2010-05-08"})
    root = server.cached_root
    SigV4Auth(BotocoreCredentials(root.access_key_id, root.secret_access_key), "iam", server.region).add_auth(request)
    answer = send(server, "GET", "/?Action=ListUsers&Version=2010-05-08", dict(request.headers.items()))
    assert (answer.status, b"<ListUsersResponse" in answer.body) == (200, True)


@pytest.mark.parametrize(
    "path",
    [
        "/a/b", "/a/../b", "/./a//b/", "/a%20b", "/%E1%88%B4/x", "/a%2Fb", "/~-._/", "/a:b@c", "//", "/?", "/?flag", "/?a=&b=", "/?a=2&a=1",
        "/?b=1&a=%20x", "/?q=%2B%3D%26", "/?z=a%2520b", "/x?A=1&a=1",
    ],
)  # fmt: skip
def test_paths_and_queries_are_signed_in_their_normal_form(server, path):
    headers = signed(server, "sts", {"Content-Type": FORM}, BODY, path=path)
    answer = send(server, "POST", path, headers, BODY)
    assert answer.status == 200, (path, answer.body)
    changed = path + ("&" if "?" in path else "?") + "more=1"
    assert error(send(server, "POST", changed, headers, BODY))[:2] == (403, "SignatureDoesNotMatch")


def test_what_botocore_signs_verifies_whatever_it_is(server):
    pick = random.Random(7)
    letters = "abcXYZ019-._~ %+/:=&é"
    word = lambda most: "".join(pick.choice(letters) for _ in range(pick.randint(0, most)))  # noqa: E731
    for _ in range(60):
        path = "/" + "/".join(quote(word(6), safe="~") for _ in range(pick.randint(0, 3)))
        query = "&".join(f"{quote(word(4) or 'k', safe='~')}={quote(word(6), safe='~')}" for _ in range(pick.randint(0, 4)))
        path += f"?{query}" if query else ""
        meta = " ".join(re.sub("[^!-~]", "", word(8)) or "x" for _ in range(3))
        headers = signed(server, "sts", {"Content-Type": FORM, "X-Meta": meta}, BODY, path=path)
        answer = send(server, "POST", path, headers, BODY)
        assert answer.status == 200, (path, meta, answer.body)


def raw(server, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(text.encode())
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
            if b"</ErrorResponse>" in got or b"</GetCallerIdentityResponse>" in got or b"400 Bad Request" in got.split(b"\r\n")[0]:
                break
        return got


def lines(server, extra: list[str] = (), drop: str = "") -> str:
    headers = {"Host": f"127.0.0.1:{server.port}", "Content-Type": FORM, "Content-Length": str(len(BODY))}
    headers |= signed(server, "sts", {"Content-Type": FORM}, BODY)
    given = [f"{name}: {value}" for name, value in headers.items() if name.lower() != drop] + list(extra)
    return "POST / HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in given) + "\r\n" + BODY.decode()


def test_the_same_request_by_hand_works_and_can_be_sent_again(server):
    """A replay within five minutes is accepted, as on AWS: the signature says who and what, not how often."""
    text = lines(server)
    assert b"GetCallerIdentityResult" in raw(server, text)
    assert b"GetCallerIdentityResult" in raw(server, text)


@pytest.mark.parametrize("name", ["Authorization", "X-Amz-Date", "Host", "Content-Type", "X-Amz-Target", "X-Amz-Security-Token"])
def test_a_header_that_decides_must_not_come_twice(server, name):
    twice = [f"{name}: x", f"{name}: y"] if name in ("X-Amz-Target", "X-Amz-Security-Token") else [f"{name}: x"]
    got = raw(server, lines(server, twice))
    assert b" 400 " in got.split(b"\r\n")[0]
    assert b"GetCallerIdentityResult" not in got


def test_headers_that_go_on_in_the_next_line_are_refused(server):
    got = raw(server, lines(server).replace(FORM, "application/x-www-form-urlencoded;\r\n charset=utf-8"))
    assert b" 400 " in got.split(b"\r\n")[0]


def test_a_request_without_a_host_is_refused(server):
    assert b"GetCallerIdentityResult" not in raw(server, lines(server, drop="host"))


def test_signed_headers_of_many_values_and_spaces_verify(server):
    headers = {"Content-Type": FORM, "X-Meta": "  a   b  c "}
    assert send(server, "POST", "/", signed(server, "sts", headers, BODY), BODY).status == 200


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "The payload must be signed"),
        ({"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, "The payload is signed in chunks"),
        ({"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "The payload is signed in chunks"),
        ({"Content-Encoding": "aws-chunked"}, "The payload is encoded in chunks"),
        ({"X-Amz-Content-SHA256": "0" * 64}, "The provided 'x-amz-content-sha256' header does not match what was computed."),
    ],
)
def test_only_the_hash_of_the_whole_payload_will_do(server, headers, text):
    answer = json_call(server, "kms", "ListKeys", {}, headers=headers)
    assert error(answer)[:2] == (400, "InvalidSignatureException")
    assert answer.message.startswith(text)
    answer = query_call(server, "sts", "GetCallerIdentity", change=lambda h: h | headers)
    assert error(answer)[:2] == (403, "SignatureDoesNotMatch")
    # Unsigned, it is a lie all the same.
    assert json_call(server, "kms", "ListKeys", {}, change=lambda h: h | headers).status == 400


def test_the_right_hash_may_be_named(server):
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"{}").hexdigest()}
    assert json_call(server, "kms", "ListKeys", b"{}", headers=headers).status == 200


def test_a_compressed_body_is_signed_as_it_is_sent(server):
    body = gzip.compress(json.dumps({"Limit": 1}).encode())
    assert json_call(server, "kms", "ListKeys", body, headers={"Content-Encoding": "gzip"}).status == 200
    answer = json_call(server, "kms", "ListKeys", b"{}", headers={"Content-Encoding": "gzip"})
    assert error(answer)[:2] == (400, "SerializationException")
    bomb = gzip.compress(b" " * (64 << 20))
    assert json_call(server, "kms", "ListKeys", bomb, headers={"Content-Encoding": "gzip"}).status == 413
    answer = json_call(server, "kms", "ListKeys", b"{}", headers={"Content-Encoding": "br"})
    assert error(answer)[:2] == (400, "SerializationException")


# Tokens


def test_a_token_goes_with_its_key(server, name):
    credentials = session(server, name)
    root = server.cached_root
    assert json_call(server, "kms", "ListKeys", {}, credentials=credentials).code == "AccessDeniedException"
    for wrong in (
        Credentials(credentials.access_key_id, credentials.secret_access_key),
        Credentials(root.access_key_id, root.secret_access_key, credentials.session_token),
        Credentials(root.access_key_id, root.secret_access_key, "nonsense"),
        Credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token[:-4] + "AAA="),
        Credentials("ASIAAAAAAAAAAAAAAAAA", credentials.secret_access_key, credentials.session_token),
    ):
        answer = json_call(server, "kms", "ListKeys", {}, credentials=wrong)
        assert error(answer) == (400, "UnrecognizedClientException", INVALID_TOKEN)
        assert error(query_call(server, "iam", "ListUsers", credentials=wrong)) == (403, "InvalidClientTokenId", INVALID_TOKEN)


def test_a_token_must_be_signed(server, name):
    credentials = session(server, name)
    without = Credentials(credentials.access_key_id, credentials.secret_access_key)
    token = {"X-Amz-Security-Token": credentials.session_token}
    answer = json_call(server, "kms", "ListKeys", {}, credentials=without, change=lambda h: h | token)
    assert error(answer)[:2] == (400, "InvalidSignatureException")
    assert answer.message == "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."


# By hand, as the documents say


def by_hand(server, amz_date: str, headers: dict, target_signed: bool = True) -> dict:
    """Signed without a library: only these headers, with this date."""
    root = server.cached_root
    names = sorted(name for name in headers if target_signed or name != "x-amz-target")
    canonical = "POST\n/\n\n" + "".join(f"{n}:{headers[n]}\n" for n in names) + f"\n{';'.join(names)}\n" + hashlib.sha256(b"{}").hexdigest()
    scope = f"{amz_date[:8]}/{server.region}/kms/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{root.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={root.access_key_id}/{scope}"
    sent = {name: value for name, value in headers.items() if name != "host"}
    return sent | {
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={';'.join(names)}, Signature={signature}",
        "Content-Type": "application/x-amz-json-1.1",
    }


def test_the_date_may_be_in_https_own_header(server):
    now = datetime.now(timezone.utc)
    amz_date = now.strftime("%Y%m%dT%H%M%SZ")
    base = {"host": f"127.0.0.1:{server.port}", "x-amz-target": "TrentService.ListKeys"}
    for name, value in (("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT")), ("date", amz_date), ("x-amz-date", amz_date)):
        assert send(server, "POST", "/", by_hand(server, amz_date, base | {name: value}), b"{}").status == 200


def test_the_operation_must_be_signed(server):
    amz_date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": f"127.0.0.1:{server.port}", "x-amz-target": "TrentService.ListKeys", "x-amz-date": amz_date}
    answer = send(server, "POST", "/", by_hand(server, amz_date, headers, target_signed=False), b"{}")
    assert error(answer)[:2] == (400, "InvalidSignatureException")
    assert answer.message == "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."


def test_a_body_that_waits_to_be_asked_for_is_asked_for(server):
    headers = signed(server, "sts", {"Content-Type": FORM}, BODY)
    given = {"Host": f"127.0.0.1:{server.port}", "Content-Length": str(len(BODY)), "Expect": "100-continue"} | headers
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(("POST / HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in given.items()) + "\r\n").encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_every_answer_has_its_date_and_request_id(server):
    for method, path in (("GET", "/no/such/path"), ("DELETE", "/"), ("POST", "/_sealift/health"), ("GET", "/?Action=Nonsense")):
        answer = send(server, method, path, {})
        assert answer.status >= 400
        assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-requestid"])
        assert "date" in answer.headers


def test_a_cbor_client_is_refused_in_its_own_words(server):
    answer = send(server, "POST", "/service/Kms/operation/ListKeys", {"Smithy-Protocol": "rpc-v2-cbor"}, b"\xa0")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/cbor"
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert b"UnknownOperationException" in answer.body
