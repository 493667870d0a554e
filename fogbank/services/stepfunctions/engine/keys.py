"""Where executions lie in the store.

    ("states-x", "head", account, region, machine, name)      what DescribeExecution tells; written at start and end
    ("states-x", "run",  …same, …)                            the checkpoint: spine, frames, items, results
    ("states-x", "history", …same, first id)                  events of one commit
    ("states-x", "list", account, region, owner, status, start, name)    for ListExecutions
    ("states-x", "ended", stop, account, region, machine, name)          for the retention
    ("states-x", "source", account, region, machine, digest)  definitions that executions keep
    ("states-x", "busy", node, account, region, machine, name)           what a node takes up again when it starts

Within a checkpoint: `"s"` is the spine, `"f"` the machine's frame (or within the spine, while it has no children); `"c", 2` leads to the third child of a frame and has
its own `"f"`; `"i"` are a Map's items, `"r", n` results of its finished children.
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
    def due_id(self) -> str:
        return "\n".join(self)


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
    return ("states-x", "head", *ref)


def run(ref: Ref) -> Key:
    return ("states-x", "run", *ref)


def spine(ref: Ref) -> Key:
    return ("states-x", "run", *ref, "s")


def place(ref: Ref, path: Path) -> Key:
    """Of a frame: its record is `(*place, "f")`."""
    key: Key = ("states-x", "run", *ref)
    for index in path:
        key = (*key, "c", index)
    return key


def path_of(key: Key) -> tuple[Path, str, int]:
    """A checkpoint's key: the frame's path, the kind of record, and its number (results)."""
    path: list[int] = []
    rest = key[6:]
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
    return ("states-x", "history", *ref)


def chunk(ref: Ref, first_id: int) -> Key:
    return ("states-x", "history", *ref, first_id)


def listing(account: str, region: str, owner: str, status: Status) -> Key:
    """`owner`: a state machine, `machine:qualifier`, or `machine/label:uuid` of a map run."""
    return ("states-x", "list", account, region, owner, status.value)


def listed(ref: Ref, owner: str, status: Status, start_ms: int) -> Key:
    return ("states-x", "list", ref.account, ref.region, owner, status.value, start_ms, ref.name)


def ended() -> Key:
    return ("states-x", "ended")


def ended_at(ref: Ref, stop_ms: int) -> Key:
    return ("states-x", "ended", stop_ms, *ref)


def sources() -> Key:
    return ("states-x", "source")


def source(ref: Ref, digest: str) -> Key:
    return ("states-x", "source", ref.account, ref.region, ref.machine.partition("/")[0], digest)


def busy(node: str) -> Key:
    return ("states-x", "busy", node)


def busy_at(node: str, ref: Ref) -> Key:
    return ("states-x", "busy", node, *ref)


def map_runs(account: str, region: str) -> Key:
    return ("states-x", "map-run", account, region)


def map_run(account: str, region: str, owner: str) -> Key:
    """`owner` is `machine/label:uuid`."""
    return ("states-x", "map-run", account, region, owner)


def map_runs_of(ref: Ref) -> Key:
    return ("states-x", "map-runs-of", *ref)


def map_run_of(ref: Ref, start_ms: int, owner: str) -> Key:
    return ("states-x", "map-runs-of", *ref, start_ms, owner)
