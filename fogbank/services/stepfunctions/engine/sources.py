"""State machines as executions keep them: compiled once on a node, stored once for all executions of a revision."""

from __future__ import annotations

from collections import OrderedDict

from fogbank.asl.definition import parse
from fogbank.asl.machine import Machine, compile_machine
from fogbank.asl.states.task import Problem
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import MachineSource
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import MACHINES_CACHED_MAX
from fogbank.services.stepfunctions.engine.records import decode_source, digest_of, encode_source
from fogbank.store.api import Store, Transaction


class Prepared:
    """A source, compiled when first run, and the name it is stored under."""

    __slots__ = ("_problem", "compiled", "digest", "encoded", "source", "stored")

    def __init__(self, source: MachineSource, encoded: bytes, problem: Problem) -> None:
        self._problem = problem
        self.source = source
        self.encoded = encoded
        self.digest = digest_of(encoded)
        self.stored = False  # as far as this node knows
        self.compiled: Machine | None = None

    @property
    def machine(self) -> Machine:
        if self.compiled is None:
            self.compiled = compile_machine(parse(self.source.definition), self._problem)
        return self.compiled


class PreparedSources:
    """The cache. The newest `MACHINES_CACHED_MAX` are kept."""

    def __init__(self, store: Store, problem: Problem) -> None:
        self._store = store
        self._problem = problem
        self._by_digest: OrderedDict[str, Prepared] = OrderedDict()
        self._by_identity: OrderedDict[int, Prepared] = OrderedDict()

    def of(self, source: MachineSource) -> Prepared:
        """The same object for the same source; fast for one that is passed again."""
        prepared = self._by_identity.get(id(source))
        if prepared is not None and prepared.source is source:
            return prepared
        encoded = encode_source(source)
        digest = digest_of(encoded)
        prepared = self._by_digest.get(digest)
        if prepared is None:
            prepared = self._keep(Prepared(source, encoded, self._problem))
        elif prepared.source is not source:
            # The newest object is found by its identity next time. It was read anew because a state machine changed,
            # or because everything was deleted: whether the store has the source is to be seen.
            machine = prepared.compiled
            prepared = self._keep(Prepared(source, encoded, self._problem))
            prepared.compiled = machine
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
            prepared = self._keep(Prepared(decode_source(record.value), record.value, self._problem))
            prepared.stored = True
        return prepared
