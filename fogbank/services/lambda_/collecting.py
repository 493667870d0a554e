"""Which packages are used, and the end of those that are not.

Each use of a package is a record beside the code it is of (`keys.code_use`), written and deleted in the same transaction
as the function or layer version that uses it. Environments keep running for a while after that, so a package goes only
when none of them can be left.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.core.limits import TIMEOUT_S_MAX
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.chores import Chores
from fogbank.services.lambda_.code_store import CodeStore
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.records import Version
from fogbank.store.api import Store, Transaction

CHORE = "collect"
_AFTER_MS = (TIMEOUT_S_MAX + 60) * 1000  # the longest invocation of a version that was replaced


class Collector:
    """Counts uses, and collects what has none."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes, code: CodeStore, chores: Chores) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._code = code
        self._chores = chores
        chores.handle(CHORE, self._collect)

    def start(self) -> None:
        """Look for packages that a killed node took in and never committed a use of."""
        self._lanes.spawn("lambda sweep", self._sweep())

    def use(self, transaction: Transaction, name: FunctionName, version: Version) -> None:
        """With the commit of a version: its packages, layers included, are used."""
        for sha in packages_of(version):
            transaction.put(keys.code_use(sha, _owner(name, version)), b"")

    def drop(self, transaction: Transaction, name: FunctionName, version: Version) -> None:
        """With the commit that deletes or replaces a version."""
        for sha in packages_of(version):
            self.release(transaction, sha, _owner(name, version))

    def replace(self, transaction: Transaction, name: FunctionName, before: Version, after: Version) -> None:
        """With the commit that replaces one version's record by another of the same number."""
        for sha in packages_of(before) - packages_of(after):
            self.release(transaction, sha, _owner(name, before))
        for sha in packages_of(after) - packages_of(before):
            transaction.put(keys.code_use(sha, _owner(name, after)), b"")

    def release(self, transaction: Transaction, sha: str, owner: str) -> None:
        """`owner` uses the package no more."""
        transaction.delete(keys.code_use(sha, owner))
        self._chores.add(transaction, CHORE, {"sha": sha}, due_ms=self._clock.now_ms() + _AFTER_MS)

    async def _sweep(self) -> None:
        before_ms = self._clock.now_ms() - _AFTER_MS  # what is younger may be about to be used
        for sha in await self._code.taken_in_before(before_ms):
            await self._discard_unused(sha)

    async def _collect(self, subject: dict[str, Any]) -> None:
        await self._discard_unused(subject["sha"])

    async def _discard_unused(self, sha: str) -> None:
        async with self._code.held(sha):
            if not await self._store.count(keys.code_uses(sha), limit=1):
                await self._code.discard(sha)


def packages_of(version: Version) -> set[str]:
    """The packages a version needs."""
    return {version.code_sha, *(layer.code_sha for layer in version.layers)}


def _owner(name: FunctionName, version: Version) -> str:
    return f"{name.arn}:{version.version}"
