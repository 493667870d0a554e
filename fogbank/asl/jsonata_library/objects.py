"""Functions over objects and over values of any type."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_runtime.collections import clone as cloned
from fogbank.asl.jsonata_runtime.functions import invoke_with_index
from fogbank.asl.jsonata_runtime.paths import lookup as looked_up
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.signatures import letter
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function, Sequence, truth
from fogbank.asl.jsonata_syntax.errors import JsonataRaised

_TYPES = {
    "s": "string", "n": "number", "b": "boolean", "l": "null", "a": "array", "o": "object", "f": "function",
}  # fmt: skip


def keys(run: Run, value: Any) -> Any:
    names: dict[str, None] = {}
    for part in value if isinstance(value, list) else [value]:
        run.spend(1)
        if isinstance(part, list):
            names.update(dict.fromkeys(keys(run, part)))
        elif isinstance(part, dict):
            names.update(dict.fromkeys(part))
    return Sequence(names)


def lookup(run: Run, value: Any, key: Any) -> Any:
    return looked_up(value, key, run)


def exists(run: Run, value: Any) -> Any:
    return value is not UNDEFINED


def spread(run: Run, value: Any) -> Any:
    if isinstance(value, list):
        made: list[Any] = []
        for part in value:
            pieces = spread(run, part)
            made.extend(pieces if isinstance(pieces, list) else [pieces])
        return made or UNDEFINED
    if isinstance(value, dict):
        run.spend(len(value))
        return Sequence({key: part} for key, part in value.items())
    return "" if isinstance(value, Function) else value


def merge(run: Run, objects: Any) -> Any:
    if objects is UNDEFINED:
        return UNDEFINED
    made: dict[str, Any] = {}
    for part in objects:
        run.spend(len(part))
        made.update(part)
    return made


def each(run: Run, value: Any, function: Any) -> Any:
    made = Sequence()
    if value is UNDEFINED:
        return made
    for key, part in value.items():
        result = invoke_with_index(function, run, part, key, value)
        if result is not UNDEFINED:
            made.append(result)
    return made


def sift(run: Run, value: Any, function: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    made = {
        key: part
        for key, part in value.items()
        if function is UNDEFINED or truth(invoke_with_index(function, run, part, key, value), run)
    }
    return made or UNDEFINED


def clone(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else cloned(value, run)


def type_of(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else type_of_value(value)


def type_of_value(value: Any) -> str:
    """JSONata's word for the type of a value that is there."""
    return _TYPES[letter(value)]


def boolean(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else truth(value, run)


def negation(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else not truth(value, run)


def error(run: Run, message: Any) -> Any:
    raise JsonataRaised("D3137", "$error() function evaluated" if message is UNDEFINED else message)


def check(run: Run, condition: Any, message: Any) -> Any:
    """`$assert`."""
    if condition is not True:
        raise JsonataRaised("D3141", "$assert() statement failed" if message is UNDEFINED else message)
    return UNDEFINED
