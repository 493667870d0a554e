"""EventBridge answers what AWS answered: PutEvents, buses, permissions, connections."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.event_buses import DETAIL, DETAIL_TYPE, REGION, Scenario
from tests.support.recordings import Matcher, error_of

FILE = "events/test_events.snapshot.json"
KINDS = ("custom", "default")
Make = Callable[[str], Scenario]


# --- PutEvents -----------------------------------------------------------------------------------------------------------

ENTRY = {"Source": "core.test", "DetailType": "type", "Detail": json.dumps({"a": 1})}


@pytest.mark.parametrize(
    ("test", "change"),
    [
        ("test_put_events_without_source", {"Source": None}),
        ("test_put_event_without_detail", {"Detail": None}),
        ("test_put_event_without_detail_type", {"DetailType": None}),
        ("test_put_event_malformed_detail[STRING]", {"Detail": "this is a string"}),
        ("test_put_event_malformed_detail[ARRAY]", {"Detail": json.dumps([{"a": 1}])}),
        ("test_put_event_malformed_detail[MALFORMED_JSON]", {"Detail": '{"a": "b", "c": '}),
        ("test_put_event_malformed_detail[SERIALIZED_STRING]", {"Detail": json.dumps("a string")}),
    ],
)
def test_entries_that_are_none(scenario: Make, test: str, change: dict[str, Any]) -> None:
    it = scenario(f"TestEvents::{test}")
    entry = {name: value for name, value in (ENTRY | change).items() if value is not None}
    it.tells("put-events", it.events.put_events(Entries=[entry]))


def test_put_event_with_too_big_detail(scenario: Make) -> None:
    it = scenario("TestEvents::test_put_event_with_too_big_detail")
    entry = ENTRY | {"Detail": json.dumps({"payload": "p" * (256 * 1024 - 17)})}
    error = error_of(it.events.put_events, Entries=[entry])
    it.tells("put-events-too-big-detail-error", error, ignore={"message"})
    limit = 256 * 1024 - len("core.test") - len("type") - len(json.dumps({"payload": ""}))
    entry = ENTRY | {"Detail": json.dumps({"payload": "p" * limit})}
    assert it.events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_put_events_time(scenario: Make) -> None:
    it = scenario("TestEvents::test_put_events_time")
    url, arn = it.queue()
    it.rule("default", "rule", {"source": [DETAIL_TYPE]})
    it.target(arn)
    for detail, time in (
        ("short time", "2022-01-01"),
        ("new time", "01-01-2022T00:00:00Z"),
        ("long time", "2022-01-01 00:00:00Z"),
    ):
        it.put({"message": detail}, Time=time)
    messages = it.messages(url, 3)
    order = ["short time", "new time", "long time"]
    messages.sort(key=lambda each: order.index(json.loads(each["Body"])["detail"]["message"]))
    it.tells("messages", messages)
    assert json.loads(messages[0]["Body"])["time"] == "2022-01-01T00:00:00Z"


def test_put_events_with_time_field(scenario: Make) -> None:
    it = scenario("TestEvents::test_put_events_with_time_field")
    url, arn = it.queue()
    it.rule("default", "rule", {"source": ["test-source"], "detail-type": ["test-detail-type"]})
    it.target(arn)
    now = datetime.now(UTC)
    entry = {
        "Source": "test-source",
        "DetailType": "test-detail-type",
        "Time": now,
        "Detail": json.dumps({"message": "test message"}),
    }
    it.tells("put-events", it.events.put_events(Entries=[entry]))
    messages = it.messages(url)
    it.tells("sqs-messages", messages)
    assert json.loads(messages[0]["Body"])["time"] == f"{now:%Y-%m-%dT%H:%M:%S}Z"


@pytest.mark.parametrize("kind", KINDS)
def test_put_events_exceed_limit_ten_entries(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEvents::test_put_events_exceed_limit_ten_entries[{kind}]")
    bus = it.bus("custom")
    entry = {
        "Source": DETAIL_TYPE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(DETAIL),
        "EventBusName": bus,
    }
    error = error_of(it.events.put_events, Entries=[entry] * 11)
    was = it.was["put-events-exceed-limit-error"]
    # Two members of AWS's own code, which no model has.
    text = was["Error"]["Message"].replace(", kmsKeyIdentifier=null, internalMetadata=null", "")
    Matcher(it.account).matches(
        {**was, "Error": {**was["Error"], "Message": text}}, error, ignore={"message"}
    )


def test_put_events_response_entries_order(scenario: Make) -> None:
    it = scenario("TestEvents::test_put_events_response_entries_order")
    bus = it.bus()
    (url1, arn1), (url2, arn2) = it.queue(), it.queue()
    it.rule(bus, "r1")
    it.rule(bus, "r2")
    it.target(arn1, bus, "r1")
    it.target(arn2, bus, "r2")
    answer = it.put(bus=bus)
    it.tells("put-events-response", answer)
    found = {"queue1_messages": it.messages(url1), "queue2_messages": it.messages(url2)}
    for messages in found.values():
        assert json.loads(messages[0]["Body"])["id"] == answer["Entries"][0]["EventId"]
    it.tells("sqs-messages", found, ignore={"detail"})


def test_put_events_with_target_delivery_failure(scenario: Make) -> None:
    it = scenario("TestEvents::test_put_events_with_target_delivery_failure")
    bus = it.bus()
    it.rule(bus)
    it.target(f"arn:aws:sqs:{REGION}:{it.account}:does-not-exist", bus)
    url, arn = it.queue()
    it.target(arn, bus, id="other")
    it.tells("put-events-response", it.put(bus=bus))
    assert it.messages(url)


# --- buses ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regions", [("us-east-1",), ("us-east-1", "us-west-1", "eu-central-1")])
@pytest.mark.parametrize("described", [True, False])
def test_create_list_describe_delete_custom_event_buses(
    scenario: Make, described: bool, regions: tuple[str, ...]
) -> None:
    number = 0 if len(regions) == 1 else 1
    it = scenario(
        f"TestEventBus::test_create_list_describe_delete_custom_event_buses[{described}-regions{number}]"
    )
    more = {"Description": "test bus"} if described else {}
    for region in regions:
        it.matcher.bound["region"] = region
        events = it.server.client("events", account=it.account, region=region)
        it.tells(f"create-custom-event-bus-{region}", events.create_event_bus(Name="bus", **more))
        it.tells(f"list-event-buses-after-create-{region}", events.list_event_buses(NamePrefix="bus"))
        it.tells(f"describe-custom-event-bus-{region}", events.describe_event_bus(Name="bus"))
    for region in regions:
        it.matcher.bound["region"] = region
        events = it.server.client("events", account=it.account, region=region)
        it.tells(f"delete-custom-event-bus-{region}", events.delete_event_bus(Name="bus"))
        it.tells(f"list-event-buses-after-delete-{region}", events.list_event_buses(NamePrefix="bus"))


def test_create_multiple_event_buses_same_name(scenario: Make) -> None:
    it = scenario("TestEventBus::test_create_multiple_event_buses_same_name")
    error = error_of(it.events.create_event_bus, Name=it.bus())
    it.tells("create-multiple-event-buses-same-name", error, ignore={"message"})


def test_describe_delete_not_existing_event_bus(scenario: Make) -> None:
    it = scenario("TestEventBus::test_describe_delete_not_existing_event_bus")
    error = error_of(it.events.describe_event_bus, Name="no")
    it.tells("describe-not-existing-event-bus-error", error, ignore={"message"})
    error = error_of(it.events.delete_event_bus, Name="no")
    it.tells("delete-not-existing-event-bus", error, ignore={"message"})


def test_delete_default_event_bus(scenario: Make) -> None:
    it = scenario("TestEventBus::test_delete_default_event_bus")
    error = error_of(it.events.delete_event_bus, Name="default")
    it.tells("delete-default-event-bus-error", error, ignore={"message"})


def test_list_event_buses_with_prefix(scenario: Make) -> None:
    it = scenario("TestEventBus::test_list_event_buses_with_prefix")
    it.bus(name="unique-prefix-bus")
    it.bus(name="other")
    answer = it.events.list_event_buses(NamePrefix="unique-prefix-bus")
    it.tells("list-event-buses-prefix-complete-name", answer)
    it.tells("list-event-buses-prefix", it.events.list_event_buses(NamePrefix="unique"))


def test_list_event_buses_with_limit(scenario: Make) -> None:
    it = scenario("TestEventBus::test_list_event_buses_with_limit")
    for number in range(6):
        it.bus(name=f"bus-{number}")
    first = it.events.list_event_buses(Limit=3, NamePrefix="bus")
    it.tells("list-event-buses-limit", first)
    second = it.events.list_event_buses(Limit=3, NextToken=first["NextToken"], NamePrefix="bus")
    it.tells("list-event-buses-limit-next-token", second)


# --- permissions ---------------------------------------------------------------------------------------------------------


def permit(it: Scenario, bus: str, principal: str, sid: str) -> Any:
    return it.events.put_permission(
        EventBusName=bus, Action="events:PutEvents", Principal=principal, StatementId=sid
    )


@pytest.mark.parametrize("kind", KINDS)
def test_put_permission(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventBus::test_put_permission[{kind}]")
    bus = it.bus(kind)
    it.matcher.bound["bus-name"] = bus
    it.tells("put-permission", permit(it, bus, it.account, "s1"))
    permit(it, bus, it.account, "s2")
    permit(it, bus, "999999999999", "s3")
    it.tells("describe-event-bus-put-permission-multiple-principals", it.events.describe_event_bus(Name=bus))
    permit(it, bus, "*", "s4")
    it.tells("describe-event-bus-put-permission", it.events.describe_event_bus(Name=bus))
    statement = {
        "Sid": "s5",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "events:ListRules",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    it.tells("put-permission-policy", it.events.put_permission(EventBusName=bus, Policy=policy))
    it.tells("describe-event-bus-put-permission-policy", it.events.describe_event_bus(Name=bus))


def test_put_permission_non_existing_event_bus(scenario: Make) -> None:
    it = scenario("TestEventBus::test_put_permission_non_existing_event_bus")
    error = error_of(permit, it, "no-such-bus", "*", "s")
    it.tells("remove-permission-non-existing-sid-error", error, ignore={"message"})


@pytest.mark.parametrize("kind", KINDS)
def test_remove_permission(scenario: Make, kind: str) -> None:
    it = scenario(f"TestEventBus::test_remove_permission[{kind}]")
    bus = it.bus(kind)
    it.matcher.bound["bus-name"] = bus
    permit(it, bus, it.account, "s1")
    permit(it, bus, "999999999999", "s2")
    answer = it.events.remove_permission(EventBusName=bus, StatementId="s1")
    it.tells("remove-permission", answer)
    it.tells("describe-event-bus-remove-permission", it.events.describe_event_bus(Name=bus))
    answer = it.events.remove_permission(EventBusName=bus, RemoveAllPermissions=True)
    it.tells("remove-permission-all", answer)
    it.tells("describe-event-bus-remove-permission-all", it.events.describe_event_bus(Name=bus))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_policy", [True, False])
def test_remove_permission_non_existing_sid(scenario: Make, has_policy: bool, kind: str) -> None:
    it = scenario(f"TestEventBus::test_remove_permission_non_existing_sid[{has_policy}-{kind}]")
    bus = it.bus(kind)
    if has_policy:
        permit(it, bus, it.account, "s")
    error = error_of(it.events.remove_permission, EventBusName=bus, StatementId="no-such-sid")
    it.tells("remove-permission-non-existing-sid-error", error, ignore={"message"})


# --- from bus to bus -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["standard", "domain", "path"])
def test_put_events_bus_to_bus(scenario: Make, strategy: str) -> None:
    it = scenario(f"TestEventBus::test_put_events_bus_to_bus[{strategy}]")
    first, second = it.bus(name="one"), it.bus(name="two")
    url, arn = it.queue()
    it.rule(first, "on")
    it.target(f"arn:aws:events:{REGION}:{it.account}:event-bus/{second}", first, "on")
    it.rule(second)
    it.target(arn, second)
    it.put(bus=first)
    it.tells("messages", it.messages(url))


def test_put_events_to_default_eventbus_for_custom_eventbus(scenario: Make) -> None:
    """AWS's S3 told of an object; here the same event is handed over as services hand theirs."""
    it = scenario("TestEventBus::test_put_events_to_default_eventbus_for_custom_eventbus")
    it.tells("create-custom-event-bus", it.events.create_event_bus(Name="custom"))
    pattern = json.dumps({"source": ["aws.s3"]})
    it.tells("create-rule-1", it.events.put_rule(Name="r1", EventPattern=pattern))
    answer = it.events.put_rule(Name="r2", EventPattern=pattern, EventBusName="custom")
    it.tells("create-rule-2", answer)
    url, arn = it.queue()
    bus = f"arn:aws:events:{REGION}:{it.account}:event-bus/custom"
    role = f"arn:aws:iam::{it.account}:role/r"
    it.tells("put-target-1", it.target(bus, "default", "r1", RoleArn=role))
    it.tells("put-target-2", it.target(arn, "custom", "r2"))
    event = {
        "version": "0",
        "id": "12345678-1234-4234-8234-123456789012",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": it.account,
        "time": "2026-01-01T00:00:00Z",
        "region": REGION,
        "resources": ["arn:aws:s3:::b"],
        "detail": {
            "version": "0",
            "bucket": {"name": "b"},
            "object": {
                "key": "k",
                "size": 4,
                "etag": "8d777f385d3dfec8815d20f7496026dc",
                "sequencer": "object-sequencer",
            },
            "request-id": "request-id",
            "requester": it.account,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }
    handed_over(it, event)
    it.tells("get-events", {"Messages": it.messages(url)})


def handed_over(it: Scenario, event: dict[str, Any]) -> None:
    """As a service of fogbank's hands an event over."""
    house = it.server.app.house
    from fogbank.model.call import Caller
    from fogbank.model.principal import Principal, PrincipalType

    principal = Principal(PrincipalType.SERVICE, it.account, "s3.amazonaws.com", "s3.amazonaws.com")
    caller = Caller(it.account, REGION, principal, "request")
    it.server.run(house.calls.internal("events", "deliver", caller, events=[event]))


def test_put_events_nonexistent_event_bus(scenario: Make) -> None:
    it = scenario("TestEventBus::test_put_events_nonexistent_event_bus")
    url, arn = it.queue()
    it.rule("default", "rule", {"detail-type": ["CustomType"]})
    it.target(arn)
    entries = [
        {
            "Source": "MySource",
            "DetailType": "CustomType",
            "Detail": json.dumps({"message": f"for the {text} event bus"}),
            **more,
        }
        for text, more in (("default", {}), ("custom", {"EventBusName": "no-such-bus"}))
    ]
    it.tells("put-events", it.events.put_events(Entries=entries))
    it.tells("get-events", it.messages(url))
    assert it.is_empty(url)
    error = error_of(it.events.describe_event_bus, Name="no-such-bus")
    it.tells("non-existent-bus-error", error, ignore={"message"})


def test_create_connection_validations(scenario: Make) -> None:
    it = scenario("TestEvents::test_create_connection_validations")
    error = error_of(
        it.events.create_connection,
        Name="This should fail with two errors 123467890123412341234123412341234",
        AuthorizationType="INVALID",
        AuthParameters={"BasicAuthParameters": {"Username": "user", "Password": "pass"}},
    )
    it.tells("create_connection_exc", error, ignore={"message"})
