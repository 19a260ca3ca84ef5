"""CloudWatch Logs: how each operation is prepared."""

from __future__ import annotations

import time

from operations.table import TABLE, Given, new_name, operation


def a_log_group(given: Given, action: str, stream: str | None = None, **parameters) -> str:
    """A log group with a stream `s`; `stream` is what the operation is authorised on, empty for the whole group."""
    name, logs = new_name(), given.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    arn = given.arn("logs", f"log-group:{name}")
    given.named = arn if stream is None else f"{arn}:log-stream:{stream}"
    given.needs, given.parameters = [(action, given.named)], parameters
    return name


@operation("logs:CreateLogGroup")
def create_log_group(given):
    name = new_name()
    given.parameters, given.named = {"logGroupName": name}, given.arn("logs", f"log-group:{name}:log-stream:")
    given.needs = [("logs:CreateLogGroup", given.named)]


for one, extra in (
    ("DeleteLogGroup", {}),
    ("PutRetentionPolicy", {"retentionInDays": 1}),
    ("DeleteRetentionPolicy", {}),
    ("DescribeLogStreams", {}),
    ("FilterLogEvents", {}),
):

    def whole_log_group(given, one=one, extra=extra):
        given.parameters = {"logGroupName": a_log_group(given, f"logs:{one}", ""), **extra}

    TABLE[f"logs:{one}"] = whole_log_group


@operation("logs:DescribeLogGroups")
def describe_log_groups(given):
    given.named = given.arn("logs", "log-group::log-stream:")
    given.needs = [("logs:DescribeLogGroups", given.named)]


@operation("logs:CreateLogStream")
def create_log_stream(given):
    given.parameters = {"logGroupName": a_log_group(given, "logs:CreateLogStream", "new"), "logStreamName": "new"}


for one in ("DeleteLogStream", "GetLogEvents"):

    def log_stream(given, one=one):
        given.parameters = {"logGroupName": a_log_group(given, f"logs:{one}", "s"), "logStreamName": "s"}

    TABLE[f"logs:{one}"] = log_stream


@operation("logs:PutLogEvents")
def put_log_events(given):
    events = [{"timestamp": int(time.time() * 1000), "message": "m"}]
    given.parameters = {"logGroupName": a_log_group(given, "logs:PutLogEvents", "s"), "logStreamName": "s", "logEvents": events}


for one, extra in (("TagResource", {"tags": {"k": "v"}}), ("UntagResource", {"tagKeys": ["k"]}), ("ListTagsForResource", {})):

    def tagged_log_group(given, one=one, extra=extra):
        a_log_group(given, f"logs:{one}")
        given.parameters = {"resourceArn": given.named, **extra}

    TABLE[f"logs:{one}"] = tagged_log_group
