"""Asynchronous events: what is queued, what becomes of one that failed, and the record a destination gets. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import orjson

from fogbank.core.clock import iso8601_z
from fogbank.core.limits import ASYNC_EVENT_AGE_S_MAX, ASYNC_RETRIES_MAX
from fogbank.services.lambda_.errors import recursive
from fogbank.services.lambda_.names import LATEST, FunctionName
from fogbank.services.lambda_.records import EventInvokeConfig

_RETRY_DELAYS_MS = (60_000, 120_000)  # after the first and the second failed invocation
_BACKOFF_MS_MIN = 1_000
_BACKOFF_MS_MAX = 300_000


class Condition(Enum):
    """Why an event went to a destination."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_CONCURRENCY = "ZeroReservedConcurrency"
    LOOP = "RecursiveInvocation"


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted event. The request id stays the same over all its invocations."""

    account: str
    region: str
    name: str
    qualifier: str | None
    uid: str  # of the function it was accepted for
    request_id: str
    accepted_ms: int
    payload: bytes
    invocations: int = 0
    put_backs: int = 0  # throttled, or not runnable at that time
    trace: str = ""  # the X-Ray header of all its invocations

    @property
    def function(self) -> FunctionName:
        return FunctionName(self.account, self.region, self.name, self.qualifier)


def encode_event(event: Event) -> bytes:
    """A line of JSON, then the payload as it came."""
    head = (
        event.account,
        event.region,
        event.name,
        event.qualifier,
        event.uid,
        event.request_id,
        event.accepted_ms,
        event.invocations,
        event.put_backs,
        event.trace,
    )
    return orjson.dumps(head) + b"\n" + event.payload


def decode_event(body: bytes) -> Event:
    head, _, payload = body.partition(b"\n")
    account, region, name, qualifier, uid, request_id, accepted_ms, *counts = orjson.loads(head)
    return Event(account, region, name, qualifier, uid, request_id, accepted_ms, payload, *counts)


def queue_name(name: FunctionName, uid: str) -> str:
    """The queue of a function's events. A function that is made anew gets a new one."""
    return f"lambda-events/{name.account}/{name.region}/{name.name}/{uid}"


def is_too_old(event: Event, config: EventInvokeConfig | None, at_ms: int) -> bool:
    """The event would be as old as it may not be."""
    age_s_max = ASYNC_EVENT_AGE_S_MAX
    if config is not None and config.event_age_s_max is not None:
        age_s_max = config.event_age_s_max
    return at_ms - event.accepted_ms >= age_s_max * 1000


def after_failure(event: Event, config: EventInvokeConfig | None, now_ms: int) -> int | Condition:
    """When to invoke again an event whose last invocation failed; or why not. `event` counts that invocation."""
    retries_max = ASYNC_RETRIES_MAX
    if config is not None and config.retries_max is not None:
        retries_max = config.retries_max
    if event.invocations > retries_max:
        return Condition.RETRIES_EXHAUSTED
    due_ms = now_ms + _RETRY_DELAYS_MS[event.invocations - 1]
    return Condition.AGE_EXCEEDED if is_too_old(event, config, due_ms) else due_ms


def after_put_back(event: Event, config: EventInvokeConfig | None, now_ms: int) -> int | Condition:
    """When to try again an event that could not be invoked at all; or why not."""
    due_ms = now_ms + min(_BACKOFF_MS_MIN << min(event.put_backs, 16), _BACKOFF_MS_MAX)
    return Condition.AGE_EXCEEDED if is_too_old(event, config, due_ms) else due_ms


def invoked(event: Event) -> Event:
    return replace(event, invocations=event.invocations + 1)


def put_back(event: Event) -> Event:
    return replace(event, put_backs=event.put_backs + 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the last attempt at an event gave: the function's answer, or why it was not invoked (`version` is empty then)."""

    payload: bytes = b""
    version: str = ""
    error: str = ""  # `functionError`
    status: int = 200
    message: str = ""  # for a dead letter, of what did not reach the function


THROTTLED = Answer(status=429, message="Rate Exceeded.")
LOOPED = Answer(status=400, error="RecursiveInvocationException", message=recursive().message)
_NO_JSON = {
    "statusCode": 400,
    "errorCode": "InvalidRequestContentException",
    "errorMessage": "The function response payload could not be parsed as JSON.",
}
#: AWS's own words, with its slip.
NO_CONCURRENCY = "Function not invoked. Function isconfigured with zero reserved concurrent executions"


def invocation_record(event: Event, condition: Condition, answer: Answer | None, now_ms: int) -> bytes:
    """The JSON that a destination receives. A success counts as one invocation, however many it took, as on AWS."""
    name = event.function
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": iso8601_z(now_ms),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{name.arn}:{event.qualifier or LATEST}",
            "condition": condition.value,
            "approximateInvokeCount": 1 if condition is Condition.SUCCESS else event.invocations,
        },
        "requestPayload": _json(event.payload) or event.payload.decode("utf-8", "replace"),
    }
    if answer is not None:
        context: dict[str, Any] = {"statusCode": answer.status}
        if answer.version:
            context["executedVersion"] = answer.version
        if answer.error:
            context["functionError"] = answer.error
        record["responseContext"] = context
    if answer is not None and answer.payload:
        response = _json(answer.payload)
        record |= {"deliveryError": _NO_JSON} if response is None else {"responsePayload": response}
    return orjson.dumps(record)


def error_of(condition: Condition, answer: Answer | None) -> tuple[int | None, str]:
    """ErrorCode and ErrorMessage of a dead letter."""
    if condition is Condition.ZERO_CONCURRENCY:
        return None, NO_CONCURRENCY
    if answer is None:
        return None, ""
    return answer.status, answer.message or error_message(answer.payload)


def error_message(payload: bytes) -> str:
    """The errorMessage of a failed invocation's answer."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    found = document.get("errorMessage") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _json(payload: bytes) -> orjson.Fragment | None:
    """The payload as it came, to be put in place; None where it is no JSON."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return orjson.Fragment(payload)
