"""The function at the end of a mapping, and where a stream's records go that were given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.clock import Clock, iso8601_z
from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.sandbox.api import Status
from fogbank.services.lambda_.concurrency import FunctionSlots
from fogbank.services.lambda_.event_source_mapping_counts import EventCounts
from fogbank.services.lambda_.event_source_mapping_records import Mapping
from fogbank.services.lambda_.lineage import times_in
from fogbank.services.lambda_.running import Runner
from fogbank.services.lambda_.targets import Target, Targets
from fogbank.streams.api import Discarded, Outcome, Record, Verdict
from fogbank.streams.waiting import Signal

PATIENCE_MS = 1000  # how long a batch waits for concurrency at a time
DELIVERY_PAUSES_S = (1, 2, 4)  # after attempts at a destination that is busy; ours
_BUSY = frozenset(("KmsThrottled", "SlowDown", "TooManyRequestsException"))

OK = "OK"
FAILED = "PROBLEM: Function call failed"
MISSING = "PROBLEM: Function not found"


class FunctionTarget:
    """Invokes the function. What it cannot do now it says; nothing is counted as the function's failure then."""

    def __init__(
        self,
        mapping: Mapping,
        targets: Targets,
        runner: Runner,
        ids: Ids,
        clock: Clock,
        lanes: Lanes,
        note: Callable[[str], None],
    ) -> None:
        self._name = mapping.function_name
        self._key = (mapping.account, mapping.region, mapping.function, None)
        self._targets = targets
        self._runner = runner
        self._ids = ids
        self._clock = clock
        self._note = note
        self._freed = Signal(clock, lanes)
        self._last: Target | None = None

    async def invoke(self, payload: bytes, traces: Sequence[str] = ()) -> Outcome:
        try:
            target = self._targets.cached.get(self._key) or await self._targets.resolve(self._name, self._key)
        except AwsError as error:
            self._note(MISSING if error.status == 404 else FAILED)
            return Outcome(Verdict.AGAIN)
        self._last = target
        executable = target.pick(self._ids)
        trace = max(traces, key=lambda header: times_in(header, executable.arn), default="")
        if executable.is_looping(trace):
            executable.tally.stopped_loop()
            return Outcome(Verdict.FAILED, b"", self._ids.uuid(), executable.version)
        if executable.slots.enter() is not None:
            executable.tally.throttled()
            if not await self._enter(executable.slots):
                self._note(FAILED)
                return Outcome(Verdict.AGAIN, waited=True)
        request_id = self._ids.uuid()
        try:
            result, _ = await self._runner.run(executable, request_id, payload, trace=trace, patient=True)
        except AwsError:
            self._note(FAILED)
            return Outcome(Verdict.AGAIN)
        verdict = Verdict.DONE if result.status is Status.SUCCESS else Verdict.FAILED
        return Outcome(verdict, result.payload, request_id, executable.version)

    async def _enter(self, slots: FunctionSlots) -> bool:
        """Take a slot as soon as there is one. Not for ever: whoever asks may have to stop, or records grow too old."""
        end_ms = self._clock.now_ms() + PATIENCE_MS
        while slots.enter() is not None:
            if self._clock.now_ms() >= end_ms:
                return False
            slots.when_freed(self._freed.set)
            await self._freed.wait(end_ms)
        return True

    def delivered(self, records: Sequence[Record]) -> None:
        if records and self._last is not None:
            age_ms = max(0, self._clock.now_ms() - records[-1].time_ms)
            self._last.first.tally.iterator_age(age_ms)


class OnFailure:
    """A mapping's OnFailure destination; None: records that were given up are dropped."""

    def __init__(
        self,
        mapping: Mapping,
        calls: Calls,
        caller: Callable[[], Caller],
        clock: Clock,
        ids: Ids,
        failed: Callable[[], None],
        counts: EventCounts | None = None,
    ) -> None:
        self._mapping = mapping
        self._calls = calls
        self._caller = caller
        self._clock = clock
        self._ids = ids
        self._failed = failed
        self._counts = counts

    async def discard(self, discarded: Discarded) -> None:
        delivered = await self._sent(discarded)
        if self._counts is not None:
            name = "OnFailureDestinationDeliveredEventCount" if delivered else "DroppedEventCount"
            self._counts.add(name, len(discarded.records))

    async def _sent(self, discarded: Discarded) -> bool:
        """Send it; whether it has arrived."""
        destination = self._mapping.destination
        if destination is None:
            return False
        document = failure_record(self._mapping, discarded, self._clock.now_ms(), self._ids)
        for pause_s in DELIVERY_PAUSES_S:
            try:
                await self._deliver(destination, document, discarded)
                return True
            except AwsError as error:
                if not _may_pass(error):
                    break
            await self._clock.sleep_s(pause_s)
        self._failed()
        return False

    async def _deliver(self, destination: str, document: dict[str, Any], discarded: Discarded) -> None:
        arn = parse_arn(destination)
        assert arn is not None  # checked when the mapping was made
        caller = self._caller()
        if arn.region:
            caller = replace(caller, region=arn.region)
        if arn.service == "s3":
            document["payload"] = discarded.payload.decode()
            params = {
                "Bucket": arn.resource,
                "Key": self._object_key(discarded.shard),
                "Body": orjson.dumps(document),
            }
            await self._calls.call("s3", "PutObject", params, caller)
        elif arn.service == "sns":
            params = {"TopicArn": destination, "Message": orjson.dumps(document).decode()}
            await self._calls.call("sns", "Publish", params, caller)
        else:
            url = f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}"
            params = {"QueueUrl": url, "MessageBody": orjson.dumps(document).decode()}
            await self._calls.call("sqs", "SendMessage", params, caller)

    def _object_key(self, shard: str) -> str:
        moment = iso8601_z(self._clock.now_ms())[:19]
        day = moment[:10].replace("-", "/")
        stamp = moment.replace(":", ".")
        return f"aws/lambda/{self._mapping.uuid}/{shard}/{day}/{stamp}-{self._ids.uuid()}"


def _may_pass(error: AwsError) -> bool:
    return error.status >= 500 or "Throttl" in error.code or error.code in _BUSY


def failure_record(mapping: Mapping, discarded: Discarded, now_ms: int, ids: Ids) -> dict[str, Any]:
    """What a destination is told: which records, and how it ended."""
    outcome, records = discarded.outcome, discarded.records
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": outcome.request_id if outcome is not None else ids.uuid(),
            "functionArn": mapping.function,
            "condition": discarded.reason.value,
            "approximateInvokeCount": max(1, discarded.invocations),  # also of what aged before it was tried
        }
    }
    if outcome is not None:
        document["responseContext"] = {
            "statusCode": 200,
            "executedVersion": outcome.version,
            "functionError": "Unhandled" if outcome.verdict is Verdict.FAILED else None,
        }
    document |= {
        "version": "1.0",
        "timestamp": iso8601_z(now_ms),
        "DDBStreamBatchInfo": {
            "shardId": discarded.shard,
            "startSequenceNumber": records[0].id,
            "endSequenceNumber": records[-1].id,
            "approximateArrivalOfFirstRecord": f"{iso8601_z(records[0].time_ms)[:19]}Z",
            "approximateArrivalOfLastRecord": f"{iso8601_z(records[-1].time_ms)[:19]}Z",
            "batchSize": len(records),
            "streamArn": mapping.source_arn,
        },
    }
    return document
