"""Filters of a JsonPath: `(@.price > 10 && @.name =~ /x.*/i)` to a test of one value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from fogbank.java.expressions import Expression, ExpressionError
from fogbank.java.jsonpath_nodes import Budget, PathError, PathNotFound

Test = Callable[[Any, Budget], bool]
Operand = Callable[[Any, Budget], Any]

DEPTH_MAX = 32


class _Missing:
    """What a path that leads nowhere gives: equal to nothing, null included."""


MISSING = _Missing()
_OPERATOR = re.compile(
    r"\s*(===|!==|==|!=|<=|>=|=~|<|>|(?:in|nin|subsetof|anyof|noneof|size|empty|contains|all)\b)", re.I
)
_WORD = re.compile(r"(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_PATH = re.compile(r"[@$]")
_FUNCTION_END = re.compile(r"\([^)]*\)")


def parse_filter(text: str) -> Test:
    """What stands behind `?`, with its brackets. Raises PathError."""
    if not (text.startswith("(") and text.endswith(")")):
        raise PathError(f"{text}: a filter stands in (…)")
    parser = _Parser(text[1:-1])
    test = parser.disjunction()
    parser.space()
    if parser.at < len(parser.text):
        raise PathError(f"{text}: unexpected {parser.text[parser.at :]!r}")
    return test


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def takes(self, token: str) -> bool:
        self.space()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def disjunction(self) -> Test:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise PathError("the filter is too deep")
        tests = [self.conjunction()]
        while self.takes("||"):
            tests.append(self.conjunction())
        self.depth -= 1
        return tests[0] if len(tests) == 1 else lambda v, b: any(test(v, b) for test in tests)

    def conjunction(self) -> Test:
        tests = [self.negation()]
        while self.takes("&&"):
            tests.append(self.negation())
        return tests[0] if len(tests) == 1 else lambda v, b: all(test(v, b) for test in tests)

    def negation(self) -> Test:
        self.space()
        if self.text.startswith("!", self.at) and not self.text.startswith("!=", self.at):
            self.at += 1
            test = self.negation()
            return lambda v, b: not test(v, b)
        if self.takes("("):
            test = self.disjunction()
            if not self.takes(")"):
                raise PathError(f"{self.text}: ) expected")
            return test
        return self.comparison()

    def comparison(self) -> Test:
        left = self.operand()
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            return lambda v, b: left(v, b) is not MISSING
        self.at = match.end()
        operator = match[1].lower()
        if operator == "=~":
            expression = self.expression()
            return lambda v, b: isinstance(text := left(v, b), str) and expression.fills(text)
        right = self.operand()
        compare = _COMPARE[operator]
        return lambda v, b: compare(left(v, b), right(v, b))

    def expression(self) -> Expression:
        self.space()
        if self.text[self.at : self.at + 1] != "/":
            raise PathError(f"{self.text}: /…/ expected")
        end = self.at + 1
        while end < len(self.text) and self.text[end] != "/":
            end += 2 if self.text[end] == "\\" else 1
        body = self.text[self.at + 1 : end].replace("\\/", "/")
        self.at = end + 1
        ignore_case = self.text.startswith("i", self.at)
        self.at += ignore_case
        try:
            return Expression(body, ignore_case=ignore_case)
        except ExpressionError as error:
            raise PathError(str(error)) from None

    def operand(self) -> Operand:
        self.space()
        char = self.text[self.at : self.at + 1]
        if char in ("@", "$"):
            return self.path(char)
        if char and char in "'\"":
            return _constant(self.quoted(char))
        if char and char in "[{":
            return _constant(self.json())
        if match := _WORD.match(self.text, self.at):
            self.at = match.end()
            return _constant(orjson.loads(match[0]))
        raise PathError(f"{self.text}: a value expected at {self.at}")

    def path(self, root: str) -> Operand:
        from fogbank.java.jsonpath import Path

        start = self.at
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "[":
                from fogbank.java.jsonpath_syntax import closing

                self.at = closing(self.text, self.at) + 1
            elif char == "(" and (match := _FUNCTION_END.match(self.text, self.at)):
                self.at = match.end()
            elif char.isalnum() or char in "._*-$":
                self.at += 1
            else:
                break
        path = Path("$" + self.text[start + 1 : self.at])

        def read(value: Any, budget: Budget) -> Any:
            budget.spend()
            try:
                return path.find(value if root == "@" else budget.document)
            except PathNotFound:
                return MISSING

        return read

    def quoted(self, quote: str) -> str:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise PathError(f"{self.text}: a quote is not closed")
        text = self.text[self.at + 1 : end]
        self.at = end + 1
        return re.sub(r"\\(.)", r"\1", text)

    def json(self) -> Any:
        from fogbank.java.jsonpath_syntax import closing

        start = self.at
        end = self.text.find("}", start) if self.text[start] == "{" else closing(self.text, start)
        text = self.text[start : end + 1]
        self.at = end + 1
        try:
            return orjson.loads(text if '"' in text else text.replace("'", '"'))
        except orjson.JSONDecodeError:
            raise PathError(f"{text} is no JSON") from None


def _constant(value: Any) -> Operand:
    return lambda v, b: value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if a is MISSING or b is MISSING:
        return a is b
    return bool(a == b)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: (
        ((_number(a) and _number(b)) or (isinstance(a, str) and isinstance(b, str))) and test(a, b)
    )


def _in(a: Any, b: Any) -> bool:
    return isinstance(b, list) and any(_equal(a, item) for item in b)


def _every(a: Any, b: Any) -> bool:
    return isinstance(a, list) and isinstance(b, list) and all(_in(item, b) for item in a)


def _some(a: Any, b: Any) -> bool:
    return isinstance(a, list) and isinstance(b, list) and any(_in(item, b) for item in a)


def _contains(a: Any, b: Any) -> bool:
    return isinstance(b, str) and b in a if isinstance(a, str) else _in(b, a)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "===": lambda a, b: type(a) is type(b) and _equal(a, b),
    "!=": lambda a, b: not _equal(a, b),
    "!==": lambda a, b: not (type(a) is type(b) and _equal(a, b)),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": _in,
    "nin": lambda a, b: not _in(a, b),
    "subsetof": _every,
    "all": lambda a, b: _every(b, a),
    "anyof": _some,
    "noneof": lambda a, b: isinstance(a, list) and isinstance(b, list) and not _some(a, b),
    "size": lambda a, b: isinstance(a, list | str) and len(a) == b,
    "empty": lambda a, b: isinstance(a, list | str | dict) and (not a) is b,
    "contains": _contains,
}
