"""Typed access to the records of one noun, and the realm (partition and account) they lie in.

Values are the record's dataclass as JSON. Names are keyed by `fold`, because IAM's names are unique without regard to
case; the record keeps the spelling it was created with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from fogbank.core.conflicts import retrying
from fogbank.core.errors import AwsError
from fogbank.core.limits import IAM_CONFLICT_RETRIES_MAX
from fogbank.store.api import Key, Part, Record, Store, Transaction

R = TypeVar("R")


class Realm(NamedTuple):
    """Whose IAM: an account of a partition."""

    partition: str
    account: str

    def arn(self, resource: str) -> str:
        """An IAM ARN of this account."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """A record as read, and what a conditional write needs."""

    record: R
    version: int
    key: Key

    @property
    def position(self) -> Part:
        """The last part of the key: what a page's marker names."""
        return self.key[-1]

    def put(self, tx: Transaction, record: R) -> Transaction:
        """`record` in its place, while it is there as it was read."""
        return tx.put(self.key, orjson.dumps(record), expect=self.version)

    def touch(self, tx: Transaction) -> Transaction:
        """The record as it was: its deletion, or another change of it, and this conflict."""
        return self.put(tx, self.record)

    def delete(self, tx: Transaction) -> Transaction:
        return tx.delete(self.key, expect=self.version)


class Table(Generic[R]):
    """All records of one noun. `at` is the place below the realm: a folded name, or an owner's id and a name."""

    def __init__(self, store: Store, kind: str, record: type[R]) -> None:
        self._store = store
        self._kind = kind
        self._record = record
        self._tuples = tuple(f.name for f in fields(record) if str(f.type).startswith("tuple"))  # type: ignore[arg-type]

    def key(self, realm: Realm, *at: Part) -> Key:
        return ("iam", *realm, self._kind, *at)

    def decode(self, found: Record) -> Found[R]:
        values: dict[str, Any] = orjson.loads(found.value)
        for name in self._tuples:
            if (items := values.get(name)) is not None:
                values[name] = tuple(items)
        return Found(self._record(**values), found.version, found.key)

    async def get(self, realm: Realm, *at: Part) -> Found[R] | None:
        found = await self._store.get(self.key(realm, *at))
        return self.decode(found) if found else None

    async def get_many(self, realm: Realm, ats: Sequence[tuple[Part, ...]]) -> list[Found[R] | None]:
        found = await self._store.get_many([self.key(realm, *at) for at in ats])
        return [self.decode(each) if each else None for each in found]

    async def scan(self, realm: Realm, *under: Part, after: Part | None = None, limit: int) -> list[Found[R]]:
        """Up to `limit` records below `under`, behind the one whose key ends in `after`."""
        start = self.key(realm, *under, after) if after is not None else None
        found = await self._store.scan(self.key(realm, *under), after=start, limit=limit)
        return [self.decode(each) for each in found]

    async def count(self, realm: Realm, *under: Part, limit: int) -> int:
        return await self._store.count(self.key(realm, *under), limit=limit)

    def put(self, tx: Transaction, realm: Realm, *at: Part, record: R, expect: int | None) -> Transaction:
        return tx.put(self.key(realm, *at), orjson.dumps(record), expect=expect)


def fold(name: str) -> str:
    """The key of a name."""
    return name.lower()


def _contended() -> AwsError:
    message = "Other requests keep changing this entity at the same time. Try again."
    return AwsError("ConcurrentModification", message, status=409)


retried = retrying(IAM_CONFLICT_RETRIES_MAX, _contended)
