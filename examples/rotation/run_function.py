#!/usr/bin/env python3
"""Runs a rotation function written for AWS Lambda: as a program that sealift calls, or in a task of sealift.

    program = ["/usr/bin/python3", "/opt/rotators/run_function.py", "/opt/rotators/postgres_single_user.py"]

A program reads one JSON document from standard input: the event as AWS hands it to a function, short-lived credentials of
the rotation role, and the address and region of the server. A task finds the event in its environment, and the rest where
every task finds it. The function's file is loaded, its `lambda_handler(event, context)` is called, and an exception in it
is a failed step.
"""

import importlib.util
import json
import os
import sys
import types


def read_event() -> dict:
    """The event. Clients that are made from here on find the server and the role."""
    if event := os.environ.get("SEALIFT_ROTATION_EVENT"):
        os.environ["SECRETS_MANAGER_ENDPOINT"] = os.environ["AWS_ENDPOINT_URL"]
        return json.loads(event)
    message = json.load(sys.stdin)
    credentials = message["credentials"]
    os.environ["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]
    os.environ["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = message["region"]
    os.environ["AWS_ENDPOINT_URL"] = message["endpoint"]
    # The name under which AWS's own templates look for the address of Secrets Manager.
    os.environ["SECRETS_MANAGER_ENDPOINT"] = message["endpoint"]
    return message["event"]


def main() -> None:
    # Before the function is loaded: many make their clients right then.
    event = read_event()
    file = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    specification = importlib.util.spec_from_file_location("rotation_function", file)
    function = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(function)
    context = types.SimpleNamespace(function_name=os.path.basename(file), aws_request_id=event["ClientRequestToken"])
    function.lambda_handler(event, context)


if __name__ == "__main__":
    main()
