"""The grammar of metric math: text to a tree of nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


class MathError(ValueError):
    """The expression is not well-formed, or asks for what cannot be computed."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query."""

    id: str


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word as an argument: REPEAT, LINEAR, ASC, MAX, …"""

    value: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Word | Array | Unary | Binary | Call

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],!])
    )""",
    re.VERBOSE,
)
#: Binary operators by how tightly they bind; `^` binds to the right.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||", "OR"}),
    frozenset({"&&", "AND"}),
    frozenset({"==", "!="}),
    frozenset({"<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
    frozenset({"^"}),
)
DEPTH_MAX = 40


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse(text: str) -> Node:
    """The tree of an expression. Raises MathError."""
    parser = _Parser(list(_tokens(text)))
    node = parser.binary(0)
    if parser.peek() is not None:
        raise MathError(f"Unexpected '{parser.peek()}'")
    return node


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise MathError(f"Unexpected character '{text[at:].lstrip()[0]}'")
        at = found.end()
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind])


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str | None:
        return self.tokens[self.at].text if self.at < len(self.tokens) else None

    def take(self, sign: str) -> bool:
        if self.peek() == sign and self.tokens[self.at].kind == "sign":
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise MathError(
                f"Expected '{sign}'" + (f", found '{self.peek()}'" if self.peek() else " at the end")
            )

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while (operator := self.peek()) in _LEVELS[level]:
            self.at += 1
            right = self.nested(lambda: self.binary(level)) if operator == "^" else self.binary(level + 1)
            left = Binary({"OR": "||", "AND": "&&"}.get(str(operator), str(operator)), left, right)
        return left

    def nested(self, part: Callable[[], Node]) -> Node:
        """Parse a part one level deeper; the depth is bounded, as the tree is walked recursively."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise MathError("The expression is nested too deeply")
        node = part()
        self.depth -= 1
        return node

    def unary(self) -> Node:
        if self.take("-"):
            return Unary("-", self.nested(self.unary))
        if self.take("+"):
            return self.nested(self.unary)
        if self.take("!"):
            return Unary("!", self.nested(self.unary))
        return self.primary()

    def primary(self) -> Node:
        if self.take("("):
            node = self.nested(lambda: self.binary(0))
            self.expect(")")
            return node
        if self.take("["):
            return Array(tuple(self.items("]")))
        if self.at >= len(self.tokens):
            raise MathError("The expression ends too early")
        token = self.tokens[self.at]
        self.at += 1
        match token.kind:
            case "number":
                return Number(float(token.text))
            case "text":
                return Text(re.sub(r"\\(.)", r"\1", token.text[1:-1]))
            case "word":
                return self.word(token.text)
            case _:
                raise MathError(f"Unexpected '{token.text}'")

    def word(self, text: str) -> Node:
        if self.take("("):
            return Call(text.upper(), tuple(self.items(")")))
        return Name(text) if text[0].islower() else Word(text.upper())

    def items(self, end: str) -> Iterator[Node]:
        if self.take(end):
            return
        while True:
            yield self.nested(lambda: self.binary(0))
            if self.take(end):
                return
            self.expect(",")


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Array(parts) | Call(_, parts):
                waiting += parts
            case Unary(_, operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += (left, right)
            case _:
                pass


def names_in(node: Node) -> set[str]:
    """The ids of queries that an expression needs."""
    return {part.id for part in _walk(node) if isinstance(part, Name)}


def searches_in(node: Node) -> list[Call]:
    """The SEARCH calls of an expression."""
    return [part for part in _walk(node) if isinstance(part, Call) and part.function == "SEARCH"]
