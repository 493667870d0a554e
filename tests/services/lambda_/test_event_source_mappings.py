"""Event source mappings as operations: settings, lists, states; the loops run on a fake pool and a virtual clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.services import lambda_, sqs
from fogbank.services.lambda_.event_source_mapping_loops import QUEUE as MAPPINGS_QUEUE
from fogbank.services.lambda_.lineage import TIMES_MAX, lineage_with, parts_of, times_in
from tests.services.lambda_.fakes import ARN, Failed, LambdaHouse, build
from tests.support.house import House
from tests.support.waiting import until

pytestmark = pytest.mark.every_store

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
URL = "http://x/000000000000/"


class MappedHouse(LambdaHouse):
    """Lambda and SQS."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        House.__init__(
            self,
            {
                sqs.SERVICE: lambda h: sqs.Sqs(
                    store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, telemetry=self.telemetry, node="n"
                ),
                lambda_.SERVICE: build,
            },
        )

    async def queue(self, name: str = "q", **attributes: str) -> None:
        await self.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})

    async def send(self, body: str, name: str = "q", **more: Any) -> None:
        await self.call("sqs", "SendMessage", {"QueueUrl": URL + name, "MessageBody": body, **more})

    async def received(self, name: str) -> list[dict[str, Any]]:
        params = {"QueueUrl": URL + name, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
        answer = await self.call("sqs", "ReceiveMessage", params)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    async def mapping(self, **settings: Any) -> str:
        made = await self.do(
            "CreateEventSourceMapping", **({"FunctionName": "f", "EventSourceArn": QUEUE} | settings)
        )
        await self.comes(made["UUID"], "Enabled")
        return str(made["UUID"])

    async def comes(self, uuid: str, state: str) -> None:
        async def look() -> bool:
            return bool((await self.do("GetEventSourceMapping", UUID=uuid))["State"] == state)

        await until(look)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[MappedHouse]:
    made = MappedHouse(tmp_path)
    async with made:
        await made.queue()
        await made.create()
        yield made


async def test_messages_reach_the_function(house: MappedHouse) -> None:
    await house.mapping()
    await house.send("hello")
    await until(lambda: house.pool.invoked)
    event = json.loads(house.pool.invoked[0][1].payload)
    assert [record["body"] for record in event["Records"]] == ["hello"]

    async def gone() -> bool:
        return await house.store.count(("sqs-q",), limit=1) == 0

    await until(gone)


async def test_a_mapping_waits_for_its_function(house: MappedHouse) -> None:
    await house.mapping()
    await house.do("DeleteFunction", FunctionName="f")
    await house.send("early")
    await house.clock.advance_ms(2000)
    assert not house.pool.invoked
    await house.create()
    for _ in range(40):
        await house.clock.advance_ms(1000)
    await until(lambda: house.pool.invoked)


async def test_disabling_and_deleting(house: MappedHouse) -> None:
    uuid = await house.mapping()
    updated = await house.do("UpdateEventSourceMapping", UUID=uuid, Enabled=False)
    assert updated["State"] == "Disabling"
    await house.comes(uuid, "Disabled")
    await house.send("not now")
    await house.clock.advance_ms(5000)
    assert not house.pool.invoked
    assert (await house.do("DeleteEventSourceMapping", UUID=uuid))["State"] == "Deleting"

    async def gone() -> bool:
        return not (await house.do("ListEventSourceMappings"))["EventSourceMappings"]

    await until(gone)
    assert await house.refuses("GetEventSourceMapping", UUID=uuid) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    for prefix in ("lambda-esm-function", "lambda-esm-source", "lambda-esm-checkpoint"):
        assert await house.store.count((prefix,), limit=1) == 0


async def test_lists(house: MappedHouse) -> None:
    await house.create("g")
    await house.queue("r")
    other = QUEUE[:-1] + "r"
    one, two = await house.mapping(), await house.mapping(FunctionName="g")
    three = await house.mapping(EventSourceArn=other)

    async def listed(**params: Any) -> set[str]:
        answer = await house.do("ListEventSourceMappings", **params)
        return {mapping["UUID"] for mapping in answer["EventSourceMappings"]}

    assert await listed() == {one, two, three}
    assert await listed(FunctionName="f") == {one, three}
    assert await listed(EventSourceArn=QUEUE) == {one, two}
    assert await listed(FunctionName="f", EventSourceArn=other) == {three}
    assert await listed(FunctionName="none") == set()
    found: set[str] = set()
    marker: dict[str, str] = {}
    while True:
        page = await house.do("ListEventSourceMappings", MaxItems=1, **marker)
        assert len(page["EventSourceMappings"]) == 1
        found.add(page["EventSourceMappings"][0]["UUID"])
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert found == {one, two, three}


async def test_tags_of_mappings(house: MappedHouse) -> None:
    uuid = await house.mapping(Tags={"a": "1"})
    arn = f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}"
    await house.do("TagResource", Resource=arn, Tags={"b": "2"})
    await house.do("UntagResource", Resource=arn, TagKeys=["a"])
    assert await house.do("ListTags", Resource=arn) == {"Tags": {"b": "2"}}


