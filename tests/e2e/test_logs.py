"""CloudWatch Logs: groups, streams and lines, as the awslogs driver writes them and `aws logs` reads them back."""

import re
import time

import pytest

from errors import refused
from harness import allow
from operations import new_name


@pytest.fixture
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs):
    name = f"/ecs/{new_name()}"
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="web/app/1")
    return "web/app/1"


def now() -> int:
    return int(time.time() * 1000)


def put(logs, group, stream, *messages, start=None):
    start = start or now() - 10_000
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(answer):
    return [event["message"] for event in answer["events"]]


# Groups and streams


def test_a_group_is_described_as_aws_describes_it(server, logs, group):
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    arn = f"arn:aws:logs:{server.region}:{server.account}:log-group:{group}"
    assert abs(found.pop("creationTime") - now()) < 60_000
    assert found == {
        "logGroupName": group,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "metricFilterCount": 0,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    }


def test_names_are_taken_once(logs, group, stream):
    with refused("ResourceAlreadyExistsException", "The specified log group already exists"):
        logs.create_log_group(logGroupName=group)
    with refused("ResourceAlreadyExistsException", "The specified log stream already exists"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def test_what_is_not_there_is_said_so(logs, group):
    with refused("ResourceNotFoundException", "The specified log group does not exist."):
        logs.create_log_stream(logGroupName="absent", logStreamName="s")
    with refused("ResourceNotFoundException", "The specified log stream does not exist."):
        put(logs, group, "absent", "line")
    with refused("ResourceNotFoundException", "The specified log stream does not exist."):
        logs.get_log_events(logGroupName=group, logStreamName="absent")
    with refused("ResourceNotFoundException", "The specified log group does not exist."):
        logs.delete_log_group(logGroupName="absent")


def test_groups_are_listed_in_pages_by_prefix_and_by_pattern(logs):
    family = new_name()
    names = [f"/list/{family}/{letter}" for letter in "abcde"]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/list/{family}", PaginationConfig={"PageSize": 2})
    pages = list(pages)
    assert [len(page["logGroups"]) for page in pages] == [2, 2, 1]
    assert [found["logGroupName"] for page in pages for found in page["logGroups"]] == names
    found = logs.describe_log_groups(logGroupNamePattern=f"{family.upper()}/C")["logGroups"]
    assert [one["logGroupName"] for one in found] == [names[2]]
    with refused("InvalidParameterException", re.compile("mutually exclusive")):
        logs.describe_log_groups(logGroupNamePattern="x", logGroupNamePrefix="y")
    with refused("InvalidParameterException", "The specified nextToken is invalid."):
        logs.describe_log_groups(nextToken="nonsense")


def test_streams_are_listed_by_name_and_by_their_last_line(logs, group):
    for name in ("web/c", "web/a", "job/b"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    put(logs, group, "web/a", "old", start=now() - 60_000)
    put(logs, group, "job/b", "new")

    def names(**how):
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 2}, **how)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names() == ["job/b", "web/a", "web/c"]
    assert names(logStreamNamePrefix="web/", descending=True) == ["web/c", "web/a"]
    assert names(orderBy="LastEventTime", descending=True) == ["job/b", "web/a", "web/c"]
    with refused("InvalidParameterException", re.compile("LastEventTime with a logStreamNamePrefix")):
        names(orderBy="LastEventTime", logStreamNamePrefix="web/")


