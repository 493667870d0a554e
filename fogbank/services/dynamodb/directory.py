"""Finds tables by name. A cached table may be old, as another node may have changed it: every write checks its version,
and news of the store empties the cache."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import TABLES_CACHED_MAX
from fogbank.services.dynamodb.records import TableRecord
from fogbank.services.dynamodb.service import invalid, no_table, not_found
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Store

_NAME = re.compile(r"[a-zA-Z0-9_.-]+\Z")
NAME_CHARS = (3, 255)


class Directory:
    """Tables of one node's memory, over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables: dict[tuple[str, str, str], Table] = {}

    def start(self) -> None:
        self._store.watch_records(keys.all_tables(), self._tables.clear)

    async def find(self, ctx: Call[Any], name_or_arn: str) -> Table:
        """The table that a request about items names. ResourceNotFoundException, ValidationException."""
        cached = self._tables.get((ctx.account, ctx.region, name_or_arn))
        if cached is not None:
            return cached
        name = table_name(ctx, name_or_arn)
        found = await self.load(Place(ctx.account, ctx.region), name)
        if found is None or found.record.status != "ACTIVE":
            raise not_found()
        return found

    async def load(self, place: Place, name: str) -> Table | None:
        """The table as stored now; None when there is none."""
        record = await self._store.get(keys.table(place, name))
        if record is None:
            self._tables.pop((*place, name), None)
            return None
        table = Table(place, TableRecord.unpack(record.value), record.version)
        if table.record.status != "ACTIVE":
            return table  # never from the cache: `find` does not have it yet
        if len(self._tables) >= TABLES_CACHED_MAX:
            del self._tables[next(iter(self._tables))]
        self._tables[(*place, name)] = table
        return table

    async def described(self, ctx: Call[Any], name_or_arn: str) -> Table:
        """The table that a request about tables names, as stored now."""
        name = table_name(ctx, name_or_arn)
        found = await self.load(Place(ctx.account, ctx.region), name)
        if found is None:
            raise no_table(name)
        return found

    def forget(self, place: Place, name: str) -> None:
        self._tables.pop((*place, name), None)


def table_name(ctx: Call[Any], name_or_arn: str, *, is_new: bool = False) -> str:
    """The name in a TableName parameter, which may be an ARN. Raises ValidationException, AccessDeniedException."""
    name = name_or_arn
    if name_or_arn.startswith("arn:"):
        arn = parse_arn(name_or_arn)
        if arn is None or arn.service != "dynamodb" or not arn.resource.startswith("table/"):
            raise invalid(f"Invalid table ARN: {name_or_arn}")
        if arn.account != ctx.account:  # resource policies, which could allow it, are not supported
            message = f"User: {ctx.principal.arn} is not authorized to access this resource: {name_or_arn}"
            raise AwsError("AccessDeniedException", message)
        if arn.region != ctx.region:
            raise invalid(f"Region in the table ARN {name_or_arn} is not the region of the request")
        name = arn.resource.removeprefix("table/")
    if is_new:
        check_name(name, "TableName", "tableName")
    else:
        _check_known_name(name)
    return name


def _check_known_name(name: str) -> None:
    """Where a table is only named, the length is told as any constraint of the model is; CreateTable says it in its own words."""
    low, high = NAME_CHARS
    if low <= len(name) <= high and _NAME.match(name):
        return
    where = f"Value '{name}' at 'tableName' failed to satisfy constraint: "
    problems: list[str] = []
    if not _NAME.match(name):
        problems.append(f"{where}Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    if len(name) < low:
        problems.append(f"{where}Member must have length greater than or equal to {low}")
    if len(name) > high:
        problems.append(f"{where}Member must have length less than or equal to {high}")
    errors = "error" if len(problems) == 1 else "errors"
    raise invalid(f"{len(problems)} validation {errors} detected: {'; '.join(problems)}")


def check_name(name: str, member: str, path: str) -> None:
    """Names of tables and indexes. AWS's wording differs from that of constraints in its model for the length only."""
    low, high = NAME_CHARS
    if not low <= len(name) <= high:
        raise invalid(f"{member} must be at least {low} characters long and at most {high} characters long")
    if not _NAME.match(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at '{path}' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )
