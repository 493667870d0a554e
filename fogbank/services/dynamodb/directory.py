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
from fogbank.services.dynamodb.table import MissingTable, Table
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
        place, name = _named(ctx, name_or_arn)
        if name is not name_or_arn and (cached := self._tables.get((*place, name))) is not None:
            return cached  # by its ARN
        found = await self.load(place, name)
        if found is None or found.record.status != "ACTIVE":
            raise not_found()
        return found

    async def sought(self, ctx: Call[Any], name_or_arn: str) -> Table:
        """The same, but one that is not there says so only when a key is held against it: what is wrong with a request by
        itself is told before."""
        cached = self._tables.get((ctx.account, ctx.region, name_or_arn))
        if cached is not None:
            return cached
        try:
            return await self.find(ctx, name_or_arn)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return MissingTable(error)

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
        place, name = _named(ctx, name_or_arn)
        found = await self.load(place, name)
        if found is None:
            raise no_table(name)
        return found

    async def settled(self, ctx: Call[Any], name_or_arn: str) -> Table:
        """The same for what must not touch a table that a restore, or a new replica, is still being filled as: to all but
        DescribeTable and DeleteTable it is not there yet."""
        found = await self.described(ctx, name_or_arn)
        if found.record.status != "ACTIVE":
            raise no_table(found.record.name)
        return found

    async def known(self, place: Place, name: str) -> Table | None:
        """The table for those who only ask what it says: from memory, if it is there."""
        return self._tables.get((*place, name)) or await self.load(place, name)

    def forget(self, place: Place, name: str) -> None:
        self._tables.pop((*place, name), None)


def table_name(ctx: Call[Any], name_or_arn: str) -> str:
    """The name in a TableName parameter, which may be an ARN of the caller's own account. Raises ValidationException,
    AccessDeniedException."""
    place, name = _named(ctx, name_or_arn)
    if place.account != ctx.account:
        raise _denied()
    return name


def _named(ctx: Call[Any], name_or_arn: str) -> tuple[Place, str]:
    """The same for tables of other accounts too: where permissions are enforced, the table's policy has let the caller in."""
    name, account = name_or_arn, ctx.account
    if name_or_arn.startswith("arn:"):
        arn = parse_arn(name_or_arn)
        if arn is None or arn.service != "dynamodb" or not arn.resource.startswith("table/"):
            raise _bad_arn("resource type", name_or_arn)
        if arn.account != account and not ctx.calls.enforces:
            raise _denied()
        account = arn.account
        if arn.region != ctx.region:
            raise _bad_arn("AWS region", name_or_arn)
        name = arn.resource.removeprefix("table/")
        if "/" in name:
            raise _bad_arn("resource type", name_or_arn)
    check_name(name, "tableName")
    return Place(account, ctx.region), name


def _denied() -> AwsError:
    return AwsError("AccessDeniedException", "Access is denied")


def _bad_arn(what: str, arn: str) -> AwsError:
    return invalid(f"1 validation error detected: Invalid {what} in '{arn}'")


def check_name(name: str, path: str) -> None:
    """Names of tables and indexes, whose constraints are not all in AWS's model: an ARN may stand in their place."""
    low, high = NAME_CHARS
    broken = []
    if not _NAME.match(name):
        broken.append("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    if len(name) < low:
        broken.append(f"Member must have length greater than or equal to {low}")
    elif len(name) > high:
        broken.append(f"Member must have length less than or equal to {high}")
    if broken:
        found = "; ".join(
            f"Value '{name}' at '{path}' failed to satisfy constraint: {each}" for each in broken
        )
        raise invalid(f"{len(broken)} validation error{'s' * (len(broken) > 1)} detected: {found}")
