"""The argument of SEARCH: `{Namespace,Dimension} MetricName="Errors" AND (prod OR stage) NOT old`. Pure.

A schema in braces fixes the namespace and exactly which dimensions a metric has. Terms then decide on each metric: a bare or
quoted term is looked for in names and values, `Property="value"` in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fogbank.services.cloudwatch.math.syntax import MathError
from fogbank.services.cloudwatch.metric import Metric

_SCHEMA = re.compile(r'\s*\{((?:[^{}"]|"[^"]*")*)\}')
_TOKEN = re.compile(
    r'\s*(?:([()])|((?:"[^"]*"|[^\s()="]+)\s*=\s*(?:"[^"]*"|[^\s()"]+|\())|("[^"]*")|([^\s()="]+))'
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+")

Test = Callable[[Metric], bool]


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search."""

    namespace: str | None
    matches: Test


def parse_search(text: str) -> Search:
    """Raises MathError."""
    namespace: str | None = None
    dimensions: frozenset[str] | None = None
    schema = _SCHEMA.match(text)
    if schema is not None:
        names = [
            part.strip().strip('"') for part in re.findall(r'"[^"]*"|[^,]+', schema[1]) if part.strip(" ,")
        ]
        if not names:
            raise MathError("SEARCH has an empty schema")
        namespace, dimensions = names[0], frozenset(names[1:])
        text = text[schema.end() :]
    test = _Parser(text).parse()

    def matches(metric: Metric) -> bool:
        if namespace is not None and metric.namespace != namespace:
            return False
        if dimensions is not None and {name for name, _ in metric.dimensions} != dimensions:
            return False
        return test(metric)

    return Search(namespace, matches)


class _Parser:
    """Terms side by side must all hold; OR binds loosest, NOT tightest."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise MathError(f"SEARCH does not understand '{text[at:].strip()}'")
            self.tokens.append(found[0].strip())
            at = found.end()
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def parse(self) -> Test:
        if not self.tokens:
            return lambda metric: True
        test = self.either()
        if self.peek() is not None:
            raise MathError("SEARCH has a parenthesis too many")
        return test

    def either(self) -> Test:
        tests = [self.all()]
        while self.peek() == "OR":
            self.at += 1
            tests.append(self.all())
        return tests[0] if len(tests) == 1 else lambda metric: any(test(metric) for test in tests)

    def all(self) -> Test:
        tests = [self.negation()]
        while self.peek() not in (None, ")", "OR"):
            if self.peek() == "AND":
                self.at += 1
            tests.append(self.negation())
        return tests[0] if len(tests) == 1 else lambda metric: all(test(metric) for test in tests)

    def negation(self) -> Test:
        token = self.peek()
        if token is None:
            raise MathError("SEARCH ends too early")
        self.at += 1
        if token == "NOT":
            test = self.negation()
            return lambda metric: not test(metric)
        if token == "(":
            inner = self.either()
            if self.peek() != ")":
                raise MathError("SEARCH lacks a parenthesis")
            self.at += 1
            return inner
        if "=" in token and not token.startswith('"'):
            return self.property(token)
        return _term(token)

    def property(self, token: str) -> Test:
        name, _, value = (part.strip() for part in token.partition("="))
        if value != "(":
            return _property(name.strip('"'), value)
        values: list[str] = []
        while (part := self.peek()) != ")":
            if part is None:
                raise MathError("SEARCH lacks a parenthesis")
            self.at += 1
            if part != "OR":
                values.append(part)
        self.at += 1
        tests = [_property(name.strip('"'), value) for value in values]
        return lambda metric: any(test(metric) for test in tests)


def _property(name: str, value: str) -> Test:
    if name.startswith(":aws"):
        raise MathError(f"fogbank does not support SEARCH by {name} yet")

    def property_of(metric: Metric) -> str | None:
        match name:
            case "MetricName":
                return metric.name
            case "Namespace":
                return metric.namespace
            case _:
                return dict(metric.dimensions).get(name)

    if value.startswith('"'):
        return lambda metric: property_of(metric) == value.strip('"')
    return lambda metric: _holds(property_of(metric) or "", value)


def _term(token: str) -> Test:
    exact = token.startswith('"')
    text = token.strip('"')

    def matches(metric: Metric) -> bool:
        texts = [metric.namespace, metric.name, *(part for pair in metric.dimensions for part in pair)]
        return text in texts if exact else any(_holds(one, text) for one in texts)

    return matches


def _holds(text: str, term: str) -> bool:
    """Whether the words of `term` are among those of `text`; words end at capitals, digits and punctuation."""
    words = {word.lower() for word in _WORDS.findall(text)}
    return text.lower() == term.lower() or all(word.lower() in words for word in _WORDS.findall(term))
