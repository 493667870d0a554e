"""Owed events on their way: retries, dead letters, schedules, buses, logs, and what a stop leaves owed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.core.config import AuthMode
from fogbank.model.call import Caller
from fogbank.model.principal import Principal, PrincipalType
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.services.events.limits import FIRES_MADE_UP_MAX, HOPS_MAX
from fogbank.services.events.state import Events
from tests.services.events.conftest import API_KEY, BASIC, EventsHouse, oauth
from tests.services.events.test_connections import TokenServer
from tests.services.lambda_.fakes import FakeTelemetry
from tests.support.endpoint import Answer, Asked, Endpoint, endpoint
from tests.support.house import House
from tests.support.services import EVENTS, LOGS, sqs_service
from tests.support.waiting import until

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
OTHER = "111111111111"


def queue_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:sqs:us-east-1:{account}:{name}"


class Buses(EventsHouse):
    """EventBridge beside queues."""

    async def queue(self, name: str = "q", **attributes: str) -> str:
        await self.house.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})
        return queue_arn(name)

    async def rule(self, *targets: dict[str, Any], name: str = "r", **more: Any) -> None:
        given = more or {"EventPattern": '{"source": ["s"]}'}
        await self.call("PutRule", Name=name, **given)
        if targets:
            where = {"EventBusName": more["EventBusName"]} if "EventBusName" in more else {}
            await self.call("PutTargets", Rule=name, Targets=list(targets), **where)

    async def put(self, detail: Any = None, **more: Any) -> str:
        entry = {"Source": "s", "DetailType": "t", "Detail": json.dumps(detail or {"a": 1})} | more
        answer = await self.call("PutEvents", Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return str(answer["Entries"][0]["EventId"])

    async def received(self, name: str = "q", number: int = 1) -> list[dict[str, Any]]:
        """So many messages, deleted; the clock stands still."""
        found: list[dict[str, Any]] = []
        url = f"http://localhost/{ACCOUNT}/{name}"

        async def look() -> bool:
            params = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
            for message in (await self.house.call("sqs", "ReceiveMessage", params)).get("Messages", []):
                handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
                await self.house.call("sqs", "DeleteMessage", handle)
                found.append(message)
            return len(found) >= number

        await until(look)
        assert len(found) == number
        return found

    async def destination(self, server: Endpoint, auth: Any = None, **more: Any) -> str:
        """The ARN of an API destination of the server, whose connection is authorized."""
        connection = (await self.connection(auth=auth))["ConnectionArn"]
        await self.reaches("AUTHORIZED")
        given = {
            "Name": "d",
            "ConnectionArn": connection,
            "InvocationEndpoint": server.url + "/hook",
            "HttpMethod": "POST",
        }
        return str((await self.call("CreateApiDestination", **given | more))["ApiDestinationArn"])

    async def passes(self, server: Endpoint, number: int, step_ms: int = 1000) -> None:
        """Let time pass, whenever nothing is on its way, until the server was asked so often."""

        async def look() -> bool:
            asked = len(server.by_path("/hook"))
            _, leased = await self.house.store.depth("events api destinations")
            if asked < number and not leased:
                await self.clock.advance_ms(step_ms)
            return len(server.by_path("/hook")) >= number

        await until(look)


@pytest.fixture
async def buses() -> AsyncIterator[Buses]:
    async with House({**LOGS, **EVENTS, **sqs_service(FakeTelemetry())}) as house:
        yield Buses(house)


def target(arn: str, id: str = "t", **more: Any) -> dict[str, Any]:
    return {"Id": id, "Arn": arn, **more}


# --- dead letters and retries --------------------------------------------------------------------------------------------


@pytest.mark.every_store
async def test_what_is_not_there_goes_to_the_dead_letters_at_once(buses: Buses) -> None:
    dead = await buses.queue("dead")
    await buses.rule(target(queue_arn("gone"), DeadLetterConfig={"Arn": dead}))
    event_id = await buses.put()
    (message,) = await buses.received("dead")
    assert json.loads(message["Body"])["id"] == event_id
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {
        "RULE_ARN": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r",
        "TARGET_ARN": queue_arn("gone"),
        "ERROR_CODE": "AWS.SimpleQueueService.NonExistentQueue",
        "ERROR_MESSAGE": "The specified queue does not exist.",
    }


async def test_retries_until_the_policy_is_spent(buses: Buses) -> None:
    dead = await buses.queue("dead")
    async with endpoint(lambda _: Answer(503)) as server:
        policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
        arn = await buses.destination(server)
        await buses.rule(target(arn, RoleArn=ROLE, RetryPolicy=policy, DeadLetterConfig={"Arn": dead}))
        await buses.put()
        await until(lambda: len(server.asked) == 1)
        await buses.passes(server, 3)
        (message,) = await buses.received("dead")
        assert len(server.asked) == 3
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert (attributes["RETRY_ATTEMPTS"], attributes["ERROR_CODE"]) == ("2", "SDK_CLIENT_ERROR")


async def test_an_event_grows_too_old(buses: Buses) -> None:
    dead = await buses.queue("dead")
    async with endpoint(lambda _: Answer(429, headers={"Retry-After": "59"})) as server:
        policy = {"MaximumEventAgeInSeconds": 60}
        arn = await buses.destination(server)
        await buses.rule(target(arn, RoleArn=ROLE, RetryPolicy=policy, DeadLetterConfig={"Arn": dead}))
        await buses.put()
        await until(lambda: len(server.asked) == 1)
        await until(lambda: owed_to_endpoints(buses, 1))
        await buses.clock.advance_ms(58_000)
        assert len(server.asked) == 1  # not before Retry-After
        await buses.passes(server, 2)
        (message,) = await buses.received("dead")
    assert message["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == (
        "MaximumEventAgeInSeconds"
    )


async def test_one_attempt_succeeds_after_another_failed(buses: Buses) -> None:
    answers = [Answer(500), Answer(409), Answer(204, b"")]
    async with endpoint(lambda _: answers.pop(0)) as server:
        await buses.rule(target(await buses.destination(server), RoleArn=ROLE))
        event_id = await buses.put()
        await until(lambda: len(server.asked) == 1)
        await buses.passes(server, 3)
        assert {asked.json["id"] for asked in server.asked} == {event_id}
        assert await until(lambda: not answers)
        assert await until(lambda: nothing_owed(buses))


async def owed_to_endpoints(buses: Buses, number: int) -> bool:
    """So many wait for their time, and none is on its way."""
    return await buses.house.store.depth("events api destinations") == (number, 0)


async def nothing_owed(buses: Buses) -> bool:
    depths = [await buses.house.store.depth(f"events {name}") for name in ("deliveries", "api destinations")]
    return depths == [(0, 0), (0, 0)]


@pytest.mark.every_store
async def test_what_a_stop_left_owed_is_delivered_after_the_start(buses: Buses) -> None:
    await buses.rule(target(await buses.queue()))
    await buses.state.close()
    event_id = await buses.put()
    house = buses.house
    again = Events(
        store=house.store,
        clock=house.clock,
        ids=house.ids,
        lanes=house.lanes,
        secrets=house.secrets,
        calls=house.calls,
        telemetry=FakeTelemetry(),
        mode=AuthMode.OPEN,
        node="again",
    )
    await again.start()
    (message,) = await buses.received()
    assert json.loads(message["Body"])["id"] == event_id
    await again.close()


# --- API destinations ----------------------------------------------------------------------------------------------------


async def test_a_request_of_an_api_destination(buses: Buses) -> None:
    async with endpoint() as server:
        arn = await buses.destination(
            server, API_KEY, InvocationEndpoint=server.url + "/hook/*/of/*", HttpMethod="PUT"
        )
        http = {
            "PathParameterValues": ["$.detail.id", "a b"],
            "HeaderParameters": {"X-Type": "$.detail-type", "x-key": "not this"},
            "QueryStringParameters": {"q": "$.detail.n", "c": "constant", "no": "$.detail.no"},
        }
        await buses.rule(target(arn, RoleArn=ROLE, HttpParameters=http, InputPath="$.detail"))
        await buses.put({"id": "x/y", "n": 5})
        await until(lambda: server.asked)
        (asked,) = server.asked
    assert (asked.method, asked.target) == ("PUT", "/hook/x%2Fy/of/a%20b?q=5&c=constant&no=")
    assert (asked.headers["x-type"], asked.headers["x-key"]) == ("t", "key-value")
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert asked.json == {"id": "x/y", "n": 5}


async def test_a_header_that_would_be_two_is_not_sent(buses: Buses) -> None:
    dead = await buses.queue("dead")
    async with endpoint() as server:
        http = {"HeaderParameters": {"X-Note": "$.detail.note"}}
        arn = await buses.destination(server)
        await buses.rule(target(arn, RoleArn=ROLE, HttpParameters=http, DeadLetterConfig={"Arn": dead}))
        await buses.put({"note": "a\r\nX-Other: b"})
        (message,) = await buses.received("dead")
        assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "INVALID_INPUT"
        await buses.put({"note": "one line"})
        await until(lambda: server.asked)
        assert [asked.headers["x-note"] for asked in server.asked] == ["one line"]


async def test_a_rate_is_kept(buses: Buses) -> None:
    async with endpoint() as server:
        arn = await buses.destination(server, InvocationRateLimitPerSecond=2)
        await buses.rule(target(arn, RoleArn=ROLE, RetryPolicy={"MaximumRetryAttempts": 0}))
        for _ in range(5):
            await buses.put()
        await until(lambda: len(server.asked) == 2)
        await buses.clock.advance_ms(500)
        await until(lambda: len(server.asked) == 3)
        await buses.clock.advance_ms(400)
        assert len(server.asked) == 3
        await buses.passes(server, 5, step_ms=100)


async def test_a_backlog_takes_turns_and_what_is_too_old_for_its_turn_is_given_up(buses: Buses) -> None:
    dead = await buses.queue("dead")
    async with endpoint() as server:
        arn = await buses.destination(server, InvocationRateLimitPerSecond=1)
        policy = {"MaximumEventAgeInSeconds": 60}
        await buses.rule(target(arn, RoleArn=ROLE, RetryPolicy=policy, DeadLetterConfig={"Arn": dead}))
        for _ in range(7):
            entries = [{"Source": "s", "DetailType": "t", "Detail": "{}"}] * 10
            await buses.call("PutEvents", Entries=entries)
        # One at once, then one each second for a minute; nine have no turn in time.
        dropped = await buses.received("dead", 9)
        assert {each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in dropped} == {"THROTTLED"}
        for second in range(1, 61):
            await until(lambda second=second: len(server.asked) == second)
            await until(lambda second=second: owed_to_endpoints(buses, 61 - second))
            await buses.clock.advance_ms(1000)
        await until(lambda: len(server.asked) == 61)
        assert await until(lambda: nothing_owed(buses))


async def test_a_refused_token_is_renewed(buses: Buses) -> None:
    tokens = TokenServer()

    def serve(asked: Asked) -> Answer:
        if asked.path == "/token":
            return tokens(asked)
        return Answer(200 if asked.headers["authorization"] == "Bearer tok-2" else 407)

    async with endpoint(serve) as server:
        await buses.rule(target(await buses.destination(server, oauth(server.url)), RoleArn=ROLE))
        await buses.put()
        await until(lambda: len(server.by_path("/hook")) == 2)
        assert await until(lambda: nothing_owed(buses))


async def test_a_refused_password_deauthorizes_the_connection(buses: Buses) -> None:
    dead = await buses.queue("dead")
    async with endpoint(lambda _: Answer(401)) as server:
        arn = await buses.destination(server, BASIC)
        await buses.rule(target(arn, RoleArn=ROLE, DeadLetterConfig={"Arn": dead}))
        await buses.put()
        await buses.received("dead")
        found = await buses.described()
        assert found["ConnectionState"] == "DEAUTHORIZED" and "401" in found["StateReason"]
        await buses.put()
        await buses.received("dead")
        assert len(server.asked) == 1


# --- schedules -----------------------------------------------------------------------------------------------------------


@pytest.mark.every_store
async def test_a_rate_fires_and_stops_when_disabled(buses: Buses) -> None:
    await buses.rule(target(await buses.queue()), ScheduleExpression="rate(1 minute)")
    start_ms = buses.now_ms
    await buses.clock.advance_ms(180_000)
    events = [json.loads(message["Body"]) for message in await buses.received(number=3)]
    events.sort(key=lambda event: event["time"])
    assert events[0] | {"id": ""} == {
        "version": "0",
        "id": "",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-01-01T00:01:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r"],
        "detail": {},
    }
    assert [event["time"][14:16] for event in events] == ["01", "02", "03"]
    assert start_ms % 60_000 == 0
    await buses.call("DisableRule", Name="r")
    await buses.clock.advance_ms(180_000)
    await buses.call("EnableRule", Name="r")
    await buses.clock.advance_ms(60_000)
    (event,) = [json.loads(message["Body"]) for message in await buses.received()]
    assert event["time"] == "2026-01-01T00:07:00Z"


async def test_a_cron_with_a_constant(buses: Buses) -> None:
    await buses.rule(
        target(await buses.queue(), Input='{"job": "nightly"}'), ScheduleExpression="cron(30 2 * * ? *)"
    )
    await buses.clock.advance_ms(3 * 3_600_000)
    (message,) = await buses.received()
    assert json.loads(message["Body"]) == {"job": "nightly"}


async def test_missed_fires_are_made_up_for_to_a_bound(buses: Buses) -> None:
    """Time goes on at once, as when a server was off: the store's item is due once."""
    await buses.queue()
    await buses.rule(target(queue_arn("q")), ScheduleExpression="rate(1 minute)")
    await buses.house.states["events"].close()
    await buses.clock.advance_ms((FIRES_MADE_UP_MAX + 500) * 60_000)
    state = Events(
        store=buses.house.store,
        clock=buses.clock,
        ids=buses.house.ids,
        lanes=buses.house.lanes,
        secrets=buses.house.secrets,
        calls=buses.house.calls,
        telemetry=FakeTelemetry(),
        mode=AuthMode.OPEN,
        node="again",
    )
    await state.start()
    await buses.received(number=FIRES_MADE_UP_MAX)
    await buses.clock.advance_ms(60_000)
    await buses.received(number=1)
    await state.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        ({"ScheduleExpression": "rate(1 minutes)"}, "Parameter ScheduleExpression is not valid."),
        (
            {"ScheduleExpression": "rate(1 hour)", "EventBusName": "b"},
            "ScheduleExpression is supported only on the default event bus.",
        ),
    ],
)
async def test_rules_that_are_none(buses: Buses, given: dict[str, str], message: str) -> None:
    await buses.call("CreateEventBus", Name="b")
    assert await buses.fails("PutRule", Name="r", **given) == ("ValidationException", message)


