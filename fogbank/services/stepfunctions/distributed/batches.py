"""ItemBatcher: several items for one child. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl.documents import dumps

BATCH_BYTES_MAX = 262_144  # an input's bound, where the definition sets none


async def batches(
    items: AsyncIterator[Any], *, batch_input: Any = None, items_max: int = 0, bytes_max: int = 0
) -> AsyncIterator[dict[str, Any]]:
    """The inputs of the children: `{"BatchInput": …, "Items": […]}`. A bound of 0 is none.

    `bytes_max` counts a child's whole input as it is written. An item that exceeds it alone has a batch of its own, whose
    child then fails for its input's size.
    """
    head = {} if batch_input is None else {"BatchInput": batch_input}
    frame_bytes = len(dumps(head | {"Items": []}).encode())
    limit = bytes_max or BATCH_BYTES_MAX
    held: list[Any] = []
    size = frame_bytes
    async for item in items:
        item_bytes = len(dumps(item).encode())
        full = bool(items_max) and len(held) >= items_max
        if held and (full or size + 1 + item_bytes > limit):
            yield head | {"Items": held}
            held, size = [], frame_bytes
        size += item_bytes + (1 if held else 0)
        held.append(item)
    if held:
        yield head | {"Items": held}
