"""State machines as executions keep them: compiled once on a node, stored once for all executions of a revision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from fogbank.asl.definition import parse
from fogbank.asl.machine import Machine, compile_machine
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import MachineSource
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import MACHINES_CACHED_MAX
from fogbank.services.stepfunctions.engine.records import decode_source, digest_of, encode_source
from fogbank.store.api import Store, Transaction


class Prepared:
    """A source, compiled when first run, and the name it is stored under."""

    __slots__ = ("_machine", "digest", "encoded", "source", "stored")

    def __init__(self, source: MachineSource, encoded: bytes) -> None:
        self.source = source
        self.encoded = encoded
        self.digest = digest_of(encoded)
        self.stored = False  # as far as this node knows
        self._machine: Machine | None = None

    @property
    def machine(self) -> Machine:
        if self._machine is None:
            self._machine = compile_machine(parse(self.source.definition))
        return self._machine


class PreparedSources:
    """The cache. The newest `MACHINES_CACHED_MAX` are kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_digest: OrderedDict[str, Prepared] = OrderedDict()
        self._by_identity: OrderedDict[int, Prepared] = OrderedDict()
        self._end_watch: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._end_watch = self._store.watch_records(keys.sources(), self._doubt)

    def close(self) -> None:
        self._end_watch()

    def _doubt(self) -> None:
        """The store was changed there, perhaps cleared: store again what is used next."""
        for prepared in self._by_digest.values():
            prepared.stored = False

    def of(self, source: MachineSource) -> Prepared:
        """The same object for the same source; fast for one that is passed again."""
        prepared = self._by_identity.get(id(source))
        if prepared is not None and prepared.source is source:
            return prepared
        encoded = encode_source(source)
        digest = digest_of(encoded)
        prepared = self._by_digest.get(digest)
        if prepared is None:
            prepared = self._keep(Prepared(source, encoded))
        elif prepared.source is not source:
            # Remember the newest object, so that the next call finds it by identity.
            machine_of, stored = prepared, prepared.stored
            prepared = Prepared(source, encoded)
            prepared._machine, prepared.stored = machine_of._machine, stored
            self._keep(prepared)
        return prepared

    def _keep(self, prepared: Prepared) -> Prepared:
        self._by_digest[prepared.digest] = prepared
        self._by_identity[id(prepared.source)] = prepared
        while len(self._by_digest) > MACHINES_CACHED_MAX:
            self._by_digest.popitem(last=False)
        while len(self._by_identity) > MACHINES_CACHED_MAX:
            self._by_identity.popitem(last=False)
        return prepared

    def store_with(self, transaction: Transaction, ref: Ref, prepared: Prepared) -> None:
        """Make sure that the source is in the store when the transaction is."""
        if not prepared.stored:
            transaction.put(keys.source(ref, prepared.digest), prepared.encoded)

    async def load(self, ref: Ref, digest: str) -> Prepared:
        prepared = self._by_digest.get(digest)
        if prepared is None:
            record = await self._store.get(keys.source(ref, digest))
            if record is None:
                raise LookupError(f"the definition of {ref.arn} is lost")
            prepared = self._keep(Prepared(decode_source(record.value), record.value))
            prepared.stored = True
        return prepared
