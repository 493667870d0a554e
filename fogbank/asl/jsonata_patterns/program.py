"""Parts to a program for a backtracking machine, and that machine.

It keeps its own stack and counts its steps, so no pattern can run away: that is why it exists. `native` is faster
where it may be used.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeAlias

from fogbank.asl.jsonata_patterns.parts import (
    LINE_ENDS,
    WORD,
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
from fogbank.asl.jsonata_patterns.syntax import PatternError

Slots: TypeAlias = tuple[int, ...]
"""Start and end of each group (-1 while unset), group 0 the whole; then where each loop's iteration began."""

_INSTRUCTIONS_MAX = 20_000


class Op(IntEnum):
    CHAR = 0  # a: test of a character
    SPLIT = 1  # a: first to try, b: else
    JUMP = 2  # a
    SAVE = 3  # a: slot
    CLEAR = 4  # a, b: slots from, below
    PROGRESS = 5  # a: slot; fails if the position is still what the slot holds
    EDGE = 6  # a: test of (text, position)
    BACK = 7  # a: group
    LOOK = 8  # a: Look, b: program
    DONE = 9


Instruction: TypeAlias = tuple[Op, Any, Any]


class Program:
    """The compiled pattern. `slots` is how many slots are in use: two for each group before it, more for its loops."""

    def __init__(self, part: Part, slots: int, *, ignore_case: bool, multiline: bool) -> None:
        self._ignore_case = ignore_case
        self._multiline = multiline
        self.slots = slots
        self.code: list[Instruction] = []
        self._emit(part)
        self.code.append((Op.DONE, None, None))

    def _add(self, op: Op, a: Any = None, b: Any = None) -> int:
        if len(self.code) > _INSTRUCTIONS_MAX:
            raise PatternError("Regular expression too large")
        self.code.append((op, a, b))
        return len(self.code) - 1

    def _emit(self, part: Part) -> None:
        match part:
            case Chars(ranges):
                self._add(Op.CHAR, char_test(ranges, self._ignore_case))
            case Edge():
                self._add(Op.EDGE, edge_test(part, self._multiline))
            case Row(parts):
                for child in parts:
                    self._emit(child)
            case Choice(options):
                self._emit_choice(options)
            case Group(number, body):
                self._add(Op.SAVE, 2 * number)
                self._emit(body)
                self._add(Op.SAVE, 2 * number + 1)
            case BackReference(number):
                self._add(Op.BACK, number)
            case Look(body):
                inner = Program(body, self.slots, ignore_case=self._ignore_case, multiline=self._multiline)
                self.slots = inner.slots
                self._add(Op.LOOK, part, inner)
            case Repeat():
                self._emit_repeat(part)

    def _emit_choice(self, options: tuple[Part, ...]) -> None:
        jumps = []
        for option in options[:-1]:
            split = self._add(Op.SPLIT)
            self._emit(option)
            jumps.append(self._add(Op.JUMP))
            self.code[split] = (Op.SPLIT, split + 1, len(self.code))
        self._emit(options[-1])
        for jump in jumps:
            self.code[jump] = (Op.JUMP, len(self.code), None)

    def _emit_repeat(self, part: Repeat) -> None:
        cleared = group_slots(part.body)
        for _ in range(part.least):
            self._emit_iteration(part.body, cleared, None)
        if part.most is None:
            slot = self.slots
            self.slots += 1
            split = self._add(Op.SPLIT)
            self._emit_iteration(part.body, cleared, slot)
            self._add(Op.JUMP, split)
            self._patch(split, part.lazy)
            return
        splits = []
        for _ in range(part.most - part.least):
            splits.append(self._add(Op.SPLIT))
            self._emit_iteration(part.body, cleared, None)
        for split in splits:
            self._patch(split, part.lazy)

    def _emit_iteration(self, body: Part, cleared: tuple[int, int] | None, slot: int | None) -> None:
        if slot is not None:
            self._add(Op.SAVE, slot)
        if cleared is not None:
            self._add(Op.CLEAR, *cleared)
        self._emit(body)
        if slot is not None:
            self._add(Op.PROGRESS, slot)

    def _patch(self, split: int, lazy: bool) -> None:
        inside, after = split + 1, len(self.code)
        self.code[split] = (Op.SPLIT, after, inside) if lazy else (Op.SPLIT, inside, after)

    def match(self, text: str, start: int, spend: Callable[[int], None], slots: Slots | None = None,
              must_end: int | None = None) -> Slots | None:  # fmt: skip
        """The slots of the match that starts at `start`, if there is one. `spend` bounds the steps."""
        code, length = self.code, len(text)
        held = slots if slots is not None else (start, -1) + (-1,) * (self.slots - 2)
        held += (-1,) * (self.slots - len(held))
        stack: list[tuple[int, int, Slots]] = [(0, start, held)]
        steps = 0
        while stack:
            pc, at, held = stack.pop()
            while True:
                steps += 1
                if steps == 256:
                    spend(1024)
                    steps = 0
                op, a, b = code[pc]
                pc += 1
                if op == Op.CHAR:
                    if at >= length or not a(text[at]):
                        break
                    at += 1
                elif op == Op.SPLIT:
                    stack.append((b, at, held))
                    pc = a
                elif op == Op.JUMP:
                    pc = a
                elif op == Op.SAVE:
                    held = (*held[:a], at, *held[a + 1 :])
                elif op == Op.PROGRESS:
                    if held[a] == at:
                        break
                elif op == Op.DONE:
                    if must_end is None or at == must_end:
                        spend(steps)
                        return (held[0], at, *held[2:]) if slots is None else held
                    break
                else:
                    outcome = _rarely(op, a, b, text, at, held, spend)
                    if outcome is None:
                        break
                    at, held = outcome
        spend(steps)
        return None