async def test_patterns_that_are_none(buses: Buses) -> None:
    for pattern in ("{", "[]", "{}", '{"a": "b"}', '{"a": [{"no": 1}]}'):
        code, message = await buses.fails("PutRule", Name="r", EventPattern=pattern)
        assert code == "InvalidEventPatternException"
        assert message.startswith("Event pattern is not valid. Reason: ")


# --- buses ---------------------------------------------------------------------------------------------------------------


async def test_a_circle_of_buses_ends(buses: Buses) -> None:
    dead = await buses.queue("dead")
    arns = [(await buses.call("CreateEventBus", Name=name))["EventBusArn"] for name in ("a", "b")]
    everything = '{"source": [{"exists": true}]}'
    for name, to in (("a", arns[1]), ("b", arns[0])):
        await buses.rule(
            target(to, DeadLetterConfig={"Arn": dead}), EventBusName=name, EventPattern=everything
        )
    await buses.put(EventBusName="a")
    (message,) = await buses.received("dead")
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "TooManyHops"
    assert str(HOPS_MAX) in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


async def test_a_bus_of_another_account_has_a_policy(buses: Buses) -> None:
    arn = (await buses.call("CreateEventBus", Name="b"))["EventBusArn"]
    await buses.rule(target(await buses.queue()), EventBusName="b", EventPattern='{"source": ["s"]}')
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": arn}

    async def put() -> dict[str, Any]:
        return await buses.house.call("events", "PutEvents", {"Entries": [entry]}, account=OTHER)

    refused = await buses.house.fails("events", "PutEvents", {"Entries": [entry]}, account=OTHER)
    assert refused.code == "AccessDeniedException" and "events:PutEvents" in refused.message
    await buses.call(
        "PutPermission",
        EventBusName="b",
        Action="events:PutEvents",
        Principal=OTHER,
        StatementId="other",
    )
    assert (await put())["FailedEntryCount"] == 0
    (message,) = await buses.received()
    assert json.loads(message["Body"])["account"] == OTHER
    await buses.call("RemovePermission", EventBusName="b", StatementId="other")
    assert (await buses.house.fails("events", "PutEvents", {"Entries": [entry]}, account=OTHER)).code


