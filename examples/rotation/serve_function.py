#!/usr/bin/env python3
"""Serves a rotation function written for AWS Lambda over HTTPS, for a rotator with a `url`.

    serve_function.py --listen 0.0.0.0:8443 --certificate server.pem --key server.key \\
        --endpoint https://sealift.internal:4566 --role arn:aws:iam::123456789012:role/rotation postgres_single_user.py

A request carries the event and credentials, and is signed with them. It is taken only if the signature is right and the
server at --endpoint, which is not asked for in the request, says that the credentials are a session of --role: nobody
else has such. Steps are carried out one after the other.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import importlib.util
import json
import os
import ssl
import sys
import types
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LONGEST = 64 * 1024
SKEW = timedelta(minutes=5)


class Refused(Exception):
    pass


def check_signature(method: str, url: str, headers: dict[str, str], body: bytes, given: dict) -> None:
    """Refuses what was not signed just now with these credentials, or changed since."""
    try:
        kind, *parts = headers["authorization"].replace(",", " ").split()
        signed = dict(part.split("=", 1) for part in parts)
        scope = signed["Credential"].split("/")
        moment = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        names = signed["SignedHeaders"].split(";")
        content = headers["x-amz-content-sha256"]
    except (KeyError, ValueError):
        raise Refused("it is not signed") from None
    if kind != "AWS4-HMAC-SHA256" or len(scope) != 5 or scope[3] != "lambda" or not {"host", "x-amz-content-sha256"} <= set(names):
        raise Refused("it is not signed for a function")
    if abs(datetime.now(timezone.utc) - moment) > SKEW:
        raise Refused("it was not signed just now")
    if not hmac.compare_digest(content, hashlib.sha256(body).hexdigest()):
        raise Refused("its body is another")
    request = AWSRequest(method, url, headers={name: headers.get(name, "") for name in names}, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    signer = SigV4Auth(credentials, "lambda", scope[2])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if not hmac.compare_digest(signed["Signature"], signer.signature(text, request)):
        raise Refused("its signature is wrong")


def check_role(endpoint: str, region: str, role: str, given: dict) -> None:
    """Refuses credentials that the server does not know as a session of the role."""
    sts = boto3.client(
        "sts",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    caller = sts.get_caller_identity()["Arn"]
    _, partition, _, _, account, name = role.split(":", 5)
    if not caller.startswith(f"arn:{partition}:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/"):
        raise Refused("its credentials are not those of the rotation role")


def load(file: str) -> types.ModuleType:
    """The function's file, read anew for each step: many make their clients when they are loaded."""
    specification = importlib.util.spec_from_file_location("rotation_function", file)
    function = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(function)
    return function


def handler(settings: argparse.Namespace) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            try:
                event, given, region = self.read()
            except Exception as error:
                print(f"a request was refused: {error}", file=sys.stderr)
                return self.answer(403, {"message": "Forbidden"})
            os.environ["AWS_ACCESS_KEY_ID"] = given["AccessKeyId"]
            os.environ["AWS_SECRET_ACCESS_KEY"] = given["SecretAccessKey"]
            os.environ["AWS_SESSION_TOKEN"] = given["SessionToken"]
            os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
            os.environ["AWS_ENDPOINT_URL"] = os.environ["SECRETS_MANAGER_ENDPOINT"] = settings.endpoint
            context = types.SimpleNamespace(function_name=settings.function, aws_request_id=event["ClientRequestToken"])
            boto3.DEFAULT_SESSION = None
            try:
                load(settings.function).lambda_handler(event, context)
            except Exception as error:
                # As Lambda answers for a function that has failed.
                return self.answer(200, {"errorType": type(error).__name__, "errorMessage": str(error)}, {"X-Amz-Function-Error": "Unhandled"})
            self.answer(200, None)

        def read(self) -> tuple[dict, dict, str]:
            length = int(self.headers.get("Content-Length", "0"))
            if not 0 < length <= LONGEST:
                raise Refused("its length is wrong")
            body = self.rfile.read(length)
            event = json.loads(body)
            given, region = event.pop("credentials"), event.pop("region")
            event.pop("endpoint")
            headers = {name.lower(): value for name, value in self.headers.items()}
            check_signature("POST", f"https://{headers['host']}{self.path}", headers, body, given)
            check_role(settings.endpoint, region, settings.role, given)
            return event, given, region

        def answer(self, status: int, body: dict | None, headers: dict[str, str] | None = None) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:8443")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--endpoint", required=True, help="the address of sealift, as it is known here")
    parser.add_argument("--role", required=True, help="the ARN of the rotation role")
    parser.add_argument("function", help="a Python file with a lambda_handler")
    settings = parser.parse_args()
    sys.path.insert(0, os.path.dirname(os.path.abspath(settings.function)))
    host, port = settings.listen.rsplit(":", 1)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings.certificate, settings.key)
    server = HTTPServer((host, int(port)), handler(settings))
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
