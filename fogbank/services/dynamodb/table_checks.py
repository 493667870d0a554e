"""What CreateTable, UpdateTable and DeleteTable refuse beside schemas, indexes and throughput. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.services.dynamodb.limits import CLASS_CHANGES_MAX, CLASS_CHANGES_MS
from fogbank.services.dynamodb.records import TableRecord
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid
from fogbank.services.dynamodb.table import Table

_IN_USE = "Attempt to change a resource which is still in use: "
_CREATED = (
    "Table is being created with a stream enabled, UpdateViewType is required",
    "Table is being created with a stream disabled, UpdateViewType should not be specified",
)
_UPDATED = (
    "If stream is being enabled then UpdateViewType is required",
    "If stream is being disabled, then UpdateViewType must not be specified",
)


def check_is_unprotected(table: Table) -> None:
    if table.record.is_protected:
        raise invalid(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )


def check_is_free(table: Table) -> None:
    """Nothing is under way that must end before the table is changed or deleted. ResourceInUseException."""
    record = table.record
    if record.status != "ACTIVE":
        raise in_use(f"{_IN_USE}Table is being created: {record.name}")
    if record.holders:  # on AWS, backups hold nothing up
        raise in_use(f"{_IN_USE}Table is being backed up or restored from: {record.name}")
    if any(index.status != "ACTIVE" for index in record.indexes):
        raise in_use(f"{_IN_USE}Cannot delete table while indexes are being created, updated, or deleted.")
    if any(replica.status != "ACTIVE" for replica in record.replicas):
        raise in_use("The resource which you are attempting to change is in use.")


def reclassed(record: TableRecord, table_class: str, now_ms: int) -> TableRecord:
    """The table in another class, which costs something else on AWS and nothing here. Raises LimitExceededException."""
    if record.table_class is None and table_class == "STANDARD":
        return record
    recent = tuple(at for at in record.classed_ms if now_ms - at < CLASS_CHANGES_MS)
    if len(recent) >= CLASS_CHANGES_MAX:
        raise SERVICE.error(
            "LimitExceededException",
            f"Updates to TableClass are limited to {CLASS_CHANGES_MAX} times in 30 day(s).",
        )
    if table_class == record.table_class:
        return record
    changed = (*recent, now_ms)
    return replace(record, table_class=table_class, class_updated_ms=now_ms, classed_ms=changed)


def stream_view(given: dict[str, Any], *, is_new: bool = False) -> str | None:
    """StreamSpecification; None when it is to be off. `is_new`: the table is."""
    without, beside = _CREATED if is_new else _UPDATED
    view = given.get("StreamViewType")
    if not given["StreamEnabled"]:
        if view is not None:
            raise bad_value(beside)
        return None
    if view is None:
        raise bad_value(without)
    return str(view)