async def test_a_bus_with_rules_is_not_deleted(buses: Buses) -> None:
    await buses.call("CreateEventBus", Name="b")
    await buses.rule(EventBusName="b", EventPattern='{"source": ["s"]}')
    assert (await buses.fails("DeleteEventBus", Name="b"))[0] == "ValidationException"
    await buses.call("DeleteRule", Name="r", EventBusName="b")
    await buses.call("DeleteEventBus", Name="b")
    assert (await buses.fails("DescribeEventBus", Name="b"))[0] == "ResourceNotFoundException"


async def test_events_of_services(buses: Buses) -> None:
    await buses.rule(target(await buses.queue()), EventPattern='{"source": ["aws.states"]}')
    principal = Principal(PrincipalType.SERVICE, ACCOUNT, "states.amazonaws.com", "states.amazonaws.com")
    caller = Caller(ACCOUNT, "us-east-1", principal, "1")
    event = {"source": "aws.states", "detail": {}, "id": "1"}
    await buses.house.calls.internal("events", "deliver", caller, events=[event])
    (message,) = await buses.received()
    assert json.loads(message["Body"]) == event
    answer = await buses.call(
        "PutEvents", Entries=[{"Source": "aws.states", "DetailType": "t", "Detail": "{}"}]
    )
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSource"


