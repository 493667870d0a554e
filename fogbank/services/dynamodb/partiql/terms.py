"""Conditions, paths and values of a statement, by recursive descent; parameters are put in where `?` stands."""

from __future__ import annotations

import base64

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Call,
    Compare,
    Condition,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
)
from fogbank.services.dynamodb.partiql.tokens import Token, malformed, tokenize
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.values import Item, Value, take

_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TESTS = {
    "begins_with": 2,
    "contains": 2,
    "attribute_type": 2,
    "attribute_exists": 1,
    "attribute_not_exists": 1,
}
OPERATORS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "+", "-"})
_MARKS = {
    "(": "LEFT_PAREN",
    ")": "RIGHT_PAREN",
    "[": "LEFT_BRACKET",
    "]": "RIGHT_BRACKET",
    "{": "LEFT_CURLY",
    "}": "RIGHT_CURLY",
    "<<": "LEFT_DOUBLE_ANGLE_BRACKET",
    ">>": "RIGHT_DOUBLE_ANGLE_BRACKET",
    ",": "COMMA",
    ":": "COLON",
    "*": "STAR",
}
_DEPTH_MAX = 100
_SET_KINDS = {"S": "SS", "N": "NS", "B": "BS"}


class Terms:
    """A statement's tokens, and what every kind of statement is made of: conditions, paths and values."""

    def __init__(self, statement: str, parameters: list[Value]) -> None:
        self._tokens = tokenize(statement)
        self._at = 0
        self._parameters = parameters
        self._used = 0
        self._depth = 0

    # --- tokens ------------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _is_word(self, *words: str) -> bool:
        return self._token.kind == "word" and self._token.text.upper() in words

    def _is_mark(self, text: str) -> bool:
        return self._token.kind == "mark" and self._token.text == text

    def _take_word(self, word: str) -> bool:
        if self._is_word(word):
            self._advance()
            return True
        return False

    def _take_mark(self, text: str) -> bool:
        if self._is_mark(text):
            self._advance()
            return True
        return False

    def _expect_word(self, word: str) -> None:
        if not self._take_word(word):
            raise malformed(f"Expected {word} keyword")  # the wording is a guess

    def _expect_mark(self, text: str) -> None:
        if not self._take_mark(text):
            raise malformed(f"Expected {_MARKS.get(text, text)}")

    def _unexpected(self) -> AwsError:
        """What stands here begins no term; in the words of AWS's own parser of PartiQL."""
        token = self._token
        if token.kind == "mark" and token.text in OPERATORS:
            return malformed("Unexpected operator")
        return malformed("Unexpected keyword" if token.kind == "word" else "Unexpected term")

    # --- conditions --------------------------------------------------------------------------------------------------

    def _condition(self) -> Condition:
        left = self._conjunction()
        while self._take_word("OR"):
            left = Or(left, self._conjunction())
        return left

    def _conjunction(self) -> Condition:
        left = self._negation()
        while self._take_word("AND"):
            left = And(left, self._negation())
        return left

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise malformed("The condition is nested too deeply")
        try:
            if self._take_word("NOT"):
                return Not(self._negation())
            if self._take_mark("("):
                found = self._condition()
                self._expect_mark(")")
                return found
            return self._test()
        finally:
            self._depth -= 1

    def _is_call(self) -> bool:
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        return self._token.kind == "word" and following.kind == "mark" and following.text == "("

    def _test(self) -> Condition:
        name = self._token.text.lower()
        if self._is_call() and name in _TESTS:
            self._advance()
            self._expect_mark("(")
            operands: list[Operand] = [self._operand()]
            while self._take_mark(","):
                operands.append(self._operand())
            self._expect_mark(")")
            if len(operands) != _TESTS[name]:
                raise malformed(f"{name} takes {_TESTS[name]} arguments")
            return Call(name, tuple(operands))
        left = self._operand()
        if self._take_word("IS"):
            return self._is(left)
        if self._token.kind == "mark" and self._token.text in _COMPARATORS:
            operator = _COMPARATORS[self._advance().text]
            if self._token.kind == "end":
                raise malformed("Missing right-hand side expression of infix operator")
            return Compare(operator, left, self._operand())
        is_not = self._take_word("NOT")
        if self._take_word("BETWEEN"):
            low = self._operand()
            self._expect_word("AND")
            found: Condition = Between(left, low, self._operand())
        elif self._take_word("IN"):
            found = In(left, self._choices())
        else:
            raise self._unexpected()
        return Not(found) if is_not else found

    def _is(self, left: Operand) -> Condition:
        is_not = self._take_word("NOT")
        if self._take_word("MISSING"):
            return Call("attribute_exists" if is_not else "attribute_not_exists", (left,))
        if not self._take_word("NULL"):
            raise malformed("Expected type name")
        found = Call("attribute_type", (left, Literal({"S": "NULL"})))
        return Not(found) if is_not else found

    def _choices(self) -> tuple[Operand, ...]:
        closing = "]" if self._take_mark("[") else ")"
        if closing == ")":
            self._expect_mark("(")
        found = [self._operand()]
        while self._take_mark(","):
            found.append(self._operand())
        self._expect_mark(closing)
        return tuple(found)

    # --- operands ----------------------------------------------------------------------------------------------------

    def _operand(self) -> Operand:
        if self._is_call() and self._token.text.lower() == "size":
            self._advance()
            self._expect_mark("(")
            path = self._path()
            self._expect_mark(")")
            return Call("size", (path,))
        if self._token.kind == "quoted" or (
            self._token.kind == "word" and not self._is_word("TRUE", "FALSE", "NULL")
        ):
            return self._path()
        return Literal(self._literal())

    def _identifier(self) -> str:
        if self._token.kind not in ("word", "quoted"):
            raise self._unexpected()
        return self._advance().text

    def _target(self) -> str:
        """The table that a statement writes to."""
        if self._token.kind not in ("word", "quoted"):
            raise malformed("Expected identifier for simple path")
        return self._advance().text

    def _component(self) -> str:
        if self._token.kind not in ("word", "quoted"):
            raise malformed("Invalid path dot component")
        return self._advance().text

    def _path(self) -> Path:
        steps: list[str | int] = [self._identifier()]
        while True:
            if self._take_mark("."):
                steps.append(self._component())
            elif self._take_mark("["):
                if self._token.kind == "text":
                    steps.append(self._advance().text)
                elif self._token.kind == "number" and self._token.text.isdecimal():
                    steps.append(int(self._advance().text))
                else:
                    raise self._unexpected()
                self._expect_mark("]")
            else:
                return Path(tuple(steps))

    def _literal(self) -> Value:
        """A value as we keep it."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise malformed("A value is nested too deeply")
        try:
            return self._value()
        finally:
            self._depth -= 1

    def _value(self) -> Value:
        at, token = self._at, self._advance()
        match token.kind, token.text.upper() if token.kind == "word" else token.text:
            case "text", text:
                return {"S": text}
            case "number", text:
                return take({"N": text})[0]
            case "word", "TRUE" | "FALSE" as text:
                return {"BOOL": text == "TRUE"}
            case "word", "NULL":
                return {"NULL": True}
            case "mark", "-" if self._token.kind == "number":
                return take({"N": "-" + self._advance().text})[0]
            case "mark", "?":
                self._used += 1
                if self._used > len(self._parameters):
                    raise invalid("Number of parameters in request and statement don't match.")
                return self._parameters[self._used - 1]
            case "mark", "[":
                return {"L": self._list("]")}
            case "mark", "<<":
                return self._set(self._list(">>"))
            case "mark", "{":
                return {"M": self._map()}
        self._at = at
        raise self._unexpected()

    def _list(self, closing: str) -> list[Value]:
        found: list[Value] = []
        while not self._take_mark(closing):
            if found:
                self._expect_mark(",")
            found.append(self._literal())
        return found

    def _map(self) -> Item:
        found: Item = {}
        while not self._take_mark("}"):
            if found:
                self._expect_mark(",")
            if self._token.kind not in ("text", "quoted"):
                raise self._unexpected()
            name = self._advance().text
            self._expect_mark(":")
            found[name] = self._literal()
        return found

    def _set(self, elements: list[Value]) -> Value:
        kinds = {kind for element in elements for kind in element}
        if len(kinds) != 1 or not kinds <= _SET_KINDS.keys():
            raise bad_value("A set has elements of one type: String, Number or Binary")
        (kind,) = kinds
        contents = [element[kind] for element in elements]
        if kind == "B":
            contents = [base64.b64decode(content) for content in contents]
        return take({_SET_KINDS[kind]: contents})[0]
