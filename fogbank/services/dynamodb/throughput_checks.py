"""What CreateTable and UpdateTable refuse of throughput: provisioned, warm, and the maxima of on-demand tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.limits import (
    DAY_MS,
    DECREASE_PAUSE_MS,
    FREE_DECREASES_MAX,
    ON_DEMAND_WARM,
    TABLE_CAPACITY_MAX,
)
from fogbank.services.dynamodb.records import Throughput
from fogbank.services.dynamodb.service import SERVICE, bad_value, invalid

Given = dict[str, int] | None
ON_DEMAND = "PAY_PER_REQUEST"
UNLIMITED = -1  # what UpdateTable takes a maximum away with
_HOUR_MS = 3_600_000
_MAXIMA = {
    "MaxReadRequestUnits": "TableMaxReadCapacityUnits",
    "MaxWriteRequestUnits": "TableMaxWriteCapacityUnits",
}
_WARM = {
    "ReadUnitsPerSecond": "TableMaxReadCapacityUnits",
    "WriteUnitsPerSecond": "TableMaxWriteCapacityUnits",
}
_UNITS = {"ReadUnitsPerSecond": "ReadCapacityUnits", "WriteUnitsPerSecond": "WriteCapacityUnits"}
_HIGHER = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
_INITIAL = (
    "lower than initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """How an operation says that an index's ProvisionedThroughput is missing, or must not be there."""

    missing: str
    unwanted: str
    prefix: str = "One or more parameter values were invalid: "


CREATED = Wording(
    "ProvisionedThroughput is not specified for index: {}",
    "ProvisionedThroughput should not be specified for index: {} when BillingMode is PAY_PER_REQUEST",
)
ADDED = Wording(
    "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {}",
    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {} when BillingMode is PAY_PER_REQUEST",
)
RESTORED = Wording(
    "Must specify provisioned throughput for index {}",
    "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index {}",
    "Invalid Request: ",
)


# --- provisioned ----------------------------------------------------------------------------------------------------------


def table_throughput(given: Given, billing_mode: str, region: str) -> Throughput:
    """ProvisionedThroughput of CreateTable. Raises ValidationException, LimitExceededException."""
    if billing_mode == ON_DEMAND:
        if given is not None:
            raise unwanted()
        return Throughput()
    if given is None:
        raise bad_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    return within(given, region)


def unwanted() -> AwsError:
    return bad_value(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    )


def index_throughput(
    given: Given, billing_mode: str, index: str, region: str, wording: Wording
) -> Throughput:
    if billing_mode == ON_DEMAND:
        if given is not None:
            raise invalid(wording.prefix + wording.unwanted.format(index))
        return Throughput()
    if given is None:
        raise invalid(wording.prefix + wording.missing.format(index))
    return within(given, region, index)


def within(given: dict[str, int], region: str, index: str = "") -> Throughput:
    """The units, none of them above the account's quota."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[member] > TABLE_CAPACITY_MAX:
            what, owner = (f" for index {index}", "index") if index else ("", "table")
            raise SERVICE.error(
                "LimitExceededException",
                f"The requested {member}{what}, {given[member]}, is above the per {owner} maximum for the account in "
                f"{region}. Per {owner} maximum: {TABLE_CAPACITY_MAX}. {_HIGHER}",
            )
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def changed(before: Throughput, wanted: Throughput, now_ms: int, index: str = "") -> Throughput:
    """`wanted` with the history of `before`. Raises ValidationException, LimitExceededException."""
    if (before.read, before.write) == (wanted.read, wanted.write):
        what, whose = (f"index {index}",) * 2 if index else ("table", "the table")
        raise invalid(
            f"The provisioned throughput for the {what} will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for {whose}: {before.read}. Requested ReadCapacityUnits: "
            f"{wanted.read}. Current WriteCapacityUnits provisioned for {whose}: {before.write}. Requested "
            f"WriteCapacityUnits: {wanted.write}. {_HIGHER}"
        )
    after = replace(before, read=wanted.read, write=wanted.write)
    if wanted.read > before.read or wanted.write > before.write:
        after = replace(after, increased_ms=now_ms)
    if wanted.read < before.read or wanted.write < before.write:
        count = decreases_today(before, now_ms)
        if count >= FREE_DECREASES_MAX and now_ms - before.decreased_ms < DECREASE_PAUSE_MS:
            raise _too_many_decreases(count, before.decreased_ms)
        after = replace(after, decreased_ms=now_ms, decreases_today=count + 1)
    return after


def decreases_today(throughput: Throughput, now_ms: int) -> int:
    """The day is UTC's."""
    return throughput.decreases_today if throughput.decreased_ms // DAY_MS == now_ms // DAY_MS else 0