INVALID = "InvalidParameterValueException"
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"
WINDOW = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"


CANNOT_BE: list[tuple[dict[str, Any], str]] = [
    ({"EventSourceArn": None}, "Unrecognized event source."),
    (
        {"EventSourceArn": "arn:aws:s3:::bucket"},
        "Unrecognized event source. Unsupported source arn : arn:aws:s3:::bucket",
    ),
    (
        {"EventSourceArn": STREAM.partition("/stream")[0]},
        f"Unrecognized event source. Unsupported source arn : {STREAM.partition('/stream')[0]}",
    ),
    (
        {"EventSourceArn": QUEUE.replace("us-east-1", "eu-west-1")},
        "Event source region must match Lambda region us-east-1.",
    ),
    ({"FunctionName": "missing"}, "Function does not exist"),
    ({"FunctionName": "f:7"}, "Function does not exist"),
    ({"StartingPosition": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
    (
        {"StartingPositionTimestamp": 1},
        "StartingPositionTimestamp is not valid for SQS event sources.",
    ),
    (
        {"ParallelizationFactor": 2},
        "Unsupported 'parallelizationFactor' parameter for given event source mapping type.",
    ),
    (
        {"MaximumRetryAttempts": 2},
        "Unsupported 'maximumRetryAttempts' parameter for given event source mapping type.",
    ),
    (
        {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
    ({"BatchSize": 11}, WINDOW),
    ({"EventSourceArn": QUEUE + ".fifo", "BatchSize": 11}, WINDOW),
    (
        {"EventSourceArn": QUEUE + ".fifo", "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1},
        "Batching window is not supported for FIFO queues",
    ),
    ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "Invalid filter pattern definition."),
    ({"FilterCriteria": {"Filters": [{}]}}, "Invalid filter pattern definition."),
    (
        {"FilterCriteria": {"Filters": [{"Pattern": '{"a": ["b"]}'}] * 11}},
        "FilterCriteria may have at most 10 filters",
    ),
    (
        {"EventSourceArn": STREAM},
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    ),
    (
        {"EventSourceArn": STREAM, "StartingPosition": "AT_TIMESTAMP"},
        f"Unsupported starting position for arn type: {STREAM}",
    ),
    (
        {"EventSourceArn": STREAM, "ScalingConfig": {"MaximumConcurrency": 2}},
        "Unsupported 'scalingConfig' parameter for given event source mapping type.",
    ),
    (
        {"EventSourceArn": STREAM, "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}},
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
    (
        {"EventSourceArn": STREAM, "DestinationConfig": {"OnFailure": {}}},
        "The Destination field is required for an OnFailure configuration.",
    ),
]


async def test_settings_that_cannot_be(house: MappedHouse) -> None:
    for settings, message in CANNOT_BE:
        params = {"FunctionName": "f", "EventSourceArn": QUEUE} | settings
        params = {name: value for name, value in params.items() if value is not None}
        assert await house.refuses("CreateEventSourceMapping", **params) == (INVALID, message)


async def test_settings_beyond_the_model(house: MappedHouse) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"EventSourceArn": "nonsense"}, "ValidationException"),
        (
            {"EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
            "InvalidParameterValueException",
        ),
        (
            {
                "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
                "StartingPosition": "LATEST",
            },
            "NotImplemented",
        ),
        ({"BatchSize": 10_001}, "ValidationException"),
        ({"ScalingConfig": {"MaximumConcurrency": 1}}, "ValidationException"),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, "NotImplemented"),
    ]
    for settings, code in cases:
        params = {"FunctionName": "f", "EventSourceArn": QUEUE} | settings
        assert (await house.refuses("CreateEventSourceMapping", **params))[0] == code


async def test_functions_by_every_name(house: MappedHouse) -> None:
    """A mapping shows the function's ARN with the qualifier that it was made with."""
    await house.do("PublishVersion", FunctionName="f")
    await house.settled("f", "1")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    for name, shown in (
        ("f", ARN),
        ("000000000000:f:$LATEST", f"{ARN}:$LATEST"),
        (f"{ARN}:1", f"{ARN}:1"),
        ("f:live", f"{ARN}:live"),
    ):
        made = await house.do(
            "CreateEventSourceMapping", FunctionName=name, EventSourceArn=QUEUE, Enabled=False
        )
        assert made["FunctionArn"] == shown
        [listed] = (await house.do("ListEventSourceMappings", FunctionName=shown))["EventSourceMappings"][:1]
        assert shown == ARN or listed["UUID"] == made["UUID"]


async def test_what_an_update_clears(house: MappedHouse) -> None:
    filters = {"Filters": [{"Pattern": '{"body": ["x"]}'}]}
    uuid = await house.mapping(
        FilterCriteria=filters,
        ScalingConfig={"MaximumConcurrency": 2},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    cleared = await house.do(
        "UpdateEventSourceMapping", UUID=uuid, FilterCriteria={}, ScalingConfig={}, FunctionResponseTypes=[]
    )
    assert not {"FilterCriteria", "ScalingConfig"} & cleared.keys()
    assert cleared["FunctionResponseTypes"] == []


async def test_an_update_makes_no_second_mapping_of_a_function_and_a_queue(house: MappedHouse) -> None:
    await house.create("g")
    first = await house.mapping()
    second = await house.mapping(FunctionName="g")
    assert await house.refuses("UpdateEventSourceMapping", UUID=second, FunctionName="f") == (
        "ResourceConflictException",
        f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") already exists. '
        f"Please update or delete the existing mapping with UUID {first}",
    )
    updated = await house.do("UpdateEventSourceMapping", UUID=second, FunctionName="g", BatchSize=3)
    assert updated["BatchSize"] == 3


async def test_a_queue_that_gives_its_messages_out_again_too_soon(house: MappedHouse) -> None:
    await house.create("slow", Timeout=60)
    assert await house.refuses("CreateEventSourceMapping", FunctionName="slow", EventSourceArn=QUEUE) == (
        "InvalidParameterValueException",
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
    )


async def test_what_a_queues_mapping_counts(house: MappedHouse) -> None:
    filters = {"Filters": [{"Pattern": '{"body": [{"prefix": "w"}]}'}]}
    config = {"Metrics": ["EventCount"]}
    uuid = await house.mapping(MetricsConfig=config, FilterCriteria=filters, BatchSize=1)
    assert (await house.do("GetEventSourceMapping", UUID=uuid))["MetricsConfig"] == config
    for body in ("wanted", "left out", "wanted too"):
        await house.send(body)

    def count(name: str) -> float:
        return house.telemetry.sum_of(name, EventSourceMappingUUID=uuid)

    await until(lambda: count("DeletedEventCount") == 2)
    names = ("PolledEventCount", "FilteredOutEventCount", "InvokedEventCount", "FailedInvokeEventCount")
    assert [count(name) for name in names] == [3, 1, 2, 0]
    cleared = await house.do("UpdateEventSourceMapping", UUID=uuid, MetricsConfig={"Metrics": []})
    assert "MetricsConfig" not in cleared
    await house.comes(uuid, "Enabled")
    assert await house.refuses(
        "UpdateEventSourceMapping", UUID=uuid, MetricsConfig={"Metrics": ["KafkaMetrics"]}
    ) == (INVALID, "Unsupported 'metricsConfig' parameter for given event source mapping type.")


async def test_a_mapping_that_cannot_begin_can_be_deleted(
    house: MappedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    async def without(name: Any) -> Any:
        nonlocal attempts
        attempts += 1
        raise AwsError("ResourceNotFoundException", "no role", status=404)

    made = await house.do("CreateEventSourceMapping", FunctionName="f", EventSourceArn=QUEUE, Enabled=False)
    uuid = made["UUID"]
    await until(lambda: house.state.mappings._held)
    for held, _ in list(house.state.mappings._held.values()):
        monkeypatch.setattr(held, "_role", without)
    await house.do("UpdateEventSourceMapping", UUID=uuid, Enabled=True)
    await house.comes(uuid, "Enabled")
    for size in (1, 2, 3):  # each change is an attempt, and begins no round of attempts of its own
        before = attempts
        await house.do("UpdateEventSourceMapping", UUID=uuid, BatchSize=size)
        await until(lambda before=before: attempts > before)
        await house.comes(uuid, "Enabled")
        await house.clock.advance_ms(1000)
    for _ in range(40):
        await house.clock.advance_ms(500)
    before = attempts
    for _ in range(60):
        await house.clock.advance_ms(500)
    assert attempts - before <= 6
    assert (await house.do("DeleteEventSourceMapping", UUID=uuid))["State"] == "Deleting"


async def test_a_function_that_may_not_run_holds_no_mapping(house: MappedHouse) -> None:
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    uuid = await house.mapping()
    await house.send("x")

    async def taken() -> bool:
        names = ["ApproximateNumberOfMessagesNotVisible"]
        answer = await house.call(
            "sqs", "GetQueueAttributes", {"QueueUrl": URL + "q", "AttributeNames": names}
        )
        return bool(answer["Attributes"][names[0]] == "1")

    await until(taken)
    await house.do("UpdateEventSourceMapping", UUID=uuid, Enabled=False)
    await house.clock.advance_ms(1000)
    await house.comes(uuid, "Disabled")
    await house.do("UpdateEventSourceMapping", UUID=uuid, Enabled=True)
    await house.comes(uuid, "Enabled")
    await house.clock.advance_ms(30_000)
    await house.do("DeleteFunctionConcurrency", FunctionName="f")
    await until(lambda: house.pool.invoked)


# --- dead letters and destinations ----------------------------------------------------------------------------------------


async def test_a_dead_letter(house: MappedHouse) -> None:
    def fail(event: Any, invocation: Any) -> Any:
        raise Failed

    await house.queue("dead")
    await house.create("g", DeadLetterConfig={"TargetArn": QUEUE[:-1] + "dead"})
    house.pool.bodies["g"] = fail
    await house.do("PutFunctionEventInvokeConfig", FunctionName="g", MaximumRetryAttempts=0)
    await house.invoke("g", {"n": 1}, InvocationType="Event")
    [letter] = await until(lambda: house.received("dead"))
    assert json.loads(letter["Body"]) == {"n": 1}
    assert set(letter["MessageAttributes"]) >= {"RequestID", "ErrorCode"}


async def test_a_dead_letter_of_what_may_not_run(house: MappedHouse) -> None:
    await house.queue("dead")
    await house.create("g", DeadLetterConfig={"TargetArn": QUEUE[:-1] + "dead"})
    await house.do("PutFunctionConcurrency", FunctionName="g", ReservedConcurrentExecutions=0)
    await house.invoke("g", {"n": 1}, InvocationType="Event")
    [letter] = await until(lambda: house.received("dead"))
    attributes = letter["MessageAttributes"]
    assert set(attributes) == {"RequestID", "ErrorMessage"}
    assert attributes["ErrorMessage"]["StringValue"] == (
        "Function not invoked. Function isconfigured with zero reserved concurrent executions"
    )


async def test_an_empty_dead_letter_configuration_changes_nothing(house: MappedHouse) -> None:
    config = {"TargetArn": QUEUE[:-1] + "dead"}
    await house.create("g", DeadLetterConfig=config)
    updated = await house.do("UpdateFunctionConfiguration", FunctionName="g", DeadLetterConfig={})
    assert updated["DeadLetterConfig"] == config
    await house.settled("g")
    updated = await house.do(
        "UpdateFunctionConfiguration", FunctionName="g", DeadLetterConfig={"TargetArn": ""}
    )
    assert "DeadLetterConfig" not in updated


async def test_fifo_queues_take_no_records(house: MappedHouse) -> None:
    """Whoever has one as a dead-letter queue has its errors counted."""
    await house.queue("out.fifo", FifoQueue="true")
    arn = QUEUE[:-1] + "out.fifo"
    config = {"OnFailure": {"Destination": arn}}
    assert await house.refuses(
        "PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=config
    ) == (
        INVALID,
        "The provided destination config DestinationConfig(onSuccess=null, "
        f"onFailure=OnFailure(destination={arn})) is invalid.",
    )
    await house.create("g", DeadLetterConfig={"TargetArn": arn})
    await house.do("PutFunctionConcurrency", FunctionName="g", ReservedConcurrentExecutions=0)
    await house.invoke("g", {}, InvocationType="Event")

    async def counted() -> bool:
        await house.telemetry.flush()
        return house.telemetry.sum_of("DeadLetterErrors", FunctionName="g") == 1

    await until(counted)


async def test_what_cannot_be_delivered_is_counted(house: MappedHouse) -> None:
    await house.queue("out")
    destination = {"OnSuccess": {"Destination": QUEUE[:-1] + "out"}}
    await house.do("PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=destination)
    await house.call("sqs", "DeleteQueue", {"QueueUrl": URL + "out"})
    await house.invoke("f", {}, InvocationType="Event")

    async def counted() -> bool:
        await house.telemetry.flush()
        return house.telemetry.sum_of("DestinationDeliveryFailures", FunctionName="f") == 1

    await until(counted)


async def test_destinations_that_are_not_there_yet(house: MappedHouse) -> None:
    for service, resource in (("sns", "topic"), ("events", "event-bus/default")):
        arn = f"arn:aws:{service}:us-east-1:000000000000:{resource}"
        config = {"OnSuccess": {"Destination": arn}}
        code, text = await house.refuses(
            "PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=config
        )
        assert code == "NotImplemented" and service in text


# --- recursion --------------------------------------------------------------------------------------------------------------


def test_lineage_counts_each_function() -> None:
    header = ""
    for n in range(3):
        assert times_in(header, ARN) == n
        header = f"Root=1-2-3;Lineage={lineage_with(header, ARN)}"
    assert times_in(header, ARN + ":7") == 3  # whatever its version
    other = f"Root=1-2-3;Lineage={lineage_with(header, ARN + 'other')}"
    assert (times_in(other, ARN), times_in(other, ARN + "other")) == (3, 1)
    assert parts_of(other)["Root"] == "1-2-3"
    for odd in ("Lineage=", "Lineage=1:x", "Lineage=1:x:-1", "x" * 5000, "Lineage=1:x:9999999"):
        assert times_in(odd, ARN) == 0


def _from(house: MappedHouse, n: int) -> list[Any]:
    return house.pool.invoked[n:]


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_loop_through_a_queue(house: MappedHouse, allowed: bool) -> None:
    """The function's own messages come back to it; its SDK sends the trace header on."""
    if allowed:
        await house.do("PutFunctionRecursionConfig", FunctionName="f", RecursiveLoop="Allow")
        assert await house.do("GetFunctionRecursionConfig", FunctionName="f") == {"RecursiveLoop": "Allow"}
    await house.mapping()
    await house.send("first")
    rounds = TIMES_MAX + 4
    for n in range(rounds):
        if n >= TIMES_MAX and not allowed:
            break
        [(_, invocation), *_] = await until(partial(_from, house, n))
        header = {"DataType": "String", "StringValue": invocation.trace_id}
        await house.send(f"round {n}", MessageSystemAttributes={"AWSTraceHeader": header})
    if allowed:
        await until(lambda: len(house.pool.invoked) > rounds)
        return

    async def dropped() -> bool:
        await house.telemetry.flush()
        return house.telemetry.sum_of("RecursiveInvocationsDropped", FunctionName="f") >= 1

    await until(dropped)
    assert len(house.pool.invoked) == TIMES_MAX


async def test_a_loop_through_destinations(house: MappedHouse) -> None:
    """Two functions that hand their results to each other: neither sends a header on."""
    await house.create("g")
    await house.queue("out")
    failed = {"Destination": QUEUE[:-1] + "out"}
    for name, other in (("f", ARN[:-1] + "g"), ("g", ARN)):
        config = {"OnSuccess": {"Destination": other}, "OnFailure": failed}
        await house.do("PutFunctionEventInvokeConfig", FunctionName=name, DestinationConfig=config)
        house.pool.bodies[name] = lambda event, invocation: None
    await house.invoke("f", {}, InvocationType="Event")
    [stopped] = await until(lambda: house.received("out"))
    assert json.loads(stopped["Body"])["requestContext"]["condition"] == "RecursiveInvocation"
    runs = [config.name for config, _ in house.pool.invoked]
    assert (runs.count("f"), runs.count("g")) == (TIMES_MAX, TIMES_MAX)


async def test_a_lease_that_ran_out_unnoticed(house: MappedHouse) -> None:
    """The clock was moved, or the machine slept: this node takes the mapping from itself, and goes on with what runs."""
    await house.queue("slow", VisibilityTimeout="7200")
    await house.mapping(EventSourceArn=QUEUE.replace(":q", ":slow"))
    house.pool.gate.clear()
    await house.send("m", "slow")
    await until(lambda: house.pool.running)
    house.clock._now_ms += 3_600_000  # all at once: who extends the lease and who takes it wake together
    house.state.mappings._signal.set()

    async def taken() -> bool:
        due_ms = await house.store.next_due_ms(MAPPINGS_QUEUE)
        return due_ms is not None and due_ms > house.clock.now_ms()

    await until(taken)
    await house.clock.advance_ms(1000)
    house.pool.gate.set()

    async def gone() -> bool:
        return await house.store.count(("sqs-q",), limit=1) == 0

    await until(gone)
    await house.send("next", "slow")
    await until(lambda: len(house.pool.invoked) == 2)
    await until(gone)
    for _ in range(6):
        await house.clock.advance_ms(10_000)
    assert len(house.pool.invoked) == 2
