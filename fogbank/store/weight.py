"""What a transaction weighs: bounds of queues and batches are kept in these terms, by both engines."""

from __future__ import annotations

from fogbank.core.limits import (
    STORE_BATCH_BYTES_MAX,
    STORE_BATCH_OPERATIONS_MAX,
    STORE_CHUNK_ENTRIES_MAX,
    STORE_FREEING_BYTES_MAX,
)
from fogbank.core.records import hot_record
from fogbank.store.api import (
    Append,
    Check,
    Delete,
    DeletePrefix,
    DropLog,
    Enqueue,
    Put,
    Retry,
    Transaction,
    TrimLog,
)


@hot_record
class Weight:
    """`operations`: statements, about. `payload_bytes`: values and bodies. `unbounded`: it may touch any number of rows.
    `adds`: operations that put something in."""

    operations: int
    payload_bytes: int
    unbounded: bool = False
    adds: int = 0

    @property
    def heavy(self) -> bool:
        """Too much to be applied between two turns of the event loop."""
        return (
            self.unbounded
            or self.operations > STORE_BATCH_OPERATIONS_MAX
            or self.payload_bytes > STORE_BATCH_BYTES_MAX
        )

    @property
    def frees(self) -> bool:
        """It takes out, or only moves, what is stored: to be let through when the disk is full."""
        return self.adds < self.operations and self.payload_bytes <= STORE_FREEING_BYTES_MAX


def weigh(transaction: Transaction) -> Weight:
    """Raises ValueError for a DeletePrefix of everything, which is a slip and never a wish."""
    operations = payload_bytes = adds = 0
    unbounded = False
    for operation in transaction.operations:
        operations += 1
        kind = type(operation)
        if kind is Delete or kind is Check:
            continue
        match operation:
            case Put(_, value):
                adds += 1
                payload_bytes += len(value)
            case Append(_, entries):
                adds += 1
                payload_bytes += sum([len(body) for _, body in entries])
                operations += len(entries) // STORE_CHUNK_ENTRIES_MAX
                adds += len(entries) // STORE_CHUNK_ENTRIES_MAX
            case Enqueue(_, _, body):
                adds += 1
                payload_bytes += len(body)
            case Retry(_, _, body) if body is not None:
                payload_bytes += len(body)
            case DeletePrefix(prefix):
                if not prefix:
                    raise ValueError("a prefix to delete must not be empty")
                unbounded = True
            case TrimLog() | DropLog():
                unbounded = True
            case _:
                pass
    return Weight(operations, payload_bytes, unbounded, adds)
