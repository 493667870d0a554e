"""Which bus or rule a name or ARN means, and the records behind it."""

from __future__ import annotations

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.bus_records import DEFAULT_BUS, Bus, BusPlace, decode_bus
from fogbank.services.events.service import not_found, validation
from fogbank.services.events.state import Events
from fogbank.store.api import ABSENT, Store, Transaction


def no_bus(name: str) -> AwsError:
    return not_found(f"Event bus {name} does not exist.")


def no_rule(rule: str, bus: str) -> AwsError:
    return not_found(f"Rule {rule} does not exist on EventBus {bus}.")


def place_of(account: str, region: str, name_or_arn: str | None) -> BusPlace:
    """The bus; `default` where none is named."""
    if not name_or_arn:
        return BusPlace(account, region, DEFAULT_BUS)
    if name_or_arn.startswith("arn:"):
        arn = parse_arn(name_or_arn)
        if arn is not None and arn.service == "events" and arn.resource.startswith("event-bus/"):
            return BusPlace(arn.account, arn.region, arn.resource.removeprefix("event-bus/"))
    return BusPlace(account, region, name_or_arn)


def own_place(ctx: Call[Events], name_or_arn: str | None) -> BusPlace:
    """A bus of the caller's own account and region."""
    place = place_of(ctx.account, ctx.region, name_or_arn)
    if (place.account, place.region) != (ctx.account, ctx.region):
        raise no_bus(place.name)
    return place


async def find_bus(store: Store, place: BusPlace, now_ms: int) -> tuple[Bus, int]:
    """The bus and its record's version. `default` is always there; its record is written when it is first looked at."""
    key = keys.bus(place.account, place.region, place.name)
    while True:
        record = await store.get(key)
        if record is not None:
            return decode_bus(record.value), record.version
        if place.name != DEFAULT_BUS:
            raise no_bus(place.name)
        made = Bus(place.account, place.region, DEFAULT_BUS, now_ms, now_ms)
        try:
            committed = await store.commit(Transaction().put(key, made.encode(), expect=ABSENT))
        except Conflict:
            continue
        return made, committed.versions[0]


async def check_bus(store: Store, place: BusPlace) -> None:
    """ResourceNotFoundException when there is none."""
    if place.name == DEFAULT_BUS:
        return
    if await store.get(keys.bus(place.account, place.region, place.name)) is None:
        raise no_bus(place.name)


def tagged_of_arn(ctx: Call[Events], text: str) -> tuple[BusPlace, str | None]:
    """The bus that an ARN names, or (the bus, the rule)."""
    arn = parse_arn(text)
    if arn is None or arn.service != "events":
        raise validation(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
    kind, _, name = arn.resource.partition("/")
    if not name or (arn.account, arn.region) != (ctx.account, ctx.region):
        raise validation(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
    if kind == "event-bus":
        return BusPlace(arn.account, arn.region, name), None
    if kind == "rule":
        bus, _, rule = name.rpartition("/")
        return BusPlace(arn.account, arn.region, bus or DEFAULT_BUS), rule
    raise validation(f"Parameter {text} is not valid. Reason: Provided Arn is not in correct format.")
