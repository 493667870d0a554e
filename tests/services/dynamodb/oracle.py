"""A DynamoDB for tests: dictionaries and sorting, as simple as can be.

Values are Python's: items are dicts, keys are (pk, sk). One table with a global index on `g` (range `n`) and a local one on `n`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, int]
Values = dict[str, Any]


class Refused(Exception):
    """A condition did not hold."""


@dataclass
class Oracle:
    items: dict[Key, Values] = field(default_factory=dict)
    stream: list[tuple[str, Key, Values | None, Values | None]] = field(default_factory=list)

    def change(self, key: Key, after: Values | None) -> Values | None:
        """Write an item; the one before."""
        before = self.items.get(key)
        if before == after:
            return before
        if after is None:
            del self.items[key]
        else:
            self.items[key] = after
        name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
        self.stream.append((name, key, before, after))
        return before

    def put(self, values: Values, only_new: bool = False) -> Values | None:
        key = (values["pk"], values["sk"])
        if only_new and key in self.items:
            raise Refused
        return self.change(key, values)

    def delete(self, key: Key, n_is: int | None = None) -> Values | None:
        if n_is is not None and self.items.get(key, {}).get("n") != n_is:
            raise Refused
        return self.change(key, None)

    def add(self, key: Key, by: int) -> Values:
        before = self.items.get(key, {"pk": key[0], "sk": key[1]})
        after = before | {"n": before.get("n", 0) + by}
        self.change(key, after)
        return after

    def remove(self, key: Key, attribute: str) -> Values:
        before = self.items.get(key, {"pk": key[0], "sk": key[1]})
        after = {name: value for name, value in before.items() if name != attribute}
        self.change(key, after)
        return after

    def query(self, pk: str, low: int, high: int) -> list[Values]:
        found = [v for (p, s), v in self.items.items() if p == pk and low <= s <= high]
        return sorted(found, key=lambda v: v["sk"])

    def by_g(self, g: str) -> list[Values]:
        found = [v for v in self.items.values() if v.get("g") == g and "n" in v]
        return sorted(found, key=lambda v: v["n"])

    def by_n(self, pk: str) -> list[Values]:
        found = [v for (p, _), v in self.items.items() if p == pk and "n" in v]
        return sorted(found, key=lambda v: v["n"])
