"""PutEvents: what an event must be, and its way to the queues of what rules owe. Durable before it is answered."""

from __future__ import annotations

from typing import Any

from fogbank.asl.documents import loads
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.events.event import event_of
from fogbank.services.events.limits import ENTRIES_BYTES_MAX, TIME_BYTES
from fogbank.services.events.lookup_buses import place_of
from fogbank.services.events.publishing import Given, publish
from fogbank.services.events.service import SERVICE, validation
from fogbank.services.events.state import Events

Wire = dict[str, Any]


@SERVICE.operation(refuses={"EndpointId"})
async def put_events(ctx: Call[Events], *, entries: list[Wire]) -> Wire:
    if sum(_size(entry) for entry in entries) > ENTRIES_BYTES_MAX:
        raise validation("Total size of the entries in the request is over the limit.")
    answers: list[Wire] = []
    given: list[Given] = []
    now_ms = ctx.state.clock.now_ms()
    for entry in entries:
        try:
            detail = _checked(entry)
        except AwsError as refused:
            answers.append({"ErrorCode": refused.code, "ErrorMessage": refused.message})
            continue
        event = event_of(
            id=ctx.state.ids.uuid(),
            detail_type=entry["DetailType"],
            source=entry["Source"],
            account=ctx.account,
            time_ms=entry.get("Time", now_ms),
            region=ctx.region,
            resources=entry.get("Resources") or [],
            detail=detail,
        )
        place = place_of(ctx.account, ctx.region, entry.get("EventBusName"))
        given.append(Given(place, event, entry.get("TraceHeader") or ctx.caller.trace))
        answers.append({"EventId": event["id"]})
    await publish(ctx, given, check=True)
    failed = sum("ErrorCode" in answer for answer in answers)
    ctx.state.metrics.put(ctx.account, ctx.region, len(entries), failed)
    return {"FailedEntryCount": failed, "Entries": answers}


@SERVICE.internal
async def deliver(ctx: Call[Events], *, events: list[Wire]) -> None:
    """Events of AWS's services, whole, for the default bus of the caller's account and region."""
    place = place_of(ctx.account, ctx.region, None)
    await publish(ctx, [Given(place, event) for event in events], check=False)


def _size(entry: Wire) -> int:
    """As AWS counts an entry."""
    texts = [
        entry.get("Source"),
        entry.get("DetailType"),
        entry.get("Detail"),
        *(entry.get("Resources") or []),
    ]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text)
    return size + (TIME_BYTES if "Time" in entry else 0)


def _checked(entry: Wire) -> Any:
    """The entry's detail, parsed. Raises the error of the entry."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            raise AwsError("InvalidArgument", message)
    if entry["Source"].startswith("aws."):
        raise AwsError("NotAuthorizedForSource", "Not authorized for the source.")
    try:
        detail = loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        raise AwsError("MalformedDetail", "Detail is malformed.")
    return detail
