"""What UpdateTable answers: AWS is still at work then, and shows some settings as they were, others as they will be. Pure.

Whoever looks again finds all of it done.
"""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.table_shapes import billing_shown

_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits", "NumberOfDecreasesToday")
Shown = dict[str, Any]
Updates = list[dict[str, Any]]
#: Changes that leave the table's status alone.
QUIET = {"DeletionProtectionEnabled", "SSESpecification", "OnDemandThroughput", "WarmThroughput"}


def answer(before: Shown, after: Shown, asked: set[str], index_updates: Updates, now_ms: int) -> Shown:
    """`before`, `after`: the table described; `asked`: the members of the request."""
    shown = dict(after)
    if asked - QUIET and not _are_quiet(asked, index_updates):
        shown["TableStatus"] = "UPDATING"
    if before["ProvisionedThroughput"] != after["ProvisionedThroughput"] or "BillingMode" in asked:
        shown |= _throughput(before, after, now_ms)
    if "SSESpecification" in asked:
        shown["SSEDescription"] = (before.get("SSEDescription") or after["SSEDescription"]) | {
            "Status": "UPDATING"
        }
    if "TableClass" in asked:
        _as_before(shown, before, "TableClassSummary")
    if "WarmThroughput" in asked:
        shown["WarmThroughput"] = before["WarmThroughput"] | {"Status": "UPDATING"}
    if index_updates:
        shown |= _indexes(before, after, index_updates)
    return shown


def _are_quiet(asked: set[str], index_updates: Updates) -> bool:
    """Nothing is asked but other throughput for indexes, which is a matter of their own status."""
    return asked - QUIET == {"GlobalSecondaryIndexUpdates"} and all(
        "Update" in each for each in index_updates
    )


def _as_before(shown: Shown, before: Shown, member: str) -> None:
    shown.pop(member, None)
    if member in before:
        shown[member] = before[member]


def _mode(shown: Shown) -> str:
    return str(shown.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"))


def _throughput(before: Shown, after: Shown, now_ms: int) -> Shown:
    if _mode(before) == _mode(after):
        return {"ProvisionedThroughput": _late(before, after)}
    throughput = dict(after["ProvisionedThroughput"])
    found = {"WarmThroughput": before["WarmThroughput"], "ProvisionedThroughput": throughput}
    if _mode(after) == "PROVISIONED":
        throughput["LastIncreaseDateTime"] = now_ms
    else:
        throughput["LastDecreaseDateTime"] = now_ms
        found |= billing_shown("PAY_PER_REQUEST", None)
    return found


def _late(before: Shown, after: Shown) -> Shown:
    """Throughput on its way: when it was asked for, and the units that there are until it is there."""
    there = before["ProvisionedThroughput"]
    late: Shown = after["ProvisionedThroughput"] | {member: there[member] for member in _UNITS}
    return late


def _indexes(before: Shown, after: Shown, updates: Updates) -> Shown:
    was = {index["IndexName"]: index for index in before.get("GlobalSecondaryIndexes", ())}
    found = [
        _index(was.get(index["IndexName"]), index, updates)
        for index in after.get("GlobalSecondaryIndexes", ())
    ]
    gone = [update["Delete"]["IndexName"] for update in updates if "Delete" in update]
    if not gone:
        return {"GlobalSecondaryIndexes": found} if found else {}
    # A deleted index goes on for a while, and with it the attributes that only it has in its key.
    leaving = [was[name] | {"IndexStatus": "DELETING"} for name in gone]
    return {
        "AttributeDefinitions": before["AttributeDefinitions"],
        "GlobalSecondaryIndexes": [*found, *leaving],
    }


def _index(before: Shown | None, after: Shown, updates: Updates) -> Shown:
    if before is None:
        return after | {"Backfilling": False}
    for update in updates:
        asked = update.get("Update", {})
        if asked.get("IndexName") != after["IndexName"]:
            continue
        after = dict(after)
        if "WarmThroughput" in asked:
            after["WarmThroughput"] = before["WarmThroughput"] | {"Status": "UPDATING"}
        if "OnDemandThroughput" in asked or "ProvisionedThroughput" in asked:
            after["IndexStatus"] = "UPDATING"
        if "ProvisionedThroughput" in asked and before["ProvisionedThroughput"]["ReadCapacityUnits"]:
            after["ProvisionedThroughput"] = _late(before, after)
    return after
