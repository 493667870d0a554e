"""Where executions lie in the store. `id` is the whole of a `Ref` in one text: short keys cost less in every commit.

    ("states-head", id)                     what DescribeExecution tells; written at start and end
    ("states-run", id, …)                   the checkpoint: spine, frames, items, results
    ("states-history", id, first event id)  events of one commit
    ("states-list", account/region/owner, status, start, name)   for ListExecutions
    ("states-ended", stop, id)              for the retention
    ("states-source", account/region/machine, digest)            definitions that executions keep
    ("states-busy", node, id)               what a node takes up again when it starts
    ("states-node", node)                   nodes: renewed while one is busy
    ("states-letter", node, letter)         what another node asks of one
    ("states-answer", node, letter)         and what that one said
    ("states-map-run", account/region/owner)                     a map run
    ("states-map-counts", account/region/owner)                  how far it is, while it runs and other nodes may ask
    ("states-map-ended", account/region/owner, index)            a child that ended at another node than its map run's
    ("states-map-runs-of", id, start, owner)                     for ListMapRuns

Within a checkpoint: `"s"` is the spine, `"f"` the machine's frame (or within the spine, while it has no children);
`"c", 2` leads to the third child of a frame and has its own `"f"`; `"i"` are a Map's items, `"r", n` results of its
finished children.
"""

from __future__ import annotations

from typing import NamedTuple

from fogbank.asl.execution import Status
from fogbank.asl.frames import Path
from fogbank.core.arn import parse_arn, partition_of
from fogbank.store.api import Key

DUE_QUEUE = "states-due"


class Ref(NamedTuple):
    """Which execution. `machine` is `name/label` for the children of a Distributed Map."""

    account: str
    region: str
    machine: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{partition_of(self.region)}:states:{self.region}:{self.account}:execution:{self.machine}:{self.name}"

    @property
    def id(self) -> str:
        """No name has a line's end in it."""
        return f"{self.account}\n{self.region}\n{self.machine}\n{self.name}"


def ref_of(id: object) -> Ref:
    return Ref(*str(id).split("\n"))


def parse_execution_arn(text: str) -> Ref | None:
    """None for what is no Standard execution's ARN."""
    arn = parse_arn(text)
    if arn is None or arn.service != "states":
        return None
    parts = arn.resource.split(":")
    if len(parts) != 3 or parts[0] != "execution" or not parts[1] or not parts[2]:
        return None
    return Ref(arn.account, arn.region, parts[1], parts[2])


def head(ref: Ref) -> Key:
    return ("states-head", ref.id)


def run(ref: Ref) -> Key:
    return ("states-run", ref.id)


def spine(ref: Ref) -> Key:
    return ("states-run", ref.id, "s")


def place(ref: Ref, path: Path) -> Key:
    """Of a frame: its record is `(*place, "f")`."""
    key: Key = ("states-run", ref.id)
    for index in path:
        key = (*key, "c", index)
    return key


def path_of(key: Key) -> tuple[Path, str, int]:
    """A checkpoint's key: the frame's path, the kind of record, and its number (results)."""
    path: list[int] = []
    rest = key[2:]
    while rest and rest[0] == "c":
        index = rest[1]
        assert isinstance(index, int)
        path.append(index)
        rest = rest[2:]
    kind = rest[0]
    number = rest[1] if len(rest) > 1 else 0
    assert isinstance(kind, str) and isinstance(number, int)
    return tuple(path), kind, number


def history(ref: Ref) -> Key:
    return ("states-history", ref.id)


def chunk(ref: Ref, first_id: int) -> Key:
    return ("states-history", ref.id, first_id)


def listing(account: str, region: str, owner: str, status: Status) -> Key:
    """`owner`: a state machine, `machine:qualifier`, or `machine/label:uuid` of a map run."""
    return ("states-list", f"{account}/{region}/{owner}", status.value)


def listed(ref: Ref, owner: str, status: Status, start_ms: int) -> Key:
    return ("states-list", f"{ref.account}/{ref.region}/{owner}", status.value, start_ms, ref.name)


def ended() -> Key:
    return ("states-ended",)


def ended_at(ref: Ref, stop_ms: int) -> Key:
    return ("states-ended", stop_ms, ref.id)


def sources() -> Key:
    return ("states-source",)


def source(ref: Ref, digest: str) -> Key:
    return ("states-source", f"{ref.account}/{ref.region}/{ref.machine.partition('/')[0]}", digest)


def busy(node: str) -> Key:
    return ("states-busy", node)


def busy_at(node: str, ref: Ref) -> Key:
    return ("states-busy", node, ref.id)


def nodes() -> Key:
    return ("states-node",)


def node(name: str) -> Key:
    return ("states-node", name)


def letters(node: str) -> Key:
    return ("states-letter", node)


def letter(node: str, id: str) -> Key:
    return ("states-letter", node, id)


def answers(node: str) -> Key:
    return ("states-answer", node)


def answer(node: str, id: str) -> Key:
    return ("states-answer", node, id)


def map_run(account: str, region: str, owner: str) -> Key:
    """`owner` is `machine/label:uuid`."""
    return ("states-map-run", f"{account}/{region}/{owner}")


def map_counts(account: str, region: str, owner: str) -> Key:
    return ("states-map-counts", f"{account}/{region}/{owner}")


def map_ended(account: str, region: str, owner: str) -> Key:
    return ("states-map-ended", f"{account}/{region}/{owner}")


def map_runs_of(ref: Ref) -> Key:
    return ("states-map-runs-of", ref.id)


def map_run_of(ref: Ref, start_ms: int, owner: str) -> Key:
    return ("states-map-runs-of", ref.id, start_ms, owner)