# --- other targets -------------------------------------------------------------------------------------------------------


async def test_a_log_group(buses: Buses) -> None:
    await buses.house.call("logs", "CreateLogGroup", {"logGroupName": "/aws/events/g"})
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/g"
    await buses.rule(target(arn))
    ids = {await buses.put(), await buses.put()}

    async def logged() -> bool:
        answer = await buses.house.call("logs", "FilterLogEvents", {"logGroupName": "/aws/events/g"})
        return {json.loads(event["message"])["id"] for event in answer["events"]} == ids

    assert await until(logged)


async def test_a_fifo_queue_has_groups(buses: Buses) -> None:
    arn = await buses.queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    await buses.rule()
    code, message = await buses.fails("PutTargets", Rule="r", Targets=[target(arn)])
    assert (code, message) == (
        "ValidationException",
        "Parameter(s) SqsParameters must be specified for target: t.",
    )
    await buses.call("PutTargets", Rule="r", Targets=[target(arn, SqsParameters={"MessageGroupId": "g"})])
    await buses.put()
    assert await buses.received("q.fifo")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}, "targets of kinesis"),
        ({"Arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/c"}, "targets of ecs"),
        ({"KinesisParameters": {"PartitionKeyPath": "$.id"}}, "KinesisParameters"),
    ],
)
async def test_targets_that_fogbank_lacks(buses: Buses, more: dict[str, Any], named: str) -> None:
    await buses.rule()
    code, message = await buses.fails("PutTargets", Rule="r", Targets=[target(queue_arn("q")) | more])
    assert code == "NotImplemented" and named in message


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"Arn": "nonsense"}, "Provided Arn is not in correct format"),
        ({"Arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"}, "RoleArn is required"),
        ({"Input": "{"}, "JSON syntax error"),
        ({"InputPath": "$.["}, "Invalid JSON path"),
        ({"HttpParameters": {}}, "HttpParameters are not valid"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:0:t"}}, "standard SQS queue"),
    ],
)
async def test_targets_that_are_none(buses: Buses, more: dict[str, Any], part: str) -> None:
    await buses.rule()
    code, message = await buses.fails("PutTargets", Rule="r", Targets=[target(queue_arn("q")) | more])
    assert code == "ValidationException" and part in message


