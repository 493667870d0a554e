"""What an invocation needs to know of a function, resolved once and kept: from the name a caller used to a config to run.

The cache is a node's own. It is emptied whenever a Lambda record changes anywhere (`watch_records`): changes are rare,
invocations are not. It never answers for a function that is not there, so what was just created is found at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fogbank.core.errors import AwsError
from fogbank.core.ids import Ids
from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.sandbox.api import FunctionConfig
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.concurrency import Concurrency, FunctionSlots
from fogbank.services.lambda_.errors import conflict, function_not_found, recursive, throttled
from fogbank.services.lambda_.executables import Configurer, provisioned_config
from fogbank.services.lambda_.invocation_log import LogSettings
from fogbank.services.lambda_.lineage import TIMES_MAX, times_in
from fogbank.services.lambda_.metrics import Metrics, Tally
from fogbank.services.lambda_.names import LATEST, FunctionName, is_version
from fogbank.services.lambda_.phases import FAILED, Phase, state_of
from fogbank.services.lambda_.records import (
    Alias,
    EventInvokeConfig,
    Version,
    decode_account,
    decode_event_invoke_config,
)
from fogbank.services.lambda_.settling import Settler
from fogbank.services.lambda_.tables import Found, find, find_alias, find_version
from fogbank.store.api import Store

CacheKey = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Executable:
    """One version, ready to be invoked by one name."""

    config: FunctionConfig
    version: str
    arn: str  # as it was invoked
    log: LogSettings
    slots: FunctionSlots
    tally: Tally
    dead_letter_arn: str | None = None
    stops_loops: bool = True  # RecursiveLoop is Terminate
    provisioned: Executable | None = None  # the same, in environments that are ready

    def is_looping(self, trace: str) -> bool:
        """An invocation that comes of `trace` would go round once too often."""
        return self.stops_loops and bool(trace) and times_in(trace, self.arn) >= TIMES_MAX


@dataclass(frozen=True, slots=True)
class Target:
    """What a name stands for. `second` gets `second_weight` of the invocations, where an alias shares them."""

    name: FunctionName
    uid: str
    first: Executable
    second: Executable | None = None
    second_weight: float = 0.0
    events: EventInvokeConfig | None = None  # how events that come by this name are treated

    def pick(self, ids: Ids) -> Executable:
        """The version that this invocation runs."""
        shared = self.second is not None and ids.uniform() < self.second_weight
        executable = self.second if shared and self.second is not None else self.first
        ready = executable.provisioned
        return executable if ready is None or ready.slots.free <= 0 else ready

    def enter(self, ids: Ids, trace: str) -> Executable:
        """The version that this invocation runs, with a slot taken for it. Raises AwsError for a loop and for a throttle."""
        executable = self.pick(ids)
        if trace and executable.is_looping(trace):
            executable.tally.stopped_loop()
            raise recursive()
        reason = executable.slots.enter()
        if reason is not None:
            executable.tally.throttled()
            raise throttled(reason)
        return executable


class Targets:
    """Resolves names, and keeps what it resolved."""

    def __init__(
        self,
        store: Store,
        configurer: Configurer,
        settler: Settler,
        concurrency: Concurrency,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._configurer = configurer
        self._settler = settler
        self._concurrency = concurrency
        self._metrics = metrics
        self._generation = 0
        self._end_watch: Callable[[], None] = lambda: None
        #: By (account, region, name as given, qualifier as given). For the hot path to look into.
        self.cached: dict[CacheKey, Target] = {}

    def start(self) -> None:
        self._end_watch = self._store.watch_records(keys.ALL, self.clear)

    def close(self) -> None:
        self._end_watch()

    def clear(self) -> None:
        """Something changed: ask the store again."""
        self._generation += 1
        if self.cached:
            self.cached.clear()

    async def resolve(self, name: FunctionName, cache_key: CacheKey | None = None) -> Target:
        """What `name` stands for; AWS's errors where it is not there or cannot run now."""
        generation = self._generation
        try:
            found = await find(self._store, name)
        except AwsError:
            # Invocations name the version that was looked for, also where none was given.
            raise function_not_found(f"{name.arn}:{name.qualifier or LATEST}") from None
        target = await self._target(found)
        if cache_key is not None and generation == self._generation:
            if len(self.cached) >= METADATA_CACHED_MAX:
                self.cached.clear()
            self.cached[cache_key] = target
        return target

    async def _target(self, found: Found) -> Target:
        account = await self._store.get(keys.account(found.name.account, found.name.region))
        slots = self._concurrency.function(found.name.account, found.name.region, found.name.name)
        reserved = decode_account(account.value).reserved if account is not None else 0
        slots.account.reserve_for_others(reserved)
        if slots.reserved != found.function.on_demand:
            slots.reserve(found.function.on_demand)
        second, weight = await self._second(found)
        shared = second is not None
        return Target(
            found.name,
            found.function.uid,
            await self._executable(found, found.version, slots, shared),
            await self._executable(found, second, slots, shared) if second is not None else None,
            weight,
            await self._event_config(found),
        )

    async def _event_config(self, found: Found) -> EventInvokeConfig | None:
        key = keys.event_invoke_config(found.name, found.name.qualifier or LATEST)
        record = await self._store.get(key)
        return None if record is None else decode_event_invoke_config(record.value)

    async def _second(self, found: Found) -> tuple[Version | None, float]:
        alias: Alias | None = found.alias
        for number, weight in (alias.weights if alias is not None else {}).items():
            if weight > 0:
                return await find_version(self._store, found.name, found.function, number), weight
        return None, 0.0

    async def _executable(
        self, found: Found, version: Version, slots: FunctionSlots, shared: bool
    ) -> Executable:
        name = found.name
        version = await self._runnable(name, version)
        config = await self._configurer.ready(name, version)
        resource = name.name if name.qualifier is None else f"{name.name}:{name.qualifier}"
        tally = self._metrics.tally(
            name.account, name.region, name.name, resource, version.version if shared else None
        )
        log = self._configurer.log_settings(name, version)
        executable = Executable(
            config,
            version.version,
            name.qualified_arn,
            log,
            slots,
            tally,
            version.dead_letter_arn,
            found.function.recursive_loop == "Terminate",
        )
        ready = await self._ready(found, version.version)
        if not ready:
            return executable
        ready_slots = self._concurrency.provisioned(name.account, name.region, name.name, version.version)
        if ready_slots.reserved != ready:
            ready_slots.reserve(ready)
        config = provisioned_config(config)
        log = replace(log, initialization=config.initialization)
        return replace(
            executable,
            provisioned=replace(executable, config=config, slots=ready_slots, log=log),
        )

    async def _ready(self, found: Found, version: str) -> int:
        """How many environments of a version are ready, for itself or for an alias that points at it."""
        total = 0
        for qualifier, provisioned in found.function.provisioned.items():
            if provisioned.status != "READY":
                continue
            number = qualifier
            if not is_version(qualifier):
                alias = await find_alias(self._store, found.name, qualifier)
                number = "" if alias is None else alias[0].version
            total += provisioned.allocated if number == version else 0
        return total

    async def _runnable(self, name: FunctionName, version: Version) -> Version:
        """The version if it can run now; one that could not may have become able to."""
        if version.phase in FAILED:
            await self._settler.settle(name, version.version, version.build)
            again = await find(self._store, name.with_qualifier(version.version))
            version = again.version
        if version.phase is Phase.CREATING or version.phase in FAILED:
            raise conflict(
                "The operation cannot be performed at this time. The function is currently in the following "
                f"state: {state_of(version.phase)}"
            )
        return version
