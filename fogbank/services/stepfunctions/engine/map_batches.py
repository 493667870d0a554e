"""ItemBatcher: several items to one child execution."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from fogbank.asl.documents import dumps

_BYTES_MAX = 262_144


async def batches(items: AsyncIterator[Any], plan: dict[str, Any]) -> AsyncGenerator[tuple[Any, int]]:
    """The inputs of children, with how many items each holds. Without an ItemBatcher an input is an item."""
    batcher = plan["batcher"]
    if batcher is None:
        async for item in items:
            yield item, 1
        return
    count_max = plan.get("batch_items") or 0
    bytes_max = plan.get("batch_bytes") or _BYTES_MAX
    frame: dict[str, Any] = {} if batcher["input"] is None else {"BatchInput": batcher["input"]}
    overhead = len(dumps({**frame, "Items": []}).encode())
    held: list[Any] = []
    size = overhead
    async for item in items:
        item_bytes = len(dumps(item).encode()) + 1
        if held and (size + item_bytes > bytes_max or (count_max and len(held) >= count_max)):
            yield {**frame, "Items": held}, len(held)
            held, size = [], overhead
        held.append(item)
        size += item_bytes
    if held:
        yield {**frame, "Items": held}, len(held)
