"""The text of a JsonPath to its steps, as Jayway's compiler reads it.

Beyond Jayway, a path may begin with `$$` or `$name`: Step Functions has several documents. Who has but one refuses them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from fogbank.java.jsonpath_nodes import (
    All,
    Any_,
    Comparison,
    Condition,
    Exists,
    Filter,
    FunctionCall,
    Indices,
    Literal,
    Names,
    Not,
    Operand,
    PathNode,
    PathSyntaxError,
    Regex,
    Scan,
    Slice,
    Step,
    Wildcard,
)

CHARS_MAX: Final = 4_096  # ours: text of one path
_STEPS_MAX: Final = 256  # ours: steps of one path
_FILTER_DEPTH_MAX: Final = 32  # ours: filters within filters, and their brackets
FUNCTIONS: Final = frozenset(
    [
        "min",
        "max",
        "avg",
        "stddev",
        "sum",
        "length",
        "size",
        "keys",
        "concat",
        "first",
        "last",
        "index",
        "append",
    ]
)
_BLANKS: Final = " \t\r\n"
_VARIABLE = re.compile(r"[^\W\d]\w*")
_DOT_NAME = re.compile(r"[^.\[( \t\r\n]+")
_INDICES = re.compile(r"\s*(-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)\s*\]")
_SLICE = re.compile(r"\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*\]")
_STAR = re.compile(r"\s*\*\s*\]")
_OPERATOR = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:in|nin|contains|size|empty|subsetof|anyof|noneof|all)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"-?[0-9]{1,64}(?:\.[0-9]{1,64})?(?:[eE][+-]?[0-9]{1,3})?")
_WORD = re.compile(r"true|false|null")
_REGEX_END = re.compile(r"[imsxduU]*")
_WORDS: Final = {"true": True, "false": False, "null": None}
_CANONICAL: Final = {"===": "==", "!==": "!="}


def parse_path(text: str) -> PathNode:
    """A whole path, from `$`. Raises PathSyntaxError."""
    if len(text) > CHARS_MAX:
        raise PathSyntaxError("the path is too long")
    parser = _Parser(text)
    node = parser.path("$")
    parser.blanks()
    if parser.at != len(text):
        raise PathSyntaxError(f"Could not parse token starting at position {parser.at}")
    return node


def parse_path_within(text: str, at: int) -> tuple[PathNode, int]:
    """The path that begins at `at` as an argument of a function, and where it ends. Raises PathSyntaxError."""
    parser = _Parser(text, at, r"[),]")
    return parser.path("$"), parser.at


class _Parser:
    """One position in one text; each method reads one thing and stands after it.

    `ends` are the characters that end a name outside of filters.
    """

    def __init__(self, text: str, at: int = 0, ends: str = "") -> None:
        self.text = text
        self.at = at
        self._ends = ends
        self._depth = 0

    def blanks(self) -> None:
        text, at = self.text, self.at
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        self.at = at

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise PathSyntaxError(f"Expected character: {token} at position {self.at}")

    # --- paths -------------------------------------------------------------------------------------------------------

    def path(self, roots: str) -> PathNode:
        """A path that begins with one of the characters `roots`."""
        first = self._peek()
        if not first or first not in roots:
            raise PathSyntaxError("Path must start with '$'")
        self.at += 1
        root = first
        if first == "$":
            if self._take("$"):
                root = "$$"
            elif (name := _VARIABLE.match(self.text, self.at)) is not None:
                root = name[0]
                self.at = name.end()
        return PathNode(root, self._steps())

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while (step := self._step(steps)) is not None:
            steps.append(step)
            if len(steps) > _STEPS_MAX:
                raise PathSyntaxError("the path has too many steps")
            if isinstance(step, FunctionCall):
                if self._peek() in (".", "["):
                    raise PathSyntaxError("a function must be the last step of a path")
                break
        if steps and isinstance(steps[-1], Scan):
            raise PathSyntaxError("Path must not end with a '.' or '..'")
        return tuple(steps)

    def _step(self, before: list[Step]) -> Step | None:
        scanned = bool(before) and isinstance(before[-1], Scan)
        if self._take(".."):
            if scanned or self._peek() == ".":
                raise PathSyntaxError(f"Character '.' on position {self.at} is not valid.")
            return Scan()
        if self._peek() == "." and not scanned:
            self.at += 1
            if not self._peek():
                raise PathSyntaxError("Path must not end with a '.' or '..'")
            return self._after_dot()
        if scanned:
            return self._after_dot()
        return self._bracket() if self._peek() == "[" else None

    def _after_dot(self) -> Step:
        if self._peek() == "[":
            return self._bracket()
        if self._take("*"):
            return Wildcard()
        name = _DOT_NAME.match(self.text, self.at)
        if name is None:
            raise PathSyntaxError(f"Could not parse token starting at position {self.at}")
        word = self._within_filter(name[0])
        self.at += len(word)
        if self._peek() == "(":
            return self._function(word)
        return Names((word,))

    def _within_filter(self, word: str) -> str:
        """What of `word` is the name: within a filter, an operator or bracket written without a blank ends it."""
        ends = r"[)=!<>&|,\]}]" if self._depth else self._ends
        if not ends:
            return word
        end = re.search(ends, word)
        if end is None:
            return word
        if end.start() == 0:
            raise PathSyntaxError(f"Could not parse token starting at position {self.at}")
        return word[: end.start()]

    def _bracket(self) -> Step:
        self._expect("[")
        self.blanks()
        if self._peek() in ("'", '"'):
            return self._names()
        if self._take("?"):
            return self._filter()
        text, at = self.text, self.at
        for pattern in (_STAR, _INDICES, _SLICE):
            found = pattern.match(text, at)
            if found is None:
                continue
            self.at = found.end()
            if pattern is _STAR:
                return Wildcard()
            if pattern is _INDICES:
                return Indices(tuple(int(part) for part in found[1].split(",")))
            if found[1] is None and found[2] is None:
                raise PathSyntaxError("Failed to parse SliceOperation: :")
            return Slice(*(None if part is None else int(part) for part in found.groups()))
        raise PathSyntaxError(f"Could not parse token starting at position {at}. Expected ?, ', 0-9, * ")

    def _names(self) -> Names:
        names = []
        while True:
            self.blanks()
            names.append(self._quoted())
            self.blanks()
            if self._take("]"):
                return Names(tuple(names))
            self._expect(",")

    def _quoted(self) -> str:
        quote = self._peek()
        if quote not in ("'", '"') or not quote:
            raise PathSyntaxError(f"Property must be separated by comma or terminated at position {self.at}")
        text, at = self.text, self.at + 1
        parts = []
        while at < len(text) and text[at] != quote:
            if text[at] == "\\" and at + 1 < len(text):
                at += 1
            parts.append(text[at])
            at += 1
        if at >= len(text):
            raise PathSyntaxError("Property has not been closed - missing closing " + quote)
        self.at = at + 1
        return "".join(parts)

    def _function(self, name: str) -> FunctionCall:
        if name not in FUNCTIONS:
            raise PathSyntaxError(f"Function of name: {name} cannot be created")
        self._expect("(")
        self._enter()
        arguments: list[Operand] = []
        self.blanks()
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._operand("$@"))
            self.blanks()
        self._depth -= 1
        return FunctionCall(name, tuple(arguments))

    # --- filters -----------------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _FILTER_DEPTH_MAX:
            raise PathSyntaxError("the path is nested too deeply")

    def _filter(self) -> Filter:
        self._enter()
        self.blanks()
        self._expect("(")
        condition = self._either()
        self.blanks()
        self._expect(")")
        self.blanks()
        self._expect("]")
        self._depth -= 1
        return Filter(condition)

    def _either(self) -> Condition:
        options = [self._both()]
        while self._next_is("||"):
            options.append(self._both())
        return options[0] if len(options) == 1 else Any_(tuple(options))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._next_is("&&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _next_is(self, token: str) -> bool:
        self.blanks()
        return self._take(token)

    def _single(self) -> Condition:
        self.blanks()
        if self._peek() == "!" and not self.text.startswith("!=", self.at):
            self.at += 1
            self._enter()
            inner = self._single()
            self._depth -= 1
            return Not(inner)
        if self._take("("):
            self._enter()
            condition = self._either()
            self.blanks()
            self._expect(")")
            self._depth -= 1
            return condition
        left = self._operand("$@")
        self.blanks()
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            return Exists(left)
        self.at = operator.end()
        self.blanks()
        word = operator[0].lower()
        return Comparison(_CANONICAL.get(word, word), left, self._operand("$@"))

    def _operand(self, roots: str) -> Operand:
        self.blanks()
        first = self._peek()
        if first and first in roots:
            return self.path(roots)
        if first in ("'", '"') and first:
            return Literal(self._quoted())
        if first == "/":
            return self._regex()
        if first in ("[", "{") and first:
            return Literal(self._json())
        if (number := _NUMBER.match(self.text, self.at)) is not None:
            self.at = number.end()
            whole = number[0].lstrip("-").isdigit()
            return Literal(int(number[0]) if whole else float(number[0]))
        if (word := _WORD.match(self.text, self.at)) is not None:
            self.at = word.end()
            return Literal(_WORDS[word[0]])
        raise PathSyntaxError(f"Could not parse token starting at position {self.at}")

    def _regex(self) -> Regex:
        text, at = self.text, self.at + 1
        while at < len(text) and text[at] != "/":
            at += 2 if text[at] == "\\" else 1
        if at >= len(text):
            raise PathSyntaxError("Pattern not closed. Expected /")
        pattern = text[self.at + 1 : at]
        flags = _REGEX_END.match(text, at + 1)
        assert flags is not None
        self.at = flags.end()
        return Regex(pattern, flags[0])

    def _json(self) -> Any:
        """A JSON array or object in the text; Jayway's reader lets strings stand in single quotes."""
        text, at, depth, quote = self.text, self.at, 0, ""
        parts: list[str] = []
        while at < len(text):
            char = text[at]
            if quote:
                if char == "\\" and at + 1 < len(text):
                    following = text[at + 1]
                    parts.append(following if following == "'" else char + following)
                    at += 2
                    continue
                closing = char == quote
                parts.append('"' if closing else '\\"' if char == '"' else char)
                quote = "" if closing else quote
            elif char in "'\"":
                quote = char
                parts.append('"')
            else:
                depth += (char in "[{") - (char in "]}")
                parts.append(char)
                if depth == 0:
                    break
            at += 1
        try:
            value = orjson.loads("".join(parts))
        except orjson.JSONDecodeError:
            raise PathSyntaxError(f"Failed to parse JSON at position {self.at}") from None
        self.at = at + 1
        return value
