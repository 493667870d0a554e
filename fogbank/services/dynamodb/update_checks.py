"""What UpdateTable refuses by the request alone: one change at a call, with few exceptions. Pure."""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.limits import GSI_MAX
from fogbank.services.dynamodb.service import bad_value, invalid

_ALONE = (  # in the order in which AWS names them
    ("SSESpecification", "Server-Side Encryption modification must be the only operation in the request"),
    ("TableClass", "TableClass modification must be the only operation in the request"),
    (
        "DeletionProtectionEnabled",
        "DeletionProtection modification must be the only operation in the request",
    ),
)
_ACTIONS = ("Update", "Create", "Delete")


def check_request(asked: dict[str, Any]) -> None:
    """`asked`: the members that say a change. Raises ValidationException."""
    names = set(asked)
    updates = asked.get("GlobalSecondaryIndexUpdates")
    if not names or (names == {"GlobalSecondaryIndexUpdates"} and not updates):
        raise invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
            "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
            "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
        )
    if "ReplicaUpdates" in names and len(names) > 1:
        raise bad_value("Replica modification must be the only operation in the request")
    for name, message in _ALONE:
        if name in names and len(names) > 1:
            raise bad_value(message)
    actions = [_action(update) for update in updates or ()]
    if updates is not None and not updates:
        raise bad_value("List of GlobalSecondaryIndexUpdates is empty")
    _check_combined(names, asked.get("BillingMode"), actions)
    _check_indexes(updates or [], actions)


def _action(update: dict[str, Any]) -> str:
    given = [action for action in _ACTIONS if action in update]
    if not given:
        named = ", ".join(f"GlobalSecondaryIndexUpdate.{action}" for action in _ACTIONS)
        raise bad_value(f"One of {named} must not be null")
    if len(given) > 1:
        raise bad_value(
            "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"
        )
    return given[0]


def _check_combined(names: set[str], mode: str | None, actions: list[str]) -> None:
    moves_index = any(action != "Update" for action in actions)
    if "WarmThroughput" in names:
        if "Create" in actions:
            raise bad_value("Create global secondary index cannot be specified when updating WarmThroughput")
        if "OnDemandThroughput" not in names and names - {"WarmThroughput", "GlobalSecondaryIndexUpdates"}:
            raise bad_value("WarmThroughput must be the only operation in the request")
    if "OnDemandThroughput" in names and names - {"OnDemandThroughput", "BillingMode"}:
        raise bad_value("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    if "StreamSpecification" in names:
        if "ProvisionedThroughput" in names or mode == "PROVISIONED":
            raise bad_value("You cannot modify stream status while updating table IOPS")
        if moves_index:
            raise bad_value("You cannot create or delete index while changing stream status")
    if "ProvisionedThroughput" in names and moves_index:
        raise bad_value("You cannot create or delete index while updating table IOPS")


def _check_indexes(updates: list[dict[str, Any]], actions: list[str]) -> None:
    seen: set[str] = set()
    for update, action in zip(updates, actions, strict=True):
        given = update[action]
        name = given["IndexName"]
        if name in seen:
            raise bad_value(
                f"Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)
        if action == "Update" and given.get("WarmThroughput") == {}:
            raise bad_value(
                "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: "
                f"{name}"
            )
    if len(updates) > GSI_MAX:
        raise bad_value(f"GlobalSecondaryIndex count exceeds the per-table limit of {GSI_MAX}")
