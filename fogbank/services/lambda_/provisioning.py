"""Brings a node's environments to what provisioned concurrency asks for: made before anyone calls, kept, let go.

The function's record says what is asked; `begin` has the node look at it again. After a restart every function with provisioned
concurrency is looked at. Each node that does so keeps as many as are asked for: it counts for itself, as with all concurrency.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from fogbank.core.errors import InitFailed, SandboxError, StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.telemetry import Telemetry
from fogbank.sandbox.api import FunctionConfig, Pool
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.executables import Configurer, provisioned_config
from fogbank.services.lambda_.invocation_log import InvocationLog, LogSettings
from fogbank.services.lambda_.names import FunctionName, is_version
from fogbank.services.lambda_.records import Function, Provisioned, decode_function
from fogbank.services.lambda_.tables import find_alias, find_version, put_function, retried
from fogbank.store.api import Key, Store, Transaction

log = logging.getLogger("fogbank.lambda")

_FUNCTIONS_AT_ONCE = 100
_INIT_FAILED = "FUNCTION_ERROR_INIT_FAILURE"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one qualifier asks for at the moment."""

    qualifier: str
    asked: Provisioned
    config: FunctionConfig
    log: LogSettings


class Provisioner:
    """See the module."""

    def __init__(
        self,
        *,
        store: Store,
        lanes: Lanes,
        pool: Pool,
        configurer: Configurer,
        telemetry: Telemetry,
        ids: Ids,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._pool = pool
        self._configurer = configurer
        self._telemetry = telemetry
        self._ids = ids
        self._changed = changed
        self._held: dict[str, set[str]] = {}  # by function ARN: config keys that environments are kept for
        self._at_work: dict[str, bool] = {}  # by function ARN; True: look again afterwards

    def start(self) -> None:
        """Make what is asked for since before the start."""
        self._lanes.spawn("lambda provisioning", self._start())

    def begin(self, name: FunctionName) -> None:
        """After a commit that changed what is asked for."""
        if name.arn in self._at_work:
            self._at_work[name.arn] = True
            return
        self._at_work[name.arn] = False
        self._lanes.spawn("lambda provisioning", self._work(name.with_qualifier(None)))

    async def _start(self) -> None:
        after: Key | None = None
        prefix = keys.all_provisioned()
        while records := await self._store.scan(prefix, after=after, limit=_FUNCTIONS_AT_ONCE):
            for record in records:
                _, account, region, function = (str(part) for part in record.key)
                self.begin(FunctionName(account, region, function))
            after = records[-1].key

    async def _work(self, name: FunctionName) -> None:
        try:
            while True:
                await self._settle(name)
                if not self._at_work[name.arn]:
                    return
                self._at_work[name.arn] = False
        finally:
            del self._at_work[name.arn]

    async def _settle(self, name: FunctionName) -> None:
        record = await self._store.get(keys.function(name))
        function = None if record is None else decode_function(record.value)
        wishes = [] if function is None else await self._wishes(name, function)
        for wish in wishes:
            self._held.setdefault(name.arn, set()).add(wish.config.key)
            reason = await self._provide(wish)
            await retried(lambda wish=wish, reason=reason: self._note(name, wish, reason))  # type: ignore[misc]
        self._changed()
        wanted = {wish.config.key for wish in wishes}
        for key in self._held.pop(name.arn, set()) - wanted:
            await self._pool.retire(key)
        if wanted:
            self._held[name.arn] = wanted

    async def _wishes(self, name: FunctionName, function: Function) -> list[_Wish]:
        wishes = []
        for qualifier, asked in function.provisioned.items():
            number = qualifier
            if not is_version(qualifier):
                alias = await find_alias(self._store, name, qualifier)
                number = "" if alias is None else alias[0].version
            version = await find_version(self._store, name, function, number) if number else None
            if version is None:
                continue
            try:
                config = provisioned_config(await self._configurer.ready(name, version))
            except StoreError:
                log.exception("provisioned concurrency of %s:%s", name.arn, qualifier)
                continue
            settings = self._configurer.log_settings(name, version)
            settings = replace(settings, initialization=config.initialization)
            wishes.append(_Wish(qualifier, asked, config, settings))
        return wishes

    async def _provide(self, wish: _Wish) -> str | None:
        """Have the environments; None, or why there are none."""
        try:
            await self._pool.provision(
                wish.config,
                wish.asked.requested,
                lambda: InvocationLog(self._telemetry, wish.log, self._ids.uuid(), tail=False, trace=None),
            )
        except InitFailed:
            await self._pool.retire(wish.config.key)
            return _INIT_FAILED
        except SandboxError as error:
            await self._pool.retire(wish.config.key)
            return str(error)
        return None

    async def _note(self, name: FunctionName, wish: _Wish, reason: str | None) -> None:
        """Write down how it went, unless something else is asked for by now."""
        record = await self._store.get(keys.function(name))
        function = None if record is None else decode_function(record.value)
        if record is None or function is None or function.provisioned.get(wish.qualifier) != wish.asked:
            return
        done = replace(wish.asked, status="READY", allocated=wish.asked.requested, reason=None)
        if reason is not None:
            done = replace(wish.asked, status="FAILED", allocated=0, reason=reason)
        if done == wish.asked:
            return
        after = replace(function, provisioned=function.provisioned | {wish.qualifier: done})
        await self._store.commit(put_function(Transaction(), name, after, record.version))
