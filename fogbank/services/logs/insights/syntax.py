"""Insights QL: text to a list of commands. `fields`, `display`, `filter`, `sort`, `limit`, `stats`, `dedup`, `parse` (globs)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fogbank.core.errors import NotSupported
from fogbank.services.logs.insights.nodes import (
    Command,
    Constant,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Named,
    Operation,
    Parse,
    Regex,
    Sort,
    Stats,
)

#: Commands that AWS has and fogbank does not have yet.
UNSUPPORTED = frozenset(
    {"pattern", "diff", "unnest", "unmask", "anomaly", "filterindex", "source", "join", "lookup", "addtotals"}
)


class QueryError(ValueError):
    """The query is not well-formed. `start` and `end` are offsets into its text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n?\s*)*(?:
        (?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?)(?P<unit>ms|s|m|h|d|w|mo|q|y)?(?![\w])
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<quoted>`[^`]*`)
      | (?P<word>@?[A-Za-z_][\w.@]*)
      | (?P<sign>=~|!=|<=|>=|&&|\|\||[-+*/%^=<>()\[\],|])
    )""",
    re.VERBOSE,
)
_REGEX = re.compile(r"\s*/((?:[^/\\]|\\.)+)/")
DEPTH_MAX = 30
OPERATIONS_MAX = 200  # in one query: chains of operators are as deep as they are long
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">=", "like", "=~", "in", "not"})
_LEVELS: tuple[dict[str, str], ...] = (
    {"or": "or", "||": "or"},
    {"and": "and", "&&": "and"},
)
_ARITHMETIC: tuple[frozenset[str], ...] = (frozenset("+-"), frozenset("*/%"), frozenset("^"))
UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_query(text: str) -> list[Command]:
    """The commands of a query. Raises QueryError, or NotSupported naming the command."""
    return list(_Parser(text).commands())


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.operations = 0

    # --- tokens -------------------------------------------------------------------------------------------------------

    def match(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def peek(self) -> str:
        """The next token in lower case; "" at the end."""
        found = self.match()
        return found[found.lastgroup or 0].strip().lower() if found else ""

    def ended(self) -> bool:
        return not re.sub(r"#[^\n]*", "", self.text[self.at :]).strip()

    def take(self, *tokens: str) -> str:
        """Step over one of `tokens` when it is next; "" when it is not."""
        token = self.peek()
        found = self.match()
        if token and token in tokens and found and found.lastgroup in ("word", "sign"):
            self.at = found.end()
            return token
        return ""

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.error()

    def error(self, message: str = "") -> QueryError:
        rest = self.text[self.at :]
        start = self.at + len(rest) - len(rest.lstrip())
        symbol = re.match(r"\w+|.|$", self.text[start:], re.DOTALL)
        shown = symbol[0] if symbol else ""
        line = self.text.count("\n", 0, start) + 1
        position = start - (self.text.rfind("\n", 0, start) + 1) + 1
        found = (
            message or f"unexpected symbol found {shown or '<EOF>'} at line {line} and position {position}"
        )
        return QueryError(found, start, start + max(1, len(shown)))

    # --- commands -----------------------------------------------------------------------------------------------------

    def commands(self) -> Iterator[Command]:
        while not self.ended():
            yield self.command()
            if not self.ended():
                self.expect("|")

    def command(self) -> Command:
        match word := self.peek():
            case "fields" | "display":
                self.take(word)
                return Fields(tuple(self.named_list()), word == "display")
            case "filter":
                self.take(word)
                return Filter(self.expression())
            case "sort":
                self.take(word)
                return Sort(tuple(self.orders()))
            case "limit":
                self.take(word)
                return Limit(self.count())
            case "stats":
                self.take(word)
                items = tuple(self.named_list())
                return Stats(items, tuple(self.named_list()) if self.take("by") else ())
            case "dedup":
                self.take(word)
                return Dedup(tuple(item.expression for item in self.named_list()))
            case "parse":
                self.take(word)
                return self.parse()
            case unknown if unknown in UNSUPPORTED:
                raise NotSupported(f"the Insights command {unknown}")
            case _:
                raise self.error()

    def named_list(self) -> Iterator[Named]:
        yield self.named()
        while self.take(","):
            yield self.named()

    def named(self) -> Named:
        start = self.at
        expression = self.expression()
        name = " ".join(self.text[start : self.at].split())
        if isinstance(expression, Field):
            name = expression.name
        if self.take("as"):
            name = self.name()
        return Named(expression, name)

    def name(self) -> str:
        found = self.match()
        if found is None or found.lastgroup not in ("word", "quoted"):
            raise self.error()
        self.at = found.end()
        return found[found.lastgroup].strip("`")

    def orders(self) -> Iterator[tuple[Expression, bool]]:
        while True:
            expression = self.expression()
            yield expression, self.take("asc", "desc") == "desc"
            if not self.take(","):
                return

    def count(self) -> int:
        found = self.match()
        if found is None or found.lastgroup != "number" or not found["number"].isdigit():
            raise self.error()
        self.at = found.end()
        return int(found["number"])

    def parse(self) -> Parse:
        source: Expression = Field("@message")
        found = self.match()
        if found is not None and found.lastgroup in ("word", "quoted"):
            source = Field(self.name())
        if _REGEX.match(self.text, self.at):
            raise NotSupported("the Insights command parse with a regular expression")
        glob = self.constant_text()
        self.expect("as")
        names = [self.name()]
        while self.take(","):
            names.append(self.name())
        if glob.count("*") != len(names):
            raise self.error("the number of wildcards must be the number of fields")
        return Parse(source, glob, tuple(names))

    def constant_text(self) -> str:
        found = self.match()
        if found is None or found.lastgroup != "text":
            raise self.error()
        self.at = found.end()
        return re.sub(r"\\(.)", r"\1", found["text"][1:-1])

    # --- expressions --------------------------------------------------------------------------------------------------

    def expression(self, level: int = 0) -> Expression:
        if level == len(_LEVELS):
            return self.negation()
        left = self.expression(level + 1)
        while token := self.take(*_LEVELS[level]):
            self.count_operation()
            left = Operation(_LEVELS[level][token], (left, self.expression(level + 1)))
        return left

    def negation(self) -> Expression:
        if self.take("not"):
            return Operation("not", (self.nested(self.negation),))
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.arithmetic(0)
        operator = self.take(*COMPARISONS)
        if not operator:
            return left
        if operator == "not":
            negated = self.take("like", "in")
            if not negated:
                raise self.error()
            return Operation("not", (self.compared(left, negated),))
        return self.compared(left, operator)

    def compared(self, left: Expression, operator: str) -> Expression:
        if operator == "in":
            self.expect("[")
            items = [self.arithmetic(0)]
            while self.take(","):
                items.append(self.arithmetic(0))
            self.expect("]")
            return Operation("in", (left, *items))
        found = _REGEX.match(self.text, self.at)
        if operator in ("like", "=~") and found is not None:
            self.at = found.end()
            text = found[1].replace("\\/", "/")
            ignore_case = text.startswith("(?i)")
            return Operation("like", (left, Regex(text[4:] if ignore_case else text, ignore_case)))
        return Operation("like" if operator == "=~" else operator, (left, self.arithmetic(0)))

    def arithmetic(self, level: int) -> Expression:
        if level == len(_ARITHMETIC):
            return self.unary()
        left = self.arithmetic(level + 1)
        while token := self.take(*_ARITHMETIC[level]):
            self.count_operation()
            left = Operation(token, (left, self.arithmetic(level + 1)))
        return left

    def unary(self) -> Expression:
        if self.take("-"):
            return Operation("-", (Constant(0.0), self.nested(self.unary)))
        return self.primary()

    def count_operation(self) -> None:
        self.operations += 1
        if self.operations > OPERATIONS_MAX:
            raise self.error("the query is too complex")

    def nested(self, parse: Callable[[], Expression]) -> Expression:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self.error("the query is nested too deeply")
        found = parse()
        self.depth -= 1
        return found

    def primary(self) -> Expression:
        if self.take("("):
            inner = self.nested(self.expression)
            self.expect(")")
            return inner
        found = self.match()
        if found is None:
            raise self.error()
        match found.lastgroup:
            case "number" | "unit":
                self.at = found.end()
                return self.number(found)
            case "text":
                return Constant(self.constant_text())
            case "quoted":
                return Field(self.name())
            case "word":
                return self.word()
            case _:
                raise self.error()

    def number(self, found: re.Match[str]) -> Constant:
        """A number; with a unit of time, in seconds."""
        unit = found["unit"]
        if unit is not None and unit not in UNITS_S:
            raise NotSupported(f"the Insights unit of time {unit}")
        return Constant(float(found["number"]) * (UNITS_S[unit] if unit else 1))

    def word(self) -> Expression:
        name = self.name()
        if not self.take("("):
            return Field(name)
        operands: list[Expression] = []
        if self.take("*"):
            self.expect(")")
            return Operation(f"{name.lower()}()", ())
        if not self.take(")"):
            operands.append(self.nested(self.expression))
            while self.take(","):
                operands.append(self.nested(self.expression))
            self.expect(")")
        return Operation(f"{name.lower()}()", tuple(operands))
