"""Reading and changing Lambda's records: read, decide, commit on condition that nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fogbank.core.conflicts import again
from fogbank.core.limits import LAMBDA_CONFLICT_RETRIES_MAX
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import function_not_found, too_much_contention
from fogbank.services.lambda_.names import LATEST, FunctionName, is_version
from fogbank.services.lambda_.records import (
    Alias,
    Function,
    Version,
    decode_alias,
    decode_function,
    decode_version,
    encode,
)
from fogbank.store.api import Store, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What a qualified name stands for. `stored` is the function record's store version, for conditions."""

    name: FunctionName
    function: Function
    stored: int
    version: Version
    alias: Alias | None = None

    @property
    def arn(self) -> str:
        """The ARN with the qualifier as it was given."""
        return self.name.qualified_arn

    @property
    def revision_id(self) -> str:
        """Of the alias where one was named, else of the version."""
        return self.alias.revision_id if self.alias is not None else self.version.revision_id


async def find_function(store: Store, name: FunctionName) -> tuple[Function, int]:
    """The function and its store version; ResourceNotFoundException names the ARN with its qualifier."""
    record = await store.get(keys.function(name))
    if record is None:
        raise function_not_found(name.qualified_arn)
    return decode_function(record.value), record.version


async def find_alias(store: Store, name: FunctionName, alias_name: str) -> tuple[Alias, int] | None:
    record = await store.get(keys.alias(name, alias_name))
    return None if record is None else (decode_alias(record.value), record.version)


async def find_version(store: Store, name: FunctionName, function: Function, number: str) -> Version | None:
    """A version by its number, or `$LATEST`."""
    if number == LATEST:
        return function.latest
    if len(number) > len(str(function.published)):  # never given out; and no number too large for a key
        return None
    record = await store.get(keys.version(name, number))
    return None if record is None else decode_version(record.value)


async def find(store: Store, name: FunctionName) -> Found:
    """What `name` stands for; ResourceNotFoundException for a function, version or alias that is not there."""
    function, stored = await find_function(store, name)
    qualifier = name.qualifier or LATEST
    alias: Alias | None = None
    number = qualifier
    if qualifier != LATEST and not is_version(qualifier):
        found = await find_alias(store, name, qualifier)
        if found is None:
            raise function_not_found(name.qualified_arn)
        alias = found[0]
        number = alias.version
    version = await find_version(store, name, function, number)
    if version is None:
        raise function_not_found(name.qualified_arn)
    return Found(name, function, stored, version, alias)


def retried(attempt: Callable[[], Awaitable[T]]) -> Awaitable[T]:
    """Run a read-decide-commit until no other writer came between."""
    return again(attempt, LAMBDA_CONFLICT_RETRIES_MAX, too_much_contention)


def put_function(
    transaction: Transaction, name: FunctionName, function: Function, stored: int
) -> Transaction:
    """Write the function record if it is still the one that was read."""
    return transaction.put(keys.function(name), encode(function), expect=stored)


def put_version(transaction: Transaction, name: FunctionName, version: Version) -> Transaction:
    """Write a published version's record."""
    return transaction.put(keys.version(name, version.version), encode(version))
