"""Reading and changing the records of state machines: read, decide, commit on condition that nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fogbank.core.conflicts import again
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.errors import no_machine, too_much_contention
from fogbank.services.stepfunctions.limits import CONFLICT_RETRIES_MAX
from fogbank.services.stepfunctions.names import MachineName
from fogbank.services.stepfunctions.records import (
    Alias,
    Machine,
    Revision,
    Version,
    decode_alias,
    decode_machine,
    decode_revision,
    decode_version,
    encode,
)
from fogbank.store.api import Store, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """A state machine as it was read; `stored` is its store version, for conditions."""

    name: MachineName
    machine: Machine
    stored: int


async def find_head(store: Store, name: MachineName) -> Head | None:
    record = await store.get(keys.machine(name))
    return None if record is None else Head(name.bare(), decode_machine(record.value), record.version)


async def head_of(store: Store, name: MachineName) -> Head:
    """StateMachineDoesNotExist, naming what was asked for."""
    head = await find_head(store, name)
    if head is None:
        raise no_machine(name.arn)
    return head


async def find_revision(store: Store, name: MachineName, number: int) -> Revision | None:
    record = await store.get(keys.revision(name, number))
    return None if record is None else decode_revision(record.value)


async def find_version(store: Store, name: MachineName, number: int) -> Version | None:
    record = await store.get(keys.version(name, number))
    return None if record is None else decode_version(record.value)


async def find_alias(store: Store, name: MachineName, alias: str) -> tuple[Alias, int] | None:
    """The alias and its store version."""
    record = await store.get(keys.alias(name, alias))
    return None if record is None else (decode_alias(record.value), record.version)


def put_machine(tx: Transaction, head: Head, machine: Machine) -> Transaction:
    """Write the head if it is still the one that was read."""
    return tx.put(keys.machine(head.name), encode(machine), expect=head.stored)


def retried(attempt: Callable[[], Awaitable[T]]) -> Awaitable[T]:
    """Run a read-decide-commit until no other writer came between."""
    return again(attempt, CONFLICT_RETRIES_MAX, too_much_contention)
