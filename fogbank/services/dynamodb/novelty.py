"""Whether a table is being filled: then an item that this node does not remember is taken to be new, and not looked for.

A guess only: the commit holds the item to be absent, so a wrong one costs a conflict and another try, and what comes to no commit
is never decided on one.
"""

from __future__ import annotations

from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.services.dynamodb.limits import NEW_ITEMS_BEFORE_GUESS


class Novelty:
    """For each table, how many items in a row were looked for in vain."""

    __slots__ = ("_streaks",)

    def __init__(self) -> None:
        self._streaks: dict[str, int] = {}

    def expects_new(self, table_id: str) -> bool:
        return self._streaks.get(table_id, 0) >= NEW_ITEMS_BEFORE_GUESS

    def looked(self, table_id: str, *, found: bool) -> None:
        """An item was looked for, or a guess turned out to be wrong."""
        if found:
            self._streaks.pop(table_id, None)
            return
        if len(self._streaks) >= METADATA_CACHED_MAX:
            self._streaks.clear()
        self._streaks[table_id] = self._streaks.get(table_id, 0) + 1
