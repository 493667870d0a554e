"""An event for an API destination: the request that the destination, the target and the connection make, within the rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fogbank.asl.documents import dumps, loads
from fogbank.core.arn import Arn
from fogbank.gateway.connected import (
    UNAUTHORIZED,
    Additions,
    Unmergeable,
    merged_body,
    merged_headers,
    merged_query,
    send,
    with_query,
)
from fogbank.gateway.http_connection import HttpAnswer, HttpError
from fogbank.services.events import keys
from fogbank.services.events.additions import additions_of
from fogbank.services.events.event import Owed
from fogbank.services.events.inputs import is_missing, value_at
from fogbank.services.events.limits import DESTINATION_TIMEOUT_S
from fogbank.services.events.lookup import connection_of_arn, name_in
from fogbank.services.events.records import ApiDestination, decode_destination
from fogbank.services.events.undelivered import Later, Undelivered

if TYPE_CHECKING:
    from fogbank.services.events.state import Events

_AGAIN = frozenset({409, 429})
_DEFAULT = [("Content-Type", "application/json; charset=utf-8")]
#: Nobody overrides these.
_FIXED = [("User-Agent", "Amazon/EventBridge/ApiDestinations"), ("Range", "bytes=0-1048575")]
_RETRY_AFTER_S_MAX = 86_400


async def call_destination(state: Events, owed: Owed, arn: Arn, text: str) -> None:
    """Raises Undelivered, Later, AwsError."""
    destination = await _find(state, str(arn))
    wait_s = state.pacing.wait_s(destination.arn, destination.rate, state.clock.monotonic_s())
    if wait_s:
        raise Later(max(1, round(wait_s * 1000)))
    found = await connection_of_arn(state.store, destination.connection_arn)
    if found is None:
        raise Undelivered("RESOURCE_NOT_FOUND", "The connection does not exist.", again=False)
    added = await additions_of(state, *found)
    answer = await _ask(state, destination, owed, text, added)
    if answer.status in UNAUTHORIZED and added.stamp:
        added = await additions_of(state, *found, added.stamp)
        answer = await _ask(state, destination, owed, text, added)
    if 200 <= answer.status < 300:
        return
    if answer.status in UNAUTHORIZED:
        # As on AWS: what was refused is not used again until the connection is updated.
        await state.tokens.deauthorize(found[0], f"the endpoint answered with status {answer.status}")
    again = answer.status >= 500 or answer.status in _AGAIN
    message = f"The API destination answered with status {answer.status}."
    raise Undelivered("SDK_CLIENT_ERROR", message, again=again, pause_ms=_retry_after_ms(answer))


async def _find(state: Events, arn: str) -> ApiDestination:
    named = name_in(arn, "api-destination")
    record = None if named is None else await state.store.get(keys.destination(*named[:3]))
    destination = None if record is None else decode_destination(record.value)
    if destination is None or destination.arn != arn:
        raise Undelivered("RESOURCE_NOT_FOUND", "The API destination does not exist.", again=False)
    return destination


async def _ask(
    state: Events, destination: ApiDestination, owed: Owed, text: str, added: Additions
) -> HttpAnswer:
    http = owed.target.get("HttpParameters") or {}
    given = _resolved(http.get("HeaderParameters") or {}, owed)
    if any(char < " " and char != "\t" for _, value in given for char in value):
        raise Undelivered("INVALID_INPUT", "A header's value is not one line.", again=False)
    headers = merged_headers(merged_headers(_DEFAULT, given), added.headers)
    headers = merged_headers(headers, _FIXED)
    query = merged_query(_resolved(http.get("QueryStringParameters") or {}, owed), added.query)
    url = _path(destination.endpoint, http.get("PathParameterValues") or [], owed)
    try:
        body = dumps(merged_body(loads(text), added.body)) if added.body else text
        return await send(
            state.client,
            destination.method,
            with_query(url, query),
            headers,
            body.encode("utf-8", "replace"),
            timeout_s=DESTINATION_TIMEOUT_S,
        )
    except (Unmergeable, ValueError):
        message = "The input is no JSON object and cannot be merged with the connection's body parameters."
        raise Undelivered("INVALID_INPUT", message, again=False) from None
    except (HttpError, TimeoutError) as error:
        message = f"The API destination does not answer: {error or 'it took too long'}"
        raise Undelivered("SDK_CLIENT_ERROR", message, again=True) from None


def _resolved(given: dict[str, str], owed: Owed) -> list[tuple[str, str]]:
    return [(name, _value(value, owed)) for name, value in given.items()]


def _value(value: str, owed: Owed) -> str:
    """A constant, or what a path leads to in the event; "" for nowhere."""
    if not value.startswith("$"):
        return value
    found: Any = value_at(value, owed.event)
    if is_missing(found):
        return ""
    return found if isinstance(found, str) else dumps(found)


def _path(endpoint: str, values: list[str], owed: Owed) -> str:
    """Each `*` of the endpoint is one path parameter; those that are missing are empty."""
    first, *others = endpoint.split("*")
    parts = [quote(_value(value, owed), safe="-._~") for value in values[: len(others)]]
    parts += [""] * (len(others) - len(parts))
    return first + "".join(part + rest for part, rest in zip(parts, others, strict=True))


def _retry_after_ms(answer: HttpAnswer) -> int:
    text = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
    return min(int(text), _RETRY_AFTER_S_MAX) * 1000 if text.isascii() and text.isdigit() else 0
