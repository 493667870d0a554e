"""Which engine serves: by the name the operator gave. app.py asks here and knows no engine itself."""

from __future__ import annotations

from pathlib import Path

from fogbank.core.clock import Clock
from fogbank.core.errors import ConfigError
from fogbank.core.lanes import Lanes
from fogbank.store.api import Store
from fogbank.store.sqlite import SqliteStore

_POSTGRES = ("postgresql://", "postgres://")


def open_store(where: str | Path | None, clock: Clock, lanes: Lanes) -> Store:
    """The store at `where`, not yet opened: a SQLite file's path, None for memory, or a `postgresql://` URL.

    ConfigError for any other URL, and for PostgreSQL where its driver is not installed.
    """
    if where is None:
        return SqliteStore(None, clock, lanes)
    text = str(where)
    if isinstance(where, str) and text.startswith(_POSTGRES):
        try:
            import psycopg  # noqa: F401 - an optional dependency: asked for before what needs it
        except ImportError as error:
            raise ConfigError(
                "a PostgreSQL store needs its driver: pip install 'fogbank[postgres]'"
            ) from error
        from fogbank.store.postgres import PostgresStore

        return PostgresStore(text, clock, lanes)
    if isinstance(where, str) and "://" in text:
        raise ConfigError(f"no store engine serves {text.partition('://')[0]}:// URLs")
    return SqliteStore(Path(where), clock, lanes)
