"""What a state machine's, version's or alias's ARN stands for when an execution starts (`engine.api.Machines`)."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.ids import Ids
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.engine.api import MachineSource
from fogbank.services.stepfunctions.errors import no_machine
from fogbank.services.stepfunctions.limits import SOURCES_CACHED_BYTES_MAX, SOURCES_CACHED_MAX
from fogbank.services.stepfunctions.names import MachineName, parse_machine_arn
from fogbank.services.stepfunctions.records import Alias, Machine, Revision
from fogbank.services.stepfunctions.settings import OWNED_KEY
from fogbank.services.stepfunctions.tables import find_alias, find_revision, find_version, head_of
from fogbank.store.api import Store


class Sources:
    """Resolves ARNs, and keeps what was found until a record of any state machine changes."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._sources: dict[str, MachineSource] = {}
        self._aliases: dict[str, Alias] = {}
        self._bytes = 0
        self._age = 0
        self._unwatch: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._unwatch = self._store.watch_records(keys.ALL_MACHINES, self.forget)

    def close(self) -> None:
        self._unwatch()

    def forget(self) -> None:
        """A record changed, here or on another node."""
        self._age += 1
        self._bytes = 0
        self._sources.clear()
        self._aliases.clear()

    async def resolve(self, arn: str) -> MachineSource:
        """The definition and settings to run. StateMachineDoesNotExist, InvalidArn."""
        found = self._sources.get(arn)
        if found is not None:
            return found
        name = parse_machine_arn(arn)
        if name.label is not None:
            raise no_machine(arn)
        if name.qualifier is not None and name.version is None:
            return await self._routed(name)
        return await self._load(name)

    async def _routed(self, name: MachineName) -> MachineSource:
        """One of an alias's versions, drawn by weight."""
        alias = self._aliases.get(name.arn)
        if alias is None:
            age = self._age
            found = await find_alias(self._store, name, name.qualifier or "")
            if found is None:
                raise no_machine(name.arn)
            alias = found[0]
            if age == self._age:
                self._aliases[name.arn] = alias
        version = alias.routes[0][0]
        if len(alias.routes) > 1 and self._ids.uniform() * 100 >= alias.routes[0][1]:
            version = alias.routes[1][0]
        key = f"{name.arn}:{version}"
        found_source = self._sources.get(key)
        return found_source or await self._load(name.qualified(version), alias_arn=name.arn, key=key)

    async def _load(self, name: MachineName, alias_arn: str | None = None, key: str = "") -> MachineSource:
        age = self._age
        head = await head_of(self._store, name)
        number = head.machine.revision
        if name.version is not None:
            version = await find_version(self._store, name, name.version)
            if version is None:
                raise no_machine(alias_arn or name.arn)
            number = version.revision
        revision = await find_revision(self._store, name, number)
        if revision is None:  # an update came between the two reads: what it wrote is to be read
            return await self._load(name, alias_arn, key)
        source = source_of(name, head.machine, revision, alias_arn)
        if age == self._age:
            self._keep(key or name.arn, source)
        return source

    def _keep(self, key: str, source: MachineSource) -> None:
        self._bytes += len(source.definition)
        if len(self._sources) >= SOURCES_CACHED_MAX or self._bytes > SOURCES_CACHED_BYTES_MAX:
            self._sources.clear()
            self._bytes = len(source.definition)
        self._sources[key] = source


def source_of(
    name: MachineName, machine: Machine, revision: Revision, alias_arn: str | None = None
) -> MachineSource:
    """One revision as executions keep it; `name` with a version names the one that is run."""
    return MachineSource(
        arn=name.machine_arn,
        name=name.name,
        definition=revision.definition,
        express=machine.express,
        role_arn=revision.role_arn,
        account=name.account,
        region=name.region,
        revision_id=revision.id,
        update_date_ms=revision.updated_ms,
        version_arn=None if name.version is None else name.arn,
        alias_arn=alias_arn,
        logging=revision.logging,
        tracing={"enabled": revision.tracing},
        encryption=OWNED_KEY,
    )
