"""Invoke: what comes back, what is written and counted, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from fogbank.sandbox.api import Invocation, Status
from tests.services.lambda_.fakes import ARN, STREAM, Failed, LambdaHouse, pack
from tests.support.waiting import until


async def test_the_answer(house: LambdaHouse) -> None:
    await house.create()
    answer = await house.invoke(event={"x": 1})
    assert answer == {"StatusCode": 200, "Payload": b'{"x": 1}', "ExecutedVersion": "$LATEST"}
    assert (await house.invoke())["Payload"] == b"{}"


async def test_an_error_of_the_function(house: LambdaHouse) -> None:
    await house.create()

    def body(event: Any, invocation: Invocation) -> Any:
        raise Failed

    house.pool.bodies["f"] = body
    answer = await house.invoke(event={})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"])["errorType"] == "ValueError"


async def test_the_function_is_told_how_it_was_invoked(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.settled("f", "1")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    for qualifier, arn, version in (
        (None, ARN, "$LATEST"),
        ("$LATEST", ARN + ":$LATEST", "$LATEST"),
        ("1", ARN + ":1", "1"),
        ("live", ARN + ":live", "1"),
    ):
        more = {"Qualifier": qualifier} if qualifier else {}
        assert (await house.invoke(**more))["ExecutedVersion"] == version
        config, invocation = house.pool.invoked[-1]
        assert (invocation.function_arn, config.version) == (arn, version)


async def test_the_tail_is_the_end_of_the_log(house: LambdaHouse) -> None:
    await house.create()

    def body(event: Any, invocation: Invocation) -> Any:
        invocation.log.line(1, "a line")
        invocation.log.line(2, "[ERROR] of two\nlines")
        return event

    house.pool.bodies["f"] = body
    answer = await house.invoke(event=1, LogType="Tail")
    request_id = house.pool.invoked[-1][1].request_id
    assert base64.b64decode(answer["LogResult"]).decode().splitlines() == [
        f"START RequestId: {request_id} Version: $LATEST",
        "a line",
        "[ERROR] of two",
        "lines",
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\t",
    ]
    assert "LogResult" not in await house.invoke(event=1)


async def test_a_long_tail_is_cut_to_4_kb(house: LambdaHouse) -> None:
    await house.create()

    def body(event: Any, invocation: Invocation) -> Any:
        for number in range(1000):
            invocation.log.line(1, f"line {number} é")
        return None

    house.pool.bodies["f"] = body
    tail = base64.b64decode((await house.invoke(event=1, LogType="Tail"))["LogResult"])
    assert len(tail) == 4096 and "line 999 é" in tail.decode("utf-8", "replace")


async def test_lines_reach_the_log_stream_of_the_environment(house: LambdaHouse) -> None:
    await house.create(LoggingConfig={"LogGroup": "/shared"})

    def body(event: Any, invocation: Invocation) -> Any:
        invocation.log.line(1, "hello")

    house.pool.bodies["f"] = body
    await house.invoke()
    targets = {(target.group, target.stream) for target, _ in house.telemetry.written}
    assert targets == {("/shared", STREAM)}
    assert [text.split(" ")[0].strip() for _, text in house.telemetry.written] == [
        "START",
        "hello",
        "END",
        "REPORT",
    ]


async def test_json_logging(house: LambdaHouse) -> None:
    await house.create(LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    await house.invoke()
    events = [json.loads(text) for _, text in house.telemetry.written]
    assert [event["type"] for event in events] == [
        "platform.start",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert events[2]["record"]["metrics"] == {
        "durationMs": 1.234,
        "billedDurationMs": 2,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 40,
    }
    house.telemetry.written.clear()
    await house.do("UpdateFunctionConfiguration", FunctionName="f", LoggingConfig={"SystemLogLevel": "WARN"})
    await house.settled()
    await house.invoke()
    assert house.telemetry.written == []

    def body(event: Any, invocation: Invocation) -> Any:
        raise Failed(Status.TIMEOUT, "Sandbox.Timedout")

    house.pool.bodies["f"] = body
    await house.invoke()
    assert [json.loads(text)["record"]["status"] for _, text in house.telemetry.written] == ["timeout"] * 2


async def test_metrics(house: LambdaHouse) -> None:
    await house.create()
    await house.invoke(event=1)

    def body(event: Any, invocation: Invocation) -> Any:
        raise Failed

    house.pool.bodies["f"] = body
    await house.invoke(event=1)
    await house.telemetry.flush()
    for dimensions in ({}, {"FunctionName": "f"}, {"FunctionName": "f", "Resource": "f"}):
        assert house.telemetry.sum_of("Invocations", **dimensions) == 2
        assert house.telemetry.sum_of("Errors", **dimensions) == 1
        assert house.telemetry.sum_of("Duration", **dimensions) == pytest.approx(2.46)
        assert house.telemetry.sum_of("ConcurrentExecutions", **dimensions) == 2
    errors = [p for p in house.telemetry.emitted if p.name == "Errors" and not p.dimensions]
    assert sum(point.count for point in errors) == 2  # so that their average is the error rate
    await house.telemetry.flush()
    assert house.telemetry.sum_of("Invocations") == 2


async def test_active_tracing_samples_and_says_so(house: LambdaHouse) -> None:
    await house.create(TracingConfig={"Mode": "Active"})
    answer = await house.invoke(LogType="Tail")
    header = house.pool.invoked[-1][1].trace_id
    assert header is not None and header.startswith("Root=1-") and ";Sampled=1;" in header
    root, parent = (part.partition("=")[2] for part in header.split(";")[:2])
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert f"XRAY TraceId: {root}\tSegmentId: {parent}\tSampled: true" in tail
    await house.create("g")
    await house.invoke("g")
    assert ";Sampled=0;" in (house.pool.invoked[-1][1].trace_id or "")


async def test_payloads_that_are_no_json_or_too_large(house: LambdaHouse) -> None:
    await house.create()
    code, message = await house.refuses("Invoke", FunctionName="f", Payload=b"n\x87r")
    assert code == "InvalidRequestContentException"
    assert message == (
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte 0x87\n"
        " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 3]"
    )
    code, message = await house.refuses("Invoke", FunctionName="f", Payload=b'"' + b"x" * 6_291_455 + b'"')
    assert (code, message) == (
        "RequestTooLargeException",
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
    )
    code, _ = await house.refuses(
        "Invoke", FunctionName="f", InvocationType="Event", Payload=b'"' + b"x" * 1_048_576 + b'"'
    )
    assert code == "RequestTooLargeException"
    assert house.pool.invoked == []


async def test_client_contexts(house: LambdaHouse) -> None:
    await house.create()
    text = json.dumps({"custom": {"a": "b"}})
    await house.invoke(ClientContext=base64.b64encode(text.encode()).decode())
    assert house.pool.invoked[-1][1].client_context == text
    for wrong in ("%%%", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode()):
        code, message = await house.refuses("Invoke", FunctionName="f", ClientContext=wrong)
        assert code == "InvalidRequestContentException"
        assert message == "Client context must be a valid Base64-encoded JSON object."


async def test_a_dry_run_only_checks(house: LambdaHouse) -> None:
    await house.create()
    assert (await house.invoke(InvocationType="DryRun"))["StatusCode"] == 204
    assert house.pool.invoked == []
    code, _ = await house.refuses("Invoke", FunctionName="g", InvocationType="DryRun")
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"InvocationType": "Later"}, "Value 'Later' at 'invocationType'"),
        ({"LogType": "Head"}, "Value 'Head' at 'logType'"),
        ({"FunctionName": "not a name"}, "Value 'not a name' at 'functionName'"),
        ({"Qualifier": "no good"}, "Value 'no good' at 'qualifier'"),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
async def test_members_are_validated_on_the_hot_path_too(
    house: LambdaHouse, member: dict[str, str], message: str, cached: bool
) -> None:
    await house.create()
    if cached:
        await house.invoke()
    code, said = await house.refuses("Invoke", **{"FunctionName": "f", "Payload": b""} | member)
    assert code == "ValidationException" and message in said


async def test_what_invoke_does_not_support_is_named(house: LambdaHouse) -> None:
    await house.create()
    for member in ({"TenantId": "t"}, {"DurableExecutionName": "d"}):
        error = await house.fails("lambda", "Invoke", {"FunctionName": "f"} | member)
        assert error.status == 501 and next(iter(member)) in error.message


async def test_reserved_concurrency_throttles(house: LambdaHouse) -> None:
    await house.create()
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=1)
    house.pool.gate.clear()
    first = asyncio.create_task(house.invoke(event=1))
    await until(lambda: house.pool.running == 1)
    error = await house.fails("lambda", "Invoke", {"FunctionName": "f"})
    assert (error.code, error.message, error.status) == ("TooManyRequestsException", "Rate Exceeded.", 429)
    assert error.fields["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    house.pool.gate.set()
    assert (await first)["StatusCode"] == 200
    assert (await house.invoke(event=1))["StatusCode"] == 200
    await house.telemetry.flush()
    assert house.telemetry.sum_of("Throttles", FunctionName="f") == 1


async def test_what_others_reserved_is_not_for_the_rest(house: LambdaHouse) -> None:
    await house.create("reserved")
    await house.create()
    await house.do("PutFunctionConcurrency", FunctionName="reserved", ReservedConcurrentExecutions=900)
    house.pool.gate.clear()
    running = [asyncio.create_task(house.invoke(event=1)) for _ in range(100)]
    await until(lambda: house.pool.running == 100)
    error = await house.fails("lambda", "Invoke", {"FunctionName": "f"})
    assert error.fields["Reason"] == "ConcurrentInvocationLimitExceeded"
    house.pool.gate.set()
    await asyncio.gather(*running)
    assert (await house.invoke(event=1))["StatusCode"] == 200


async def test_a_caller_who_goes_away_changes_nothing_for_the_function(house: LambdaHouse) -> None:
    await house.create()
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=1)
    house.pool.gate.clear()
    call = asyncio.create_task(house.invoke(event=1))
    await until(lambda: house.pool.running == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    error = await house.fails("lambda", "Invoke", {"FunctionName": "f"})
    assert error.code == "TooManyRequestsException"  # it still runs, and still counts
    house.pool.gate.set()
    await until(lambda: house.pool.running == 0)
    assert [text.split(" ")[0] for _, text in house.telemetry.written] == ["START", "END", "REPORT"]
    assert (await house.invoke(event=1))["StatusCode"] == 200


async def test_weights_share_the_invocations(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.do("UpdateFunctionCode", FunctionName="f", ZipFile=pack({"index.py": "# 2"}), Publish=True)
    await house.settled("f", "2")
    await house.do(
        "CreateAlias",
        FunctionName="f",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    versions = [(await house.invoke(Qualifier="live"))["ExecutedVersion"] for _ in range(400)]
    assert 60 <= versions.count("2") <= 140 and versions.count("1") == 400 - versions.count("2")
    await house.telemetry.flush()
    split = {"FunctionName": "f", "Resource": "f:live", "ExecutedVersion": "2"}
    assert house.telemetry.sum_of("Invocations", **split) == versions.count("2")
    assert house.telemetry.sum_of("Invocations", FunctionName="f", Resource="f:live") == 400


async def test_changes_reach_the_next_invocation(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.do("UpdateFunctionConfiguration", FunctionName="f", Description="second")
    await house.settled()
    await house.do("PublishVersion", FunctionName="f")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    assert (await house.invoke(Qualifier="live"))["ExecutedVersion"] == "1"
    await house.do("UpdateAlias", FunctionName="f", Name="live", FunctionVersion="2")
    assert (await house.invoke(Qualifier="live"))["ExecutedVersion"] == "2"
    await house.do("DeleteAlias", FunctionName="f", Name="live")
    code, message = await house.refuses("Invoke", FunctionName="f", Qualifier="live")
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {ARN}:live")


async def test_a_change_on_another_node_is_seen(house: LambdaHouse) -> None:
    """What empties the cache is the store's news, not only the operation that ran here."""
    await house.create()
    await house.invoke()
    record = await house.store.get(("lambda", "000000000000", "us-east-1", "function", "f"))
    assert record is not None and house.state.targets.cached
    from fogbank.store.api import Transaction

    await house.store.commit(Transaction().delete(record.key))
    await until(lambda: not house.state.targets.cached)
    code, _ = await house.refuses("Invoke", FunctionName="f")
    assert code == "ResourceNotFoundException"


async def test_a_pending_function_cannot_be_invoked(house: LambdaHouse) -> None:
    from tests.services.lambda_.fakes import creation

    house.state.settler.begin = lambda name, version: None  # type: ignore[method-assign]
    await house.do("CreateFunction", **creation())
    code, message = await house.refuses("Invoke", FunctionName="f")
    assert (code, message) == (
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    )
