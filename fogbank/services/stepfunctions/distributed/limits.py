"""The bounds of a Distributed Map's input and output."""

from __future__ import annotations

ITEMS_MAX = 100_000_000  # of one map run; AWS's bound
WHOLE_BYTES_MAX = (
    256 * 1024 * 1024
)  # ours: JSON that must be in memory at once (an object, or behind an ItemsPointer)
ITEM_BYTES_MAX = 8 * 1024 * 1024  # ours: one item while it is read; a state's input holds 256 KiB
CSV_LINE_BYTES_MAX = 8 * 1024 * 1024  # ours; AWS bounds rows as items
PART_BYTES = 8 * 1024 * 1024  # ours: what is held of a result file before it is sent
FILE_BYTES_MAX = 5 * 1024 * 1024 * 1024  # one result file; AWS's bound
