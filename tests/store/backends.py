"""The engines that the one conformance suite runs on, each behind the same few lines."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.store.api import Store
from fogbank.store.open import open_store

NAMES = ("memory", "sqlite", "postgres")
SHARED = NAMES[1:]  # those that outlive a process, and that several can open
_numbers = itertools.count(1)


@dataclass
class Backend:
    """One place where data lies. `open` opens a store on it: again after a close, or beside another (`shared`)."""

    name: str
    where: str | Path | None
    lanes: Lanes = field(default_factory=Lanes)

    @property
    def shared(self) -> bool:
        return self.where is not None

    @asynccontextmanager
    async def open(self, clock: Clock) -> AsyncIterator[Store]:
        store = open_store(self.where, clock, self.lanes)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


@contextmanager
def make_backend(name: str, folder: Path, postgres: str | None) -> Iterator[Backend]:
    """A fresh, empty backend, removed at the end."""
    if name == "memory":
        yield Backend(name, None)
    elif name == "sqlite":
        yield Backend(name, folder / "store.sqlite")
    else:
        assert postgres is not None
        with schema(postgres) as where:
            yield Backend(name, where)


@contextmanager
def schema(url: str) -> Iterator[str]:
    import psycopg

    schema = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")  # type: ignore[arg-type]
        connection.execute(f"CREATE SCHEMA {schema}")  # type: ignore[arg-type]
    try:
        yield f"{url}{'&' if '?' in url else '?'}application_name={schema}&options=-csearch_path%3D{schema}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")  # type: ignore[arg-type]