def test_a_stream_tells_the_times_of_its_lines(server, logs, group, stream):
    start = now() - 5_000
    put(logs, group, stream, "a", "b", start=start)
    (told,) = logs.describe_log_streams(logGroupIdentifier=group)["logStreams"]
    assert (told["firstEventTimestamp"], told["lastEventTimestamp"]) == (start, start + 1)
    assert told["arn"] == f"arn:aws:logs:{server.region}:{server.account}:log-group:{group}:log-stream:{stream}"
    assert told["lastIngestionTime"] >= start
    (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["storedBytes"] == 2 * 27


def test_retention_takes_the_numbers_of_days_that_aws_takes(logs, group):
    logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 14
    with refused("InvalidParameterException", re.compile(r"Value '2' at 'retentionInDays' failed .* \[1, 3, 5, 7, ")):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_tags_are_set_and_taken_by_arn(logs):
    name = new_name()
    logs.create_log_group(logGroupName=name, tags={"team": "a"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"team": "b", "stage": "test"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "b", "stage": "test"}
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}


# Lines


def test_lines_are_read_forward_and_backward(logs, group, stream):
    put(logs, group, stream, *"abc")
    put(logs, group, stream, *"def", start=now() - 5_000)
    where = {"logGroupName": group, "logStreamName": stream}
    page = logs.get_log_events(**where, startFromHead=True, limit=4)
    assert messages(page) == list("abcd")
    page = logs.get_log_events(**where, nextToken=page["nextForwardToken"])
    assert messages(page) == list("ef")
    end = logs.get_log_events(**where, nextToken=page["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == page["nextForwardToken"]
    page = logs.get_log_events(**where, limit=4)
    assert messages(page) == list("cdef"), "the latest lines, the oldest of them first"
    page = logs.get_log_events(**where, nextToken=page["nextBackwardToken"])
    assert messages(page) == list("ab")
    with refused("InvalidParameterException", "The specified nextToken is invalid."):
        logs.get_log_events(**where, nextToken="f/1/s")


def test_lines_are_chosen_by_time(logs, group, stream):
    start = now() - 60_000
    put(logs, group, stream, *"abcd", start=start)
    found = logs.get_log_events(logGroupName=group, logStreamName=stream, startTime=start + 1, endTime=start + 3)
    assert messages(found) == ["b", "c"]


def test_lines_of_many_streams_are_filtered_in_their_order(logs, group):
    start = now() - 60_000
    for n, name in enumerate(("web/1", "web/2", "job/1")):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        for batch in range(3):
            put(logs, group, name, f"{name} INFO {batch}", f"{name} ERROR {batch}", start=start + 100 * batch + n)

    def found(**how):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 2}, **how)
        return [event for page in pages for event in page["events"]]

    everything = found()
    assert len(everything) == 18
    assert [event["timestamp"] for event in everything] == sorted(event["timestamp"] for event in everything)
    assert len({event["eventId"] for event in everything}) == 18
    assert {event["logStreamName"] for event in found(logStreamNamePrefix="web/")} == {"web/1", "web/2"}
    assert [event["message"] for event in found(filterPattern="ERROR", logStreamNames=["job/1"])] == [f"job/1 ERROR {n}" for n in range(3)]
    assert len(found(filterPattern="?INFO ?ERROR")) == 18
    assert len(found(filterPattern='"ERROR 2"')) == 3
    assert len(found(filterPattern="ERROR -web")) == 3
    with refused("InvalidParameterException", re.compile("patterns over JSON")):
        found(filterPattern="{ $.level = 1 }")


def test_a_batch_is_checked_as_a_whole(logs, group, stream):
    event = {"timestamp": now(), "message": "m"}
    where = {"logGroupName": group, "logStreamName": stream}
    with refused("InvalidParameterException", re.compile("must be in chronological order")):
        logs.put_log_events(**where, logEvents=[event, event | {"timestamp": now() - 1000}])
    with refused("InvalidParameterException", re.compile("cannot span more than 24 hours")):
        logs.put_log_events(**where, logEvents=[event | {"timestamp": now() - 25 * 3_600_000}, event])
    with refused("InvalidParameterException", re.compile("exceeds limit of 1048576")):
        logs.put_log_events(**where, logEvents=[event | {"message": "x" * (1_048_576 - 25)}])
    logs.put_log_events(**where, logEvents=[event | {"message": "x" * (1_048_576 - 26)}])
    escaped = event | {"message": '"' * (1_048_576 - 26)}
    assert "rejectedLogEventsInfo" not in logs.put_log_events(**where, logEvents=[escaped])


def test_lines_too_old_or_too_new_are_left_out_and_said_so(logs, group, stream):
    where = {"logGroupName": group, "logStreamName": stream}
    old = logs.put_log_events(**where, logEvents=[{"timestamp": now() - 15 * 86_400_000, "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = logs.put_log_events(**where, logEvents=[{"timestamp": now(), "message": "now"}, {"timestamp": now() + 3 * 3_600_000, "message": "new"}])
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.get_log_events(**where)) == ["now"]


def test_what_is_deleted_is_gone(logs, group, stream):
    put(logs, group, stream, "line")
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert logs.filter_log_events(logGroupName=group)["events"] == []
    logs.delete_log_group(logGroupName=group)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_the_command_line_reads_a_group(server, logs, group, stream):
    put(logs, group, stream, "first line", "second line")
    found = server.aws_json("logs", "filter-log-events", "--log-group-name", group, "--query", "events[].message")
    assert found == ["first line", "second line"]


def test_lines_are_sealed_on_the_disk(server, logs, group, stream):
    put(logs, group, stream, "password=hunter2-of-the-log")
    for file in server.data_dir.rglob("*"):
        if file.is_file():
            assert b"hunter2-of-the-log" not in file.read_bytes(), file


# Who may


def test_writing_takes_permission_on_the_stream_alone(server, logs, group, stream):
    arn = f"arn:aws:logs:{server.region}:{server.account}:log-group:{group}"
    writer = server.client("logs", server.caller(allow("logs:PutLogEvents", f"{arn}:log-stream:web/*")))
    put(writer, group, stream, "line")
    with refused("AccessDeniedException", re.compile(f"logs:GetLogEvents on resource: {arn}:log-stream:{stream} because")):
        writer.get_log_events(logGroupName=group, logStreamName=stream)
    with refused("AccessDeniedException", re.compile(f"logs:FilterLogEvents on resource: {arn}:log-stream: because")):
        writer.filter_log_events(logGroupName=group)
    # As policies name a group: with everything below it.
    reader = server.client("logs", server.caller(allow("logs:FilterLogEvents", f"{arn}:*")))
    assert messages(reader.filter_log_events(logGroupName=group)) == ["line"]


def test_the_groups_of_another_region_are_not_seen(server, logs, group):
    assert server.client("logs", region="eu-west-1").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
