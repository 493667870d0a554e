"""CloudWatch Logs answers what AWS answered.

Left out: destinations (PutDestination is not supported) and KMS keys (refused).
"""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.support.recordings import Matcher, error_of, recorded
from tests.support.wire import Wire

EVENTS = "logs/test_logs_events.snapshot.json"
GROUPS = "logs/test_logs_groups.snapshot.json"
STREAMS = "logs/test_logs_streams.snapshot.json"
QUERIES = "logs/test_logs_queries.snapshot.json"
GROUP = "test-group-1"
STREAM = "test-stream-1"


@pytest.fixture
def logs(wire: Wire, account: str) -> Any:
    """A client in an account of the test's own."""
    return wire.client("logs", account)


@pytest.fixture
def matcher(account: str) -> Matcher:
    return Matcher(account, "us-east-1")


@pytest.fixture
def stream(logs: Any) -> Any:
    """A client in whose account a group with a stream lies."""
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return logs


def now_ms() -> int:
    return int(time.time() * 1000)  # the wire's clock stands on today


def put(client: Any, stream: str, *events: tuple[int, str], group: str = GROUP) -> Any:
    given = [{"timestamp": time_ms, "message": message} for time_ms, message in events]
    return client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=given)


# --- events ---------------------------------------------------------------------------------------------------------------


def test_put_log_events_to_invalid_stream(stream: Any, matcher: Matcher) -> None:
    expected = recorded(EVENTS, "test_put_log_events_to_invalid_stream")
    given = [{"timestamp": now_ms(), "message": "m"}]
    answer = error_of(
        stream.put_log_events, logGroupName=GROUP, logStreamName="no-such-stream", logEvents=given
    )
    matcher.matches(expected["error-invalid-stream"], answer)


def test_put_log_events_wrong_order(stream: Any, matcher: Matcher) -> None:
    expected = recorded(EVENTS, "test_put_log_events_wrong_order")
    given = [{"timestamp": now_ms(), "message": "a"}, {"timestamp": now_ms() - 1000, "message": "b"}]
    answer = error_of(stream.put_log_events, logGroupName=GROUP, logStreamName=STREAM, logEvents=given)
    matcher.matches(expected["error-wrong-order"], answer)


@pytest.mark.parametrize(("kind", "offset_ms"), [("old", -15 * 86_400_000), ("new", 3 * 3_600_000)])
def test_put_log_events_too_old_and_too_new(stream: Any, matcher: Matcher, kind: str, offset_ms: int) -> None:
    expected = recorded(EVENTS, f"test_put_log_events_too_{kind}")
    answer = put(stream, STREAM, (now_ms() + offset_ms, "m"))
    matcher.matches(expected[f"response-too-{kind}"], answer)


def test_get_log_events_invalid_token(stream: Any, matcher: Matcher) -> None:
    expected = recorded(EVENTS, "test_get_log_events_invalid_token")
    answer = error_of(stream.get_log_events, logGroupName=GROUP, logStreamName=STREAM, nextToken="invalid")
    matcher.matches(expected["error-invalid-token"], answer)


def test_get_log_events_limit_validation(stream: Any, matcher: Matcher) -> None:
    expected = recorded(EVENTS, "test_get_log_events_limit_validation")
    answer = error_of(stream.get_log_events, logGroupName=GROUP, logStreamName=STREAM, limit=10001)
    matcher.matches(expected["error-limit-exceeded"], answer)


def test_resource_does_not_exist(stream: Any, matcher: Matcher) -> None:
    expected = recorded(EVENTS, "test_resource_does_not_exist")
    answer = error_of(stream.get_log_events, logGroupName="no-group", logStreamName="no-stream")
    matcher.matches(expected["error-log-group-does-not-exist"], answer)
    answer = error_of(stream.get_log_events, logGroupName=GROUP, logStreamName="no-stream")
    matcher.matches(expected["error-log-stream-does-not-exist"], answer)


# --- groups ---------------------------------------------------------------------------------------------------------------