def _too_many_decreases(count: int, last_ms: int) -> AwsError:
    next_ms = min(last_ms + DECREASE_PAUSE_MS, (last_ms // DAY_MS + 1) * DAY_MS)
    return SERVICE.error(
        "LimitExceededException",
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first "
        f"{FREE_DECREASES_MAX} decreases, each subsequent decrease in the same UTC day can be performed at most once every "
        f"{DECREASE_PAUSE_MS // 1000} seconds. Number of decreases today: {count}. Last decrease at {_spelt(last_ms)}. "
        f"Next decrease can be made at {_spelt(next_ms)}.",
    )


def _spelt(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    hour = moment.hour % 12 or 12
    return (
        f"{moment:%A, %B} {moment.day}, {moment.year} at {hour}:{moment:%M:%S %p} Coordinated Universal Time"
    )


# --- warm -----------------------------------------------------------------------------------------------------------------


def warm_of(stored: Given, billing_mode: str, throughput: Throughput) -> dict[str, int]:
    """The warm throughput of a table or index: the highest it ever had, and at least what it is to serve."""
    own = {"ReadUnitsPerSecond": throughput.read, "WriteUnitsPerSecond": throughput.write}
    least = ON_DEMAND_WARM if billing_mode == ON_DEMAND else own
    return {member: max(units, (stored or {}).get(member, 0)) for member, units in least.items()}


def warmed(
    given: Given, current: dict[str, int], region: str, index: str = "", *, is_new: bool = False
) -> Given:
    """WarmThroughput, over the warm throughput that is there. `is_new`: of a table or index that is being made."""
    if given is None:
        return None
    what = f"index {index}" if index else "table"
    for member, units in given.items():
        named = f"Requested {member} for WarmThroughput for {what}"
        if units > TABLE_CAPACITY_MAX:
            raise _beyond_account(f"{named} exceeds {_WARM[member]}", region)
        if units >= current[member]:
            continue
        if not is_new:
            raise bad_value(
                f"{named} is lower than current WarmThroughput, decreasing WarmThroughput is not supported"
            )
        if current == ON_DEMAND_WARM:
            raise bad_value(f"{named} is {_INITIAL}")
        raise bad_value(f"{named} is lower than {_UNITS[member]} of ProvisionedThroughput")
    return current | given


# --- the maxima of on-demand tables --------------------------------------------------------------------------------------


def maxima_of(
    given: Given, before: Given, billing_mode: str, region: str, index: str = "", *, is_new: bool = False
) -> Given:
    """OnDemandThroughput over what there was, with UNLIMITED for a maximum that is taken away. None: nothing is said."""
    if not given:
        return before
    what = f" for index{':' if is_new else ' :'} {index}" if index else ""
    where = f"for index : {index}" if index else "for table"
    for member, units in given.items():
        if billing_mode != ON_DEMAND:
            mode = (
                "when table BillingMode is PROVISIONED."
                if is_new
                else "when the table BillingMode is PROVISIONED"
            )
            raise bad_value(f"{member} for OnDemandThroughput{what} cannot be specified {mode}")
        if units < 1 and (is_new or units != UNLIMITED):
            raise bad_value(f"Requested {member} for OnDemandThroughput {where} is outside of valid range")
        if units > TABLE_CAPACITY_MAX:
            raise _beyond_account(
                f"Requested {member} for OnDemandThroughput {where} exceeds {_MAXIMA[member]}", region
            )
    return (before or {}) | given


def settled(maxima: Given) -> Given:
    """Without what was taken away."""
    left = {member: units for member, units in (maxima or {}).items() if units != UNLIMITED}
    return left or None


def _beyond_account(what: str, region: str) -> AwsError:
    return SERVICE.error(
        "LimitExceededException", f"Subscriber limit exceeded: {what} of the account in region {region}"
    )


def shown(throughput: Throughput, now_ms: int) -> dict[str, Any]:
    """A ProvisionedThroughputDescription."""
    found: dict[str, Any] = {
        "NumberOfDecreasesToday": decreases_today(throughput, now_ms),
        "ReadCapacityUnits": throughput.read,
        "WriteCapacityUnits": throughput.write,
    }
    if throughput.increased_ms:
        found["LastIncreaseDateTime"] = throughput.increased_ms
    if throughput.decreased_ms:
        found["LastDecreaseDateTime"] = throughput.decreased_ms
    return found