async def test_a_rules_role_is_that_of_targets_without_one(buses: Buses) -> None:
    async with endpoint() as server:
        arn = await buses.destination(server)
        await buses.rule(target(arn), EventPattern='{"source": ["s"]}', RoleArn=ROLE)
        await buses.put()
        await until(lambda: server.asked)
    assert (await buses.call("ListTargetsByRule", Rule="r"))["Targets"] == [target(arn)]


async def test_removing_what_is_not_there(buses: Buses) -> None:
    await buses.rule(target(queue_arn("q")))
    answer = await buses.call("RemoveTargets", Rule="r", Ids=["t", "no"])
    assert [each["TargetId"] for each in answer["FailedEntries"]] == ["no"]
    assert (await buses.call("ListTargetsByRule", Rule="r"))["Targets"] == []


async def test_trying_a_pattern(buses: Buses) -> None:
    event = dict.fromkeys(("id", "account", "source", "time", "region", "detail-type"), "x")
    event = event | {"resources": [], "detail": {"n": 5, "ip": "10.0.0.7", "name": "Fog.png"}}
    pattern = {
        "detail": {
            "n": [{"numeric": [">", 4, "<=", 5]}],
            "ip": [{"cidr": "10.0.0.0/24"}],
            "name": [{"wildcard": "F*.png"}],
            "$or": [{"no": [{"exists": True}]}, {"name": [{"anything-but": {"suffix": ".jpg"}}]}],
        }
    }

    async def matches(text: str) -> bool:
        answer = await buses.call("TestEventPattern", EventPattern=text, Event=json.dumps(event))
        return bool(answer["Result"])

    assert await matches(json.dumps(pattern))
    event["detail"]["n"] = 6
    assert not await matches(json.dumps(pattern))
    assert (await buses.fails("TestEventPattern", EventPattern='{"a": ["b"]}', Event="{}"))[0] == (
        "ValidationException"
    )


async def test_metrics_of_rules(buses: Buses) -> None:
    telemetry: TelemetryBatcher = buses.state.metrics._telemetry
    await buses.rule(target(await buses.queue()))
    await buses.put()
    await buses.received()
    assert await until(lambda: nothing_owed(buses))
    await telemetry.flush()
    answer = await buses.house.call("cloudwatch", "ListMetrics", {"Namespace": "AWS/Events"})
    names = {metric["MetricName"] for metric in answer["Metrics"]}
    assert {"MatchedEvents", "TriggeredRules", "Invocations", "PutEventsEntriesCount"} <= names