def test_create_log_group_duplicate_error(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_create_log_group_duplicate_error")
    logs.create_log_group(logGroupName=GROUP)
    answer = error_of(logs.create_log_group, logGroupName=GROUP)
    matcher.matches(expected["error-duplicate-log-group"], answer)


def test_create_log_group_invalid_name_length(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_create_log_group_invalid_name_length")
    answer = error_of(logs.create_log_group, logGroupName="a" * 513)
    matcher.matches(expected["error-invalid-name-length"], answer)


def test_describe_log_groups_with_prefix(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_describe_log_groups_with_prefix")
    for name in ("other", "prefix-1", "prefix-2", "prefix-3"):
        logs.create_log_group(logGroupName=name)
    answer = logs.describe_log_groups(logGroupNamePrefix="prefix")
    matcher.matches(expected["describe-log-groups-prefix"], answer)


def test_describe_log_groups_with_pattern(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_describe_log_groups_with_pattern")
    for name in ("a-pattern-b", "other"):
        logs.create_log_group(logGroupName=name)
    answer = logs.describe_log_groups(logGroupNamePattern="pattern")
    matcher.matches(expected["describe-log-groups-pattern"], answer)


def test_describe_log_groups_prefix_and_pattern_error(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_describe_log_groups_prefix_and_pattern_error")
    answer = error_of(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    matcher.matches(expected["error-prefix-and-pattern"], answer)


def test_list_log_groups_with_pattern(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_list_log_groups_with_pattern")
    for name in ("a-pattern-b", "other"):
        logs.create_log_group(logGroupName=name)
    answer = logs.describe_log_groups(logGroupNamePattern="no-such")
    matcher.matches(expected["list-log-groups-no-match"], answer)
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePattern="pattern")
    matcher.matches(
        expected["list-log-groups-match"], [group for page in pages for group in page["logGroups"]]
    )


def test_create_log_group_with_tags(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_create_log_group_with_tags")
    logs.create_log_group(logGroupName=GROUP, tags={"env": "testing"})
    matcher.matches(expected["list-tags-after-create"], logs.list_tags_log_group(logGroupName=GROUP))


def test_tag_and_untag_log_group(logs: Any, matcher: Matcher) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.tag_log_group(logGroupName=GROUP, tags={"tag_key_1": "tag_value_1"})
    expected = recorded(GROUPS, "test_tag_log_group")
    matcher.matches(expected["list-tags-after-tag"], logs.list_tags_log_group(logGroupName=GROUP))
    logs.tag_log_group(logGroupName=GROUP, tags={"tag_key_2": "tag_value_2"})
    logs.untag_log_group(logGroupName=GROUP, tags=["tag_key_1"])
    expected = recorded(GROUPS, "test_untag_log_group")
    matcher.matches(expected["list-tags-after-untag"], logs.list_tags_log_group(logGroupName=GROUP))


def test_tag_resource_api(logs: Any, matcher: Matcher) -> None:
    expected = recorded(GROUPS, "test_tag_resource_api")
    logs.create_log_group(logGroupName=GROUP, tags={"env": "testing1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["logGroupArn"]

    def both(moment: str) -> None:
        by_group = logs.list_tags_log_group(logGroupName=GROUP)
        matcher.matches(expected[f"list-tags-log-group-{moment}"], by_group)
        by_arn = logs.list_tags_for_resource(resourceArn=arn)
        matcher.matches(expected[f"list-tags-for-resource-{moment}"], by_arn)

    matcher.matches(expected["list-tags-after-create"], logs.list_tags_for_resource(resourceArn=arn))
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    both("after-tag-resource")
    logs.tag_log_group(logGroupName=GROUP, tags={"test3": "val3"})
    both("after-tag-log-group")
    logs.untag_log_group(logGroupName=GROUP, tags=["env", "test3"])
    logs.untag_resource(resourceArn=arn, tagKeys=["test1"])
    both("after-untag")


# --- streams --------------------------------------------------------------------------------------------------------------


def test_create_and_delete_log_stream(stream: Any, matcher: Matcher) -> None:
    expected = recorded(STREAMS, "test_create_and_delete_log_stream")
    answer = stream.describe_log_streams(logGroupName=GROUP)
    matcher.matches(expected["describe-log-streams-after-create"], answer)
    stream.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    assert stream.describe_log_streams(logGroupName=GROUP)["logStreams"] == []


def test_create_log_stream_duplicate_error(stream: Any, matcher: Matcher) -> None:
    expected = recorded(STREAMS, "test_create_log_stream_duplicate_error")
    answer = error_of(stream.create_log_stream, logGroupName=GROUP, logStreamName=STREAM)
    matcher.matches(expected["error-duplicate-log-stream"], answer)


def test_describe_log_streams_with_log_group_identifier(stream: Any, matcher: Matcher) -> None:
    expected = recorded(STREAMS, "test_describe_log_streams_with_log_group_identifier")
    answer = stream.describe_log_streams(logGroupIdentifier=GROUP)
    matcher.matches(expected["describe-streams-identifier-name"], answer)
    arn = stream.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["logGroupArn"]
    answer = stream.describe_log_streams(logGroupIdentifier=arn)
    matcher.matches(expected["describe-streams-identifier-arn"], answer)
    answer = error_of(stream.describe_log_streams, logGroupName=GROUP, logGroupIdentifier=arn)
    matcher.matches(expected["error-both-name-and-identifier"], answer)


def test_describe_log_streams_with_prefix(logs: Any, matcher: Matcher) -> None:
    expected = recorded(STREAMS, "test_describe_log_streams_with_prefix")
    logs.create_log_group(logGroupName=GROUP)
    for name in ("other", "prefix-1", "prefix-2", "prefix-3"):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    answer = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="prefix")
    matcher.matches(expected["describe-streams-with-prefix"], answer)


def test_log_stream_arn_format(stream: Any, matcher: Matcher) -> None:
    expected = recorded(STREAMS, "test_log_stream_arn_format")
    answer = stream.describe_log_streams(logGroupName=GROUP)
    matcher.matches(expected["describe-log-streams-with-arn"], answer)


# --- queries --------------------------------------------------------------------------------------------------------------


def start_query(client: Any, wire: Wire, group: str = GROUP) -> str:
    now_s = wire.house.clock.now_ms() // 1000
    return str(
        client.start_query(
            logGroupName=group, startTime=now_s - 3600, endTime=now_s, queryString="fields @message"
        )["queryId"]
    )


def wait_until_complete(client: Any, wire: Wire, query_id: str) -> None:
    for _ in range(100):
        if client.get_query_results(queryId=query_id)["status"] == "Complete":
            return
        wire.advance(0.1)
    raise AssertionError("the query did not end")


def test_start_query_basic(stream: Any, matcher: Matcher, wire: Wire) -> None:
    expected = recorded(QUERIES, "test_start_query_basic")
    now_s = wire.house.clock.now_ms() // 1000
    answer = stream.start_query(
        logGroupName=GROUP, startTime=now_s - 60, endTime=now_s, queryString="fields @timestamp, @message"
    )
    matcher.matches(expected["start-query"], answer)


def test_start_query_log_group_not_found(logs: Any, matcher: Matcher) -> None:
    expected = recorded(QUERIES, "test_start_query_log_group_not_found")["error-log-group-not-found"]
    answer = error_of(
        logs.start_query, logGroupName="no-group", startTime=0, endTime=1, queryString="fields @message"
    )
    message = re.sub(r"Request ID: [0-9a-f-]{36}", "Request ID: <id>", expected["Error"]["Message"])
    expected = expected | {"Error": expected["Error"] | {"Message": message}}
    matcher.matches(expected, answer)


def test_describe_queries(stream: Any, matcher: Matcher, wire: Wire) -> None:
    expected = recorded(QUERIES, "test_describe_queries")
    start_query(stream, wire)
    matcher.matches(expected["describe-queries"], stream.describe_queries(logGroupName=GROUP))


def test_describe_queries_with_status_filter(stream: Any, matcher: Matcher, wire: Wire) -> None:
    expected = recorded(QUERIES, "test_describe_queries_with_status_filter")
    wait_until_complete(stream, wire, start_query(stream, wire))
    for status in ("Complete", "Scheduled"):
        answer = stream.describe_queries(logGroupName=GROUP, status=status)
        matcher.matches(expected[f"describe-queries-{status.lower()}"], answer)
