"""The tables of the SQLite engine, how a connection is set up, and which fogbank may open a file.

`batch` has one row for each batch of the last few hundred: its number, the store that wrote it, the value of the
store's one counter after it, and its news for other processes (`sqlite_neighbours.py`). Record versions, the order of
queues, lease tokens and the stores' own numbers are drawn from that counter, so none of them is ever given twice.
"""

from __future__ import annotations

from typing import Any

import apsw

from fogbank.core.errors import ConfigError
from fogbank.core.limits import STORE_BUSY_S
from fogbank.store.news import EVERYTHING

SCHEMA = 2

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- The large ones, see sqlite_records.py. A rowid table with an index beside it: values of some kilobytes would make an
-- index-organised tree deep.
CREATE TABLE record (key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, value BLOB NOT NULL);

-- trimmed_seq: entries up to here are gone. high_ms, disorder_ms: see chunks.py.
CREATE TABLE log (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, last_seq INTEGER NOT NULL, trimmed_seq INTEGER NOT NULL,
    high_ms INTEGER NOT NULL, disorder_ms INTEGER NOT NULL);
CREATE TABLE chunk (
    log INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, high_ms INTEGER NOT NULL,
    packed BLOB NOT NULL);
CREATE UNIQUE INDEX chunk_seq ON chunk (log, first_seq);
CREATE INDEX chunk_time ON chunk (log, high_ms, first_seq, last_seq);

-- ready_ms: from when the item can be leased. Its due time while it waits, the end of the lease while it is leased,
-- and NULL while it stands behind another item of its group, so that leasing never looks at what cannot leave.
-- The body lies apart, so that a lease, its extension and a retry do not rewrite it.
CREATE TABLE item (
    seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, grp TEXT, due_ms INTEGER NOT NULL,
    ready_ms INTEGER, enqueued_ms INTEGER NOT NULL, attempt INTEGER NOT NULL,
    lease INTEGER, owner TEXT, lease_until_ms INTEGER);
CREATE UNIQUE INDEX item_id ON item (queue, id);
CREATE INDEX item_ready ON item (queue, ready_ms, seq) WHERE ready_ms IS NOT NULL;
CREATE INDEX item_group ON item (queue, grp, seq) WHERE grp IS NOT NULL;
CREATE INDEX item_leased ON item (queue, lease_until_ms, owner) WHERE lease IS NOT NULL;
CREATE TABLE body (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE queue (name TEXT PRIMARY KEY, items INTEGER NOT NULL) WITHOUT ROWID;

-- stranger: the last batch before this one that another store wrote; so a store that writes alone sees with one look
-- at the last row that it has missed nothing.
CREATE TABLE batch (
    number INTEGER PRIMARY KEY, node INTEGER NOT NULL, stranger INTEGER NOT NULL, counter INTEGER NOT NULL,
    news BLOB NOT NULL);
"""

# Since schema 2: the records whose values are small.
_SMALL = """
CREATE TABLE small (key BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
"""


def set_up(connection: apsw.Connection, *, cache_kib: int) -> None:
    """Durability and cache of one connection. `synchronous=FULL`: a commit returns after its flush."""
    connection.set_busy_timeout(int(STORE_BUSY_S * 1000))
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 4000",  # 16 MiB: checkpoints stay rare beside commits, and recovery short
        "journal_size_limit = 67108864",
        f"cache_size = -{cache_kib}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def migrate(connection: apsw.Connection) -> None:
    """Create the tables in a new file, and what an earlier one lacks.

    ConfigError when a newer fogbank wrote it, or something else did."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if not names:
            connection.execute(_TABLES + _SMALL)
            connection.execute("INSERT INTO meta VALUES ('schema', ?)", (SCHEMA,))
            connection.execute("INSERT INTO batch VALUES (0, 0, 0, 0, ?)", (EVERYTHING,))
        elif "meta" not in names:
            raise ConfigError(f"{connection.filename} is an SQLite file, but not one of fogbank's")
        else:
            _bring_up(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _bring_up(connection: apsw.Connection) -> None:
    found: Any = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchall()[0][0]
    if found > SCHEMA:
        raise ConfigError(
            f"{connection.filename} was written by a newer fogbank (schema {found}); this one knows up to {SCHEMA}"
        )
    if found < SCHEMA:
        connection.execute(_SMALL)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (SCHEMA,))
