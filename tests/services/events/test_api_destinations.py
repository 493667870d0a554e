"""API destinations: their settings, and that they are active while their connection is authorized."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.events.conftest import EventsHouse

URL = "https://example.com/hooks/*"


async def made(events: EventsHouse, name: str = "d", connection: str = "c", **more: Any) -> dict[str, Any]:
    arn = (await events.connection(connection))["ConnectionArn"]
    given = {"Name": name, "ConnectionArn": arn, "InvocationEndpoint": URL, "HttpMethod": "POST"}
    return await events.call("CreateApiDestination", **given | more)


async def test_one_is_made_shown_changed_and_deleted(events: EventsHouse) -> None:
    answer = await made(events, Description="x")
    assert answer["ApiDestinationState"] == "ACTIVE"
    assert answer["ApiDestinationArn"].startswith("arn:aws:events:us-east-1:000000000000:api-destination/d/")
    found = await events.call("DescribeApiDestination", Name="d")
    assert found | answer == found
    assert (found["InvocationRateLimitPerSecond"], found["Description"]) == (300, "x")
    assert (found["InvocationEndpoint"], found["HttpMethod"]) == (URL, "POST")
    await events.clock.advance_ms(5)
    changed = await events.call(
        "UpdateApiDestination", Name="d", HttpMethod="PUT", InvocationRateLimitPerSecond=7
    )
    assert changed["LastModifiedTime"] == answer["CreationTime"] + 5
    found = await events.call("DescribeApiDestination", Name="d")
    assert (found["HttpMethod"], found["InvocationRateLimitPerSecond"]) == ("PUT", 7)
    assert found["InvocationEndpoint"] == URL
    await events.call("DeleteApiDestination", Name="d")
    for operation in ("Describe", "Update", "Delete"):
        code, message = await events.fails(f"{operation}ApiDestination", Name="d")
        assert code == "ResourceNotFoundException"
        assert message.endswith("An api-destination 'd' does not exist.")


async def test_it_is_active_while_its_connection_is_authorized(events: EventsHouse) -> None:
    await made(events)
    await events.call("DeauthorizeConnection", Name="c")
    await events.reaches("DEAUTHORIZED")
    assert (await events.call("DescribeApiDestination", Name="d"))["ApiDestinationState"] == "INACTIVE"


async def test_lists(events: EventsHouse) -> None:
    first = await made(events, "a1", "c1")
    await made(events, "a2", "c2")
    await made(events, "b", "c3")
    answer = await events.call("ListApiDestinations", NamePrefix="a")
    assert [each["Name"] for each in answer["ApiDestinations"]] == ["a1", "a2"]
    arn = answer["ApiDestinations"][0]["ConnectionArn"]
    answer = await events.call("ListApiDestinations", ConnectionArn=arn)
    assert [each["ApiDestinationArn"] for each in answer["ApiDestinations"]] == [first["ApiDestinationArn"]]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"InvocationEndpoint": "http://example.com"}, "ValidationException"),
        ({"InvocationEndpoint": "example.com/x"}, "ValidationException"),
        (
            {"ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/no/0"},
            "ResourceNotFoundException",
        ),
    ],
)
async def test_what_is_refused(events: EventsHouse, more: dict[str, str], code: str) -> None:
    arn = (await events.connection())["ConnectionArn"]
    given = {"Name": "d", "ConnectionArn": arn, "InvocationEndpoint": URL, "HttpMethod": "POST"} | more
    assert (await events.fails("CreateApiDestination", **given))[0] == code


async def test_names_are_given_once(events: EventsHouse) -> None:
    answer = await made(events)
    arn = (await events.described())["ConnectionArn"]
    assert answer["ApiDestinationArn"]
    given = {"Name": "d", "ConnectionArn": arn, "InvocationEndpoint": URL, "HttpMethod": "POST"}
    assert (await events.fails("CreateApiDestination", **given))[0] == "ResourceAlreadyExistsException"
