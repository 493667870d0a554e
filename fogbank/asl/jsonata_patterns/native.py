"""The patterns that Python's own `re` matches alike, written for it.

`re` cannot be stopped, so only a pattern whose work is a known power of the text's length goes there: nothing that
may repeat in more than one way is repeated. The caller weighs that power against the text.
"""

from __future__ import annotations

import re

from fogbank.asl.jsonata_patterns.parts import (
    BackReference,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Part,
    Ranges,
    Repeat,
    Row,
)

_LINE_END = "\\n\\r\\u2028\\u2029"


def native(part: Part, *, ignore_case: bool, multiline: bool) -> tuple[re.Pattern[str], int] | None:
    """A compiled `re` and how many repeats multiply its work; None if it has to be matched step by step."""
    loops = _loops(part, within=False)
    if loops is None:
        return None
    flags = re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG)
    if ignore_case:
        flags &= ~re.ASCII
    return re.compile(_written(part, multiline), flags), loops


def _loops(part: Part, *, within: bool) -> int | None:
    """How many repeats there are; None if one is within another, or JavaScript would match differently."""
    match part:
        case Chars() | Edge():
            return 0
        case Row(parts):
            return _total([_loops(child, within=within) for child in parts])
        case Choice(options):
            return None if within else _total([_loops(child, within=within) for child in options])
        case Group(_, body):
            # JavaScript forgets at each turn of a loop what the groups within it held; `re` does not.
            return None if within else _loops(body, within=within)
        case Look(body, behind):
            return None if behind else _loops(body, within=within)
        case BackReference():
            return None
        case Repeat(body, least, most):
            if most is not None and most <= 1:
                return _loops(body, within=within)
            if least == most and not within:
                return _loops(body, within=False)
            inner = None if within else _loops(body, within=True)
            return None if inner is None or _may_be_empty(body) else inner + 1


def _may_be_empty(part: Part) -> bool:
    match part:
        case Chars():
            return False
        case Row(parts):
            return all(_may_be_empty(child) for child in parts)
        case Choice(options):
            return any(_may_be_empty(child) for child in options)
        case Group(_, body):
            return _may_be_empty(body)
        case Repeat(body, least):
            return least == 0 or _may_be_empty(body)
        case _:
            return True


def _total(counts: list[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _written(part: Part, multiline: bool) -> str:
    match part:
        case Chars(ranges):
            return _class(ranges)
        case Edge.START:
            return f"(?<![^{_LINE_END}])" if multiline else r"\A"
        case Edge.END:
            return f"(?![^{_LINE_END}])" if multiline else r"\Z"
        case Edge.WORD:
            return r"(?:(?<![0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?![0-9A-Za-z_]))"
        case Edge.NOT_WORD:
            return r"(?:(?<![0-9A-Za-z_])(?![0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_]))"
        case Row(parts):
            return "".join(_written(child, multiline) for child in parts)
        case Choice(options):
            return f"(?:{'|'.join(_written(option, multiline) for option in options)})"
        case Group(_, body):
            return f"({_written(body, multiline)})"
        case Look(body, _, negated):
            return f"(?{'!' if negated else '='}{_written(body, multiline)})"
        case Repeat(body, least, most, lazy):
            count = f"{{{least},{'' if most is None else most}}}"
            return f"(?:{_written(body, multiline)}){count}{'?' if lazy else ''}"
        case BackReference():
            raise AssertionError("a pattern with back references is matched step by step")


def _class(ranges: Ranges) -> str:
    if not ranges:
        return r"(?!)"
    return "[" + "".join(f"{_code(low)}-{_code(high)}" for low, high in ranges) + "]"


def _code(code: int) -> str:
    return f"\\U{code:08x}"
