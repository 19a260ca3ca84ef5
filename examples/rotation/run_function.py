#!/usr/bin/env python3
"""Runs a rotation function written for AWS Lambda as a program that sealift calls.

    program = ["/usr/bin/python3", "/opt/rotators/run_function.py", "/opt/rotators/postgres_single_user.py"]

Standard input is one JSON document: the event as AWS hands it to a function, short-lived credentials of the rotation
role, and the address and region of the server. The function's file is loaded, its `lambda_handler(event, context)` is
called, and an exception in it is a failed step.
"""

import importlib.util
import json
import os
import sys
import types


def main() -> None:
    message = json.load(sys.stdin)
    credentials = message["credentials"]
    # Before the function is loaded: many make their clients right then.
    os.environ["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]
    os.environ["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = message["region"]
    os.environ["AWS_ENDPOINT_URL"] = message["endpoint"]
    # The name under which AWS's own templates look for the address of Secrets Manager.
    os.environ["SECRETS_MANAGER_ENDPOINT"] = message["endpoint"]
    file = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
    specification = importlib.util.spec_from_file_location("rotation_function", file)
    function = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(function)
    context = types.SimpleNamespace(function_name=os.path.basename(file), aws_request_id=message["event"]["ClientRequestToken"])
    function.lambda_handler(message["event"], context)


if __name__ == "__main__":
    main()
