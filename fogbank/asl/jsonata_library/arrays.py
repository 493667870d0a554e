"""Functions over arrays, and those that map, filter and fold them."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from fogbank.asl.jsonata_runtime.functions import invoke, invoke_with_index
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Sequence, is_number, truth
from fogbank.asl.jsonata_runtime.values import append as appended
from fogbank.asl.jsonata_syntax.errors import JsonataError


def count(run: Run, items: Any) -> Any:
    return 0 if items is UNDEFINED else len(items)


def append(run: Run, left: Any, right: Any) -> Any:
    made = appended(left, right)
    if isinstance(made, list):
        run.hold(len(made))
    return made


def reverse(run: Run, items: Any) -> Any:
    if items is UNDEFINED or len(items) < 2:
        return items
    run.hold(len(items))
    return items[::-1]


def zipped(run: Run, *arrays: Any) -> Any:
    if any(array is UNDEFINED for array in arrays):
        return []
    made = [list(row) for row in zip(*arrays, strict=False)]
    run.hold(len(made) * len(arrays))
    return made


def sort(run: Run, items: Any, comparator: Any) -> Any:
    """`$sort`; `comparator($a, $b)` says whether $a goes after $b. Raises D3070."""
    if items is UNDEFINED or len(items) < 2:
        return items
    run.hold(len(items))
    if comparator is UNDEFINED:
        if not (all(is_number(item) for item in items) or all(type(item) is str for item in items)):
            raise JsonataError("D3070", value=list(items))
        return sorted(items)

    def compare(left: Any, right: Any) -> int:
        # The sort asks whether its later item goes first, so the earlier one is $a.
        return -1 if truth(invoke(comparator, [right, left], UNDEFINED, run), run) else 0

    return sorted(items, key=cmp_to_key(compare))


def shuffle(run: Run, items: Any) -> Any:
    if items is UNDEFINED or len(items) < 2:
        return items
    run.hold(len(items))
    made = list(items)
    for index in range(len(made) - 1, 0, -1):
        other = int(run.budget.ids.uniform() * (index + 1))
        made[index], made[other] = made[other], made[index]
    return made


def distinct(run: Run, items: Any) -> Any:
    """`$distinct`: the first of each; objects and arrays by deep equality."""
    if not isinstance(items, list) or len(items) < 2:
        return items
    made: list[Any] = Sequence() if isinstance(items, Sequence) else []
    seen: set[Any] = set()
    for item in items:
        key = _identity(item, run)
        if key not in seen:
            seen.add(key)
            made.append(item)
    return made


def _identity(value: Any, run: Run) -> Any:
    """Something hashable that is the same for equal values and for no others."""
    run.spend(2)
    if isinstance(value, dict):
        return ("o", frozenset((key, _identity(part, run)) for key, part in value.items()))
    if isinstance(value, list):
        return ("a", tuple(_identity(part, run) for part in value))
    return (isinstance(value, bool), value)


def mapped(run: Run, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    made = Sequence()
    for index, item in enumerate(items):
        value = invoke_with_index(function, run, item, index, items)
        if value is not UNDEFINED:
            made.append(value)
    return made


def filtered(run: Run, items: Any, function: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    return Sequence(
        item
        for index, item in enumerate(items)
        if truth(invoke_with_index(function, run, item, index, items), run)
    )


def single(run: Run, items: Any, function: Any) -> Any:
    """`$single`: the only item that the function accepts. Raises D3138, D3139."""
    if items is UNDEFINED:
        return UNDEFINED
    found: Any = UNDEFINED
    hits = 0
    for index, item in enumerate(items):
        if function is UNDEFINED or truth(invoke_with_index(function, run, item, index, items), run):
            hits += 1
            if hits > 1:
                raise JsonataError("D3138", index=index)
            found = item
    if hits == 0:
        raise JsonataError("D3139")
    return found


def reduced(run: Run, items: Any, function: Any, initial: Any) -> Any:
    """`$reduce`. Raises D3050."""
    if items is UNDEFINED:
        return UNDEFINED
    arity = function.arity
    if arity < 2:
        raise JsonataError("D3050", index=1)
    result, start = initial, 0
    if initial is UNDEFINED and items:
        result, start = items[0], 1
    for index in range(start, len(items)):
        result = invoke(function, [result, items[index], index, items][:arity], UNDEFINED, run)
    return result
