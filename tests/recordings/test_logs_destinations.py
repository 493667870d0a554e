"""Destinations of CloudWatch Logs answer what AWS answered. The streams behind them need not be there: none is, yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import Fogbank
from tests.support.recordings import Matcher, error_of, recorded

FILE = "logs/test_logs_destinations.snapshot.json"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/stream"
ROLE = "arn:aws:iam::000000000000:role/role"


@pytest.fixture(scope="module")
def fogbank() -> Iterator[Fogbank]:
    with Fogbank() as running:
        yield running


@pytest.fixture
def logs(fogbank: Fogbank, request: pytest.FixtureRequest) -> Any:
    client = fogbank.client("logs")
    yield client
    for each in client.describe_destinations()["destinations"]:
        client.delete_destination(destinationName=each["destinationName"])


def put(logs: Any, **tags: str) -> Any:
    return logs.put_destination(
        destinationName="d", targetArn=STREAM, roleArn=ROLE, tags=tags or {"tag": "test"}
    )


def seen(logs: Any, prefix: str = "d") -> Any:
    return logs.describe_destinations(DestinationNamePrefix=prefix)


def test_put_and_describe(logs: Any) -> None:
    was = recorded(FILE, "TestDestinations::test_put_destination")
    Matcher().matches(was["put-destination"], put(logs))
    was = recorded(FILE, "TestDestinations::test_describe_destinations_with_prefix")
    Matcher().matches(was["describe-destinations"], seen(logs))
    was = recorded(FILE, "TestDestinations::test_describe_destinations_empty")
    Matcher().matches(was["describe-destinations-empty"], seen(logs, "other"))


def test_update_destination(logs: Any) -> None:
    was, matcher = recorded(FILE, "TestDestinations::test_update_destination"), Matcher()
    put(logs)
    matcher.matches(was["original-description"], before := seen(logs))
    put(logs, tag1="value1")
    matcher.matches(was["updated-description"], after := seen(logs))
    assert before["destinations"] == after["destinations"]


def test_put_destination_policy(logs: Any) -> None:
    was, matcher = recorded(FILE, "TestDestinations::test_put_destination_policy"), Matcher()
    put(logs)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "logs.amazonaws.com"},
        "Action": "logs:PutSubscriptionFilter",
        "Resource": STREAM,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    answer = logs.put_destination_policy(destinationName="d", accessPolicy=policy)
    matcher.matches(was["put-destination-policy"], answer)
    matcher.matches(was["destination-with-policy"], seen(logs))


def test_delete_destination(logs: Any) -> None:
    was = recorded(FILE, "TestDestinations::test_delete_destination")
    put(logs)
    Matcher().matches(was["delete-destination"], logs.delete_destination(destinationName="d"))
    Matcher().matches(was["no-destination-found"], seen(logs))


def test_destination_tags(logs: Any) -> None:
    was = recorded(FILE, "TestDestinationsTags::test_destination_tags")
    arn = put(logs, key1="val1")["destination"]["arn"]
    logs.tag_resource(resourceArn=arn, tags={"key2": "val2"})
    Matcher().matches(was["list-tags-after-add"], logs.list_tags_for_resource(resourceArn=arn))
    logs.untag_resource(resourceArn=arn, tagKeys=["key2"])
    Matcher().matches(was["list-tags-after-remove"], logs.list_tags_for_resource(resourceArn=arn))


def test_what_is_refused(logs: Any) -> None:
    arn = put(logs)["destination"]["arn"]
    logs.create_log_group(logGroupName="g")
    subscribe = {"logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": arn}
    refused = error_of(logs.put_subscription_filter, **subscribe)
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 501
    for call, params in (
        (logs.delete_destination, {"destinationName": "none"}),
        (logs.put_destination_policy, {"destinationName": "none", "accessPolicy": '{"Statement": [1]}'}),
    ):
        assert error_of(call, **params)["Error"] == {
            "Code": "ResourceNotFoundException",
            "Message": "The specified destination does not exist.",
        }
    bad = {"destinationName": "e", "roleArn": ROLE, "targetArn": "arn:aws:sqs:us-east-1:000000000000:q"}
    assert error_of(logs.put_destination, **bad)["Error"]["Code"] == "InvalidParameterException"
    pages = []
    for name in ("d1", "d2"):
        logs.put_destination(destinationName=name, targetArn=STREAM, roleArn=ROLE)
    for page in logs.get_paginator("describe_destinations").paginate(PaginationConfig={"PageSize": 1}):
        pages += [each["destinationName"] for each in page["destinations"]]
    assert pages == ["d", "d1", "d2"]
