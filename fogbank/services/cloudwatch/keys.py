"""Where everything of CloudWatch lies in the store. Only this file knows the layout."""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.model.call import Call
from fogbank.store.api import Key


class Place(NamedTuple):
    """The account and region that own a metric or alarm."""

    account: str
    region: str


def place_of(ctx: Call[Any]) -> Place:
    return Place(ctx.account, ctx.region)


#: What was acknowledged and not folded into rows yet: a log.
JOURNAL: Key = ("cloudwatch", "", "", "journal")
#: The record whose version guards folding, so that only one node folds an entry.
FOLD: Key = ("cloudwatch", "", "", "fold")
#: Accounts and regions that have metrics or alarms.
PLACES: Key = ("cloudwatch", "", "", "place")

#: Every alarm, for the lane that evaluates them.
ALARMED: Key = ("cloudwatch", "", "", "alarmed")


def alarmed(place: Place, name: str) -> Key:
    return (*ALARMED, *place, name)


def place(place: Place) -> Key:
    return (*PLACES, *place)


def _key(place: Place, kind: str, *rest: str | int | bytes) -> Key:
    return ("cloudwatch", *place, kind, *rest)


def metrics(place: Place, *names: str) -> Key:
    """All metrics; of a namespace; of a namespace and name."""
    return _key(place, "metric", *names)


def metric(place: Place, namespace: str, name: str, metric_id: bytes) -> Key:
    return _key(place, "metric", namespace, name, metric_id)


def rows(place: Place, metric_id: bytes, resolution_s: int) -> Key:
    return _key(place, "row", metric_id, resolution_s)


def row(place: Place, metric_id: bytes, resolution_s: int, start_s: int, unit: str) -> Key:
    return _key(place, "row", metric_id, resolution_s, start_s, unit)


def alarms(place: Place) -> Key:
    return _key(place, "alarm")


def alarm(place: Place, name: str) -> Key:
    return _key(place, "alarm", name)


def histories(place: Place) -> Key:
    return _key(place, "history")


def history(place: Place, time_ms: int, number: int, name: str) -> Key:
    return _key(place, "history", time_ms, number, name)


def alarm_histories(place: Place, name: str) -> Key:
    return _key(place, "alarm-history", name)


def alarm_history(place: Place, name: str, time_ms: int, number: int) -> Key:
    return _key(place, "alarm-history", name, time_ms, number)
