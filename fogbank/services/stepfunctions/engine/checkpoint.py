"""A step's outcome as one transaction, and an execution back from the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import orjson

from fogbank.asl.documents import Document, dumps, loads
from fogbank.asl.execution import Execution, Identity
from fogbank.asl.frames import Frame, Path
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import SCAN_MAX, STANDARD_MS
from fogbank.services.stepfunctions.engine.records import Head, inline_root, restore_spine
from fogbank.services.stepfunctions.engine.sources import Prepared
from fogbank.store.api import Key, Record, Store, Transaction


def new_execution(ref: Ref, head: Head, prepared: Prepared) -> Execution:
    """Before its first step, or before its frames are restored."""
    source = prepared.source
    machine = prepared.machine if head.state is None else prepared.machine.child(head.state)
    machine_arn = source.arn if head.map_run is None else f"{source.arn}/{ref.machine.partition('/')[2]}"
    execution = Execution(
        arn=ref.arn,
        machine=machine,
        input=Document.parse(head.input),
        role_arn=source.role_arn,
        region=source.region,
        started_ms=head.start_ms,
        express=False,
        identity=Identity(ref.name, machine_arn, ref.machine),
        redrives=head.redrives,
    )
    execution.deadline_ms = head.start_ms + STANDARD_MS
    return execution


def write_frames(transaction: Transaction, ref: Ref, execution: Execution) -> None:
    """What the last step changed. Call `written` when it is committed."""
    _delete_dropped(transaction, ref, execution)
    inlined = inline_root(execution)
    for path in execution.dirty:
        frame = execution.frames.get(path)
        if frame is inlined and frame is not None:
            continue
        place = keys.place(ref, path)
        if frame is None:
            transaction.delete((*place, "f"))
            continue
        transaction.put((*place, "f"), dumps(frame.to_json()).encode())
        group = frame.group
        if group is None:
            continue
        if group.items is not None and not group.items_stored:
            transaction.put((*place, "i"), dumps(group.items).encode())
        if group.fresh:
            results = [[index, group.results[index].text] for index in group.fresh]
            transaction.put((*place, "r", execution.next_event_id), orjson.dumps(results))


def delete_frames(transaction: Transaction, ref: Ref, execution: Execution) -> None:
    """All that is stored of an execution whose root frame alone is left. Key by key: a prefix would cost more."""
    _delete_dropped(transaction, ref, execution)
    transaction.delete(keys.spine(ref))
    if execution.frames[()].stored:
        transaction.delete((*keys.place(ref, ()), "f"))
    for path in execution.dirty:
        if path and path not in execution.frames:
            transaction.delete((*keys.place(ref, path), "f"))


def _delete_dropped(transaction: Transaction, ref: Ref, execution: Execution) -> None:
    for path, items, chunks in execution.dropped:
        place = keys.place(ref, path)
        if items:
            transaction.delete((*place, "i"))
        for number in chunks:
            transaction.delete((*place, "r", number))


def written(execution: Execution) -> None:
    """The last step is committed."""
    inlined = inline_root(execution)
    for path in execution.dirty:
        frame = execution.frames.get(path)
        if frame is None or frame is inlined:
            continue
        frame.stored = True
        if (group := frame.group) is not None:
            group.items_stored = group.items is not None
            if group.fresh:
                group.chunks.append(execution.next_event_id)
                group.fresh.clear()
    execution.dirty.clear()
    execution.dropped.clear()


async def restore(
    store: Store, ref: Ref, head: Head, prepared: Prepared
) -> tuple[Execution, int, int | None]:
    """The execution with its frames, the version of its spine, and when its item in the queue is due.

    An execution that succeeded has no checkpoint: version 0.
    """
    execution = new_execution(ref, head, prepared)
    saved: dict[Path, dict[str, Any]] = {}
    items: dict[Path, list[Any]] = {}
    results: dict[Path, list[list[Any]]] = defaultdict(list)
    chunks: dict[Path, list[int]] = defaultdict(list)
    version, due_ms = 0, None
    root: dict[str, Any] | None = None
    async for record in _records(store, ref):
        path, kind, number = keys.path_of(record.key)
        match kind:
            case "s":
                version = record.version
                due_ms, root = restore_spine(execution, record.value)
            case "f":
                saved[path] = loads(record.value)
            case "i":
                items[path] = loads(record.value)
            case _:
                results[path] += loads(record.value)
                chunks[path].append(number)
    own = set(saved)
    if root is not None:
        saved[()] = root  # a record of its own is older
    for path in sorted(saved, key=len):
        parent = execution.frames.get(path[:-1]) if path else None
        block = execution.machine.root if parent is None else parent.node.child_block(path[-1])
        frame = Frame.restore(path, parent, block, saved[path], items.get(path))
        execution.frames[path] = frame
        frame.stored = path in own
        if frame.group is not None:
            frame.group.chunks = chunks[path]
            frame.group.results = {index: Document.parse(text) for index, text in results[path]}
    execution.readied()
    return execution, version, due_ms


async def _records(store: Store, ref: Ref) -> AsyncIterator[Record]:
    after: Key | None = None
    while True:
        page: list[Record] = await store.scan(keys.run(ref), after=after, limit=SCAN_MAX)
        for record in page:
            yield record
        if len(page) < SCAN_MAX:
            return
        after = page[-1].key