def _rarely(
    op: Op, a: Any, b: Any, text: str, at: int, held: Slots, spend: Callable[[int], None]
) -> tuple[int, Slots] | None:
    match op:
        case Op.CLEAR:
            return at, (*held[:a], *(-1,) * (b - a), *held[b:])
        case Op.EDGE:
            return (at, held) if a(text, at) else None
        case Op.BACK:
            captured = text[held[2 * a] : held[2 * a + 1]] if held[2 * a + 1] >= 0 else ""
            return (at + len(captured), held) if text.startswith(captured, at) else None
        case _:
            return _look(a, b, text, at, held, spend)


def _look(
    look: Look, program: Program, text: str, at: int, held: Slots, spend: Callable[[int], None]
) -> tuple[int, Slots] | None:
    found: Slots | None = None
    if look.behind:
        for start in range(at, -1, -1):
            found = program.match(text, start, spend, held, must_end=at)
            if found is not None:
                break
    else:
        found = program.match(text, at, spend, held)
    if look.negated:
        return None if found is not None else (at, held)
    return None if found is None else (at, found)


def group_slots(part: Part) -> tuple[int, int] | None:
    """The slots of the groups within `part`: from, below."""
    numbers = _group_numbers(part)
    return (2 * min(numbers), 2 * max(numbers) + 2) if numbers else None


def _group_numbers(part: Part) -> list[int]:
    match part:
        case Group(number, body):
            return [number, *_group_numbers(body)]
        case Row(parts) | Choice(parts):
            return [number for child in parts for number in _group_numbers(child)]
        case Repeat(body) | Look(body):
            return _group_numbers(body)
        case _:
            return []


def char_test(ranges: Ranges, ignore_case: bool) -> Callable[[str], bool]:
    """Whether a character is in `ranges`, in either case if `ignore_case`."""

    def test(char: str) -> bool:
        code = ord(char)
        return any(low <= code <= high for low, high in ranges)

    if not ignore_case:
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            return chr(ranges[0][0]).__eq__
        return test
    return lambda char: test(char) or test(char.lower()[0]) or test(char.upper()[0])


def edge_test(edge: Edge, multiline: bool) -> Callable[[str, int], bool]:
    """Whether `edge` is at a position of a text."""
    line_end = char_test(LINE_ENDS, False)
    word = char_test(WORD, False)

    def at_word_edge(text: str, at: int) -> bool:
        return (at > 0 and word(text[at - 1])) != (at < len(text) and word(text[at]))

    match edge:
        case Edge.START:
            return lambda text, at: at == 0 or (multiline and line_end(text[at - 1]))
        case Edge.END:
            return lambda text, at: at == len(text) or (multiline and line_end(text[at]))
        case Edge.WORD:
            return at_word_edge
        case Edge.NOT_WORD:
            return lambda text, at: not at_word_edge(text, at)
