"""Events onto buses: what their rules owe is queued in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fogbank.model.call import Call
from fogbank.services.events.bus_access import check_may_put
from fogbank.services.events.bus_records import BusPlace, Rule
from fogbank.services.events.matching import owe
from fogbank.store.api import Transaction

if TYPE_CHECKING:
    from fogbank.services.events.state import Events


@dataclass(frozen=True, slots=True)
class Given:
    """An event for a bus."""

    place: BusPlace
    event: dict[str, Any]
    trace: str = ""


async def publish(ctx: Call[Events], given: list[Given], *, check: bool, hops: int = 0) -> None:
    """Queue what the rules of the buses owe for the events, in one transaction. Events for buses that are not there go nowhere,
    as on AWS. `check`: AccessDeniedException for a bus of another account whose policy does not let the caller."""
    state, now_ms = ctx.state, ctx.state.clock.now_ms()
    transaction = Transaction()
    matched: list[Rule] = []
    for each in given:
        served = await state.rules.of(each.place)
        if check:
            check_may_put(ctx.caller, None if served is None else served.bus, each.place)
        if served is None:
            continue
        for rule in served.matching(each.event):
            matched.append(rule)
            owe(
                transaction,
                state.ids,
                rule,
                each.event,
                now_ms,
                ingested_ms=now_ms,
                hops=hops,
                trace=each.trace,
            )
    if transaction.operations:
        await state.store.commit(transaction)
    for rule in matched:
        state.metrics.matched(rule)
