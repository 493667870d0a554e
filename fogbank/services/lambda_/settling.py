"""From Pending to Active: what happens between the commit of new code or configuration and its being runnable.

A function that this machine has no runtime for ends as Failed, and says what to install; it is looked at again when it
is invoked, so installing the runtime is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fogbank.core.clock import Clock
from fogbank.core.errors import RuntimeUnavailable, SandboxError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import Pool
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.chores import Chores
from fogbank.services.lambda_.code_store import CodeStore
from fogbank.services.lambda_.executables import Configurer
from fogbank.services.lambda_.names import LATEST, FunctionName
from fogbank.services.lambda_.phases import TRANSITIONS, UNSETTLED, Change
from fogbank.services.lambda_.records import Version, decode_function, decode_version
from fogbank.services.lambda_.tables import put_function, put_version, retried
from fogbank.store.api import Store, Transaction

CHORE = "settle"
_TAKEN_UP_AFTER_MS = 5_000  # by whichever node, if the one that committed was killed


@dataclass(frozen=True, slots=True)
class _Outcome:
    change: Change
    failure: str | None = None
    failure_code: str | None = None


class Settler:
    """Moves versions out of their unsettled phases."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        pool: Pool,
        code: CodeStore,
        chores: Chores,
        configurer: Configurer,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._pool = pool
        self._code = code
        self._chores = chores
        self._configurer = configurer
        self._changed = changed
        chores.handle(CHORE, self._do)

    def promise(self, transaction: Transaction, name: FunctionName, version: Version) -> None:
        """With the commit of an unsettled version: it will settle, whatever is killed."""
        due_ms = self._clock.now_ms() + _TAKEN_UP_AFTER_MS
        self._chores.add(transaction, CHORE, _subject(name, version.version, version.build), due_ms=due_ms)

    def begin(self, name: FunctionName, version: Version) -> None:
        """After that commit: settle it now, in the background."""
        self._lanes.spawn("lambda settle", self.settle(name, version.version, version.build))

    async def _do(self, subject: dict[str, Any]) -> None:
        name = FunctionName(subject["account"], subject["region"], subject["name"])
        await self.settle(name, subject["version"], subject["build"])

    async def settle(self, name: FunctionName, number: str, build: str) -> None:
        """Settle one version, unless it was changed or deleted meanwhile."""
        version = await self._read(name, number)
        if version is None or version.build != build:
            return
        outcome = await self._try(name, version)
        await retried(lambda: self._commit(name, number, build, outcome))
        self._configurer.replaced(name, version)
        self._changed()

    async def _try(self, name: FunctionName, version: Version) -> _Outcome:
        for sha in (version.code_sha, *(layer.code_sha for layer in version.layers)):
            if not await self._code.ensure(sha):
                return _Outcome(Change.BROKEN, "The code of the function is missing.", "InternalError")
        await self._configurer.prepare()
        try:
            await self._pool.warm(self._configurer.configure(name, version))
        except RuntimeUnavailable as error:
            return _Outcome(Change.BROKEN, str(error), "InvalidRuntime")
        except SandboxError as error:
            return _Outcome(Change.BROKEN, str(error), "InternalError")
        return _Outcome(Change.SETTLED)

    async def _read(self, name: FunctionName, number: str) -> Version | None:
        key = keys.function(name) if number == LATEST else keys.version(name, number)
        record = await self._store.get(key)
        if record is None:
            return None
        return decode_function(record.value).latest if number == LATEST else decode_version(record.value)

    async def _commit(self, name: FunctionName, number: str, build: str, outcome: _Outcome) -> None:
        key = keys.function(name) if number == LATEST else keys.version(name, number)
        record = await self._store.get(key)
        if record is None:
            return
        function = decode_function(record.value) if number == LATEST else None
        version = function.latest if function is not None else decode_version(record.value)
        if version.build != build:
            return
        settled = self._after(version, outcome)
        if settled is None:
            return
        transaction = Transaction()
        if function is not None:
            put_function(transaction, name, replace(function, latest=settled), record.version)
        else:
            transaction.check(key, record.version)
            put_version(transaction, name, settled)
        self._chores.fulfil(transaction, CHORE, _subject(name, number, build))
        await self._store.commit(transaction)

    def _after(self, version: Version, outcome: _Outcome) -> Version | None:
        """The version in its new phase; None when there is nothing to change."""
        phase = TRANSITIONS.get((version.phase, outcome.change))
        if phase is None or (version.phase not in UNSETTLED and outcome.change is Change.BROKEN):
            return None
        revision_id = self._ids.uuid() if version.version == LATEST else version.revision_id
        return replace(
            version,
            phase=phase,
            failure=outcome.failure,
            failure_code=outcome.failure_code,
            revision_id=revision_id,
        )


def _subject(name: FunctionName, number: str, build: str) -> dict[str, str]:
    return {
        "account": name.account,
        "region": name.region,
        "name": name.name,
        "version": number,
        "build": build,
    }
