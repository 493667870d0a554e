"""The custom domain names of a kind of API, in memory, so that a Host is known without the store."""

from __future__ import annotations

import orjson

from fogbank.store.api import Key, Store

NAMES_MAX = 100_000  # ours


class DomainNames:
    """Which names there are, and whom those with mutual TLS trust. Their records lie under `prefix`, by name; `truststore` is what
    one trusts, as PEM."""

    def __init__(self, store: Store, prefix: Key) -> None:
        self._store = store
        self._prefix = prefix
        self._names: frozenset[str] = frozenset()
        self.trusts: dict[str, str] = {}
        self.version = 1  # another one after every change of the names

    async def load(self) -> None:
        """Read the names anew."""
        records = await self._store.scan(self._prefix, limit=NAMES_MAX)
        names = frozenset(str(record.key[-1]) for record in records)
        self.trusts = {
            str(record.key[-1]): orjson.loads(record.value)["truststore"]
            for record in records
            if b'"truststore":' in record.value
        }
        if names != self._names:
            self._names = names
            self.version += 1

    def owns(self, name: str) -> bool:
        """A host name (no port, lower case) is a custom domain name, or under a wildcard one."""
        names = self._names
        return bool(names) and (name in names or f"*.{name.partition('.')[2]}" in names)

    def trust(self, name: str) -> str | None:
        """The truststore of a name that asks its clients for certificates."""
        return self.trusts.get(name if name in self._names else f"*.{name.partition('.')[2]}")
