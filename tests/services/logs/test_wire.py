"""CloudWatch Logs as unmodified boto3 sees it, over HTTP."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.support.wire import Wire


@pytest.fixture
def client(wire: Wire, account: str) -> Any:
    return wire.client("logs", account)


def put(wire: Wire, client: Any, *messages: str, stream: str = "s") -> None:
    now_ms = wire.house.clock.now_ms()
    events = [{"timestamp": now_ms + at, "message": message} for at, message in enumerate(messages)]
    client.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)


def test_events_through_paginators(wire: Wire, client: Any) -> None:
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    given = [f"message {number} é" for number in range(250)]
    put(wire, client, *given)
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName="g", PaginationConfig={"PageSize": 40}
    )
    assert [event["message"] for page in pages for event in page["events"]] == given
    streams = client.get_paginator("describe_log_streams").paginate(logGroupName="g")
    assert [stream["logStreamName"] for page in streams for stream in page["logStreams"]] == ["s"]


def test_live_tail_streams_to_the_client(wire: Wire, client: Any) -> None:
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    arn = client.describe_log_groups(logGroupNamePrefix="g")["logGroups"][0]["logGroupArn"]
    response = client.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
    events = iter(response["responseStream"])
    assert next(events)["sessionStart"]["logGroupIdentifiers"] == [arn]
    put(wire, client, "ERROR one", "fine")
    stop = threading.Event()

    def let_time_pass() -> None:
        while not stop.wait(0.02):
            wire.advance(0.5)

    clock = threading.Thread(target=let_time_pass)
    clock.start()
    try:
        shown: list[str] = []
        while not shown:
            results = next(events)["sessionUpdate"]["sessionResults"]
            shown = [result["message"] for result in results]
    finally:
        stop.set()
        clock.join()
        response["responseStream"].close()
    assert shown == ["ERROR one"]


def test_what_is_missing_says_so(client: Any) -> None:
    with pytest.raises(Exception, match=r"NotImplemented.*kmsKeyId"):
        client.create_log_group(logGroupName="g", kmsKeyId="arn:aws:kms:us-east-1:111122223333:key/k")
    with pytest.raises(Exception, match=r"NotImplemented.*CreateDelivery"):
        client.create_delivery(deliverySourceName="s", deliveryDestinationArn="arn:aws:logs:x")
