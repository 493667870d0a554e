"""The patterns that Python's own `re` matches alike, written for it.

`re` cannot be stopped, so only a pattern whose work is a known power of the text's length goes there: nothing that
may repeat in more than one way is repeated. The caller weighs that power against the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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


def native(part: Part, *, ignore_case: bool, multiline: bool) -> tuple[re.Pattern[str], Work] | None:
    """A compiled `re` and what it may come to; None if the pattern has to be matched step by step."""
    work = _work(part, within=False)
    if work is None:
        return None
    # Without ASCII, IGNORECASE folds all of Unicode, as JavaScript does.
    flags = re.IGNORECASE if ignore_case else re.ASCII
    return re.compile(_written(part, multiline), flags), work


@dataclass(frozen=True, slots=True)
class Work:
    """At most (length + 1) ** (loops + 1) * 2 ** doublings comparisons."""

    loops: int
    doublings: int

    def most(self, length: int) -> int:
        """Comparisons for a text of `length` characters."""
        return int((length + 1) ** (self.loops + 1)) << self.doublings


_NOTHING = Work(0, 0)


def _work(part: Part, *, within: bool) -> Work | None:
    """The work of `part`; None if a repeat is ambiguous, or JavaScript would match differently."""
    match part:
        case Chars() | Edge():
            return _NOTHING
        case Row(parts):
            return _total([_work(child, within=within) for child in parts])
        case Choice(options):
            if within:
                return None
            ways = Work(0, (len(options) - 1).bit_length())
            return _total([ways, *[_work(child, within=False) for child in options]])
        case Group(_, body):
            # JavaScript forgets at each turn of a loop what the groups within it held; `re` does not.
            return None if within else _work(body, within=False)
        case Look(body, behind):
            return None if behind else _work(body, within=within)
        case BackReference():
            return None
        case Repeat():
            return _repeat_work(part, within)


def _repeat_work(part: Repeat, within: bool) -> Work | None:
    if within:
        fixed = part.least == part.most and _work(part.body, within=True) == _NOTHING
        return _NOTHING if fixed else None
    if part.most is not None and part.most <= 1:
        return _total([Work(0, 1), _work(part.body, within=False)])
    inner = _work(part.body, within=True)
    if inner != _NOTHING or _may_be_empty(part.body):
        return None
    return _NOTHING if part.least == part.most else Work(1, 0)


def _total(works: list[Work | None]) -> Work | None:
    loops, doublings = 0, 0
    for work in works:
        if work is None:
            return None
        loops += work.loops
        doublings += work.doublings
    return Work(loops, doublings)


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
