"""Recursive descent over tokens: paths, operands, conditions. Updates build on it in `updates.py`."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Call,
    Compare,
    Condition,
    In,
    Not,
    Operand,
    Or,
    Path,
    Ref,
    Steps,
)
from fogbank.services.dynamodb.expressions.reserved import RESERVED
from fogbank.services.dynamodb.expressions.tokens import Token, syntax_error, tokenize
from fogbank.services.dynamodb.limits import EXPRESSION_OPERATORS_MAX, IN_OPERANDS_MAX, NESTING_MAX
from fogbank.services.dynamodb.service import invalid

COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
#: Function → number of operands. Those that say yes or no, and those that give a value.
TESTS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
CONDITION_VALUES = {"size": 1}
UPDATE_VALUES = {"if_not_exists": 2, "list_append": 2}
_DEPTH_MAX = 100  # ours: brackets within brackets; AWS's bound on operators comes close


class Parser:
    """One expression's text. `names_used` and `values_used` tell what of the request it needed."""

    def __init__(self, text: str, kind: str, names: Mapping[str, str] | None) -> None:
        self.kind = kind
        self._text = text
        self._names = names
        self._tokens = tokenize(text, kind)
        self._at = 0
        self._operators = 0
        self._depth = 0
        self.names_used: set[str] = set()
        self.values_used: dict[str, None] = {}

    # --- tokens ------------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def peek(self, ahead: int = 1) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def advance(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def is_mark(self, text: str) -> bool:
        return self.token.kind == "mark" and self.token.text == text

    def is_word(self, word: str) -> bool:
        return self.token.kind == "name" and self.token.text.upper() == word

    def expect(self, text: str) -> None:
        if not self.is_mark(text):
            raise self.wrong()
        self.advance()

    def end(self) -> None:
        if self.token.kind != "end":
            raise self.wrong()

    def wrong(self) -> AwsError:
        return syntax_error(self._text, self._tokens, self._at, self.kind)

    def refused(self, message: str) -> AwsError:
        return invalid(f"Invalid {self.kind}: {message}")

    # --- paths and operands ------------------------------------------------------------------------------------------

    def path(self) -> Path:
        steps: list[str | int] = [self._name()]
        while True:
            if self.is_mark("."):
                self.advance()
                steps.append(self._name())
            elif self.is_mark("["):
                self.advance()
                if self.token.kind != "number":
                    raise self.wrong()
                steps.append(int(self.advance().text))
                self.expect("]")
            else:
                break
        if len(steps) > NESTING_MAX:
            raise self.refused(
                f"The document path has too many nesting elements; nesting levels: {len(steps)}"
            )
        return Path(tuple(steps))

    def _name(self) -> str:
        token = self.token
        if token.kind == "alias":
            self.advance()
            name = self._names.get(token.text) if self._names else None
            if name is None:
                raise self.refused(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {token.text}"
                )
            self.names_used.add(token.text)
            return name
        if token.kind != "name" or token.text.upper() in KEYWORDS:
            raise self.wrong()
        if token.text.upper() in RESERVED:
            raise self.refused(f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
        self.advance()
        return token.text

    def value_ref(self) -> Ref:
        if self.token.kind != "value":
            raise self.wrong()
        name = self.advance().text
        self.values_used[name] = None
        return Ref(name)

    def operand(self, functions: Mapping[str, int]) -> Operand:
        """A path, a value, or a call of one of `functions`."""
        if self.token.kind == "value":
            return self.value_ref()
        if self._is_call():
            return self.call(functions)
        return self.path()

    def _is_call(self) -> bool:
        following = self.peek()
        return self.token.kind == "name" and following.kind == "mark" and following.text == "("

    def call(self, functions: Mapping[str, int], nested: Mapping[str, int] | None = None) -> Call:
        function = self.advance().text
        if function not in functions:
            raise self._misplaced(function)
        self.count_operator()
        self.expect("(")
        operands = [self.operand(self._argument_functions(function) if nested is None else nested)]
        while self.is_mark(","):
            self.advance()
            operands.append(self.operand(self._argument_functions(function) if nested is None else nested))
        self.expect(")")
        if len(operands) != functions[function]:
            raise self.refused(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}"
            )
        self._check_operands(function, operands)
        return Call(function, tuple(operands))

    def _argument_functions(self, function: str) -> Mapping[str, int]:
        if function in UPDATE_VALUES:
            return UPDATE_VALUES
        return CONDITION_VALUES if function in ("contains", "begins_with") else {}

    def _check_operands(self, function: str, operands: list[Operand]) -> None:
        needs_path = ("attribute_exists", "attribute_not_exists", "if_not_exists")
        if function in needs_path and not isinstance(operands[0], Path):
            raise self.refused(
                f"Operator or function requires a document path; operator or function: {function}"
            )
        if len(operands) == 2 and isinstance(operands[0], Path) and function in TESTS:
            self._check_distinct(function, operands[0], operands[1:])

    def _check_distinct(self, operator: str, first: Path, others: list[Operand]) -> None:
        if any(isinstance(other, Path) and other.steps == first.steps for other in others):
            raise self.refused(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {first}"
            )

    def _misplaced(self, function: str) -> AwsError:
        if function in TESTS or function in CONDITION_VALUES:
            if self.kind == "UpdateExpression":
                return self.refused(
                    f"The function is not allowed in an update expression; function: {function}"
                )
            return self.refused(
                f"The function is not allowed to be used this way in an expression; function: {function}"
            )
        if function in UPDATE_VALUES:
            if self.kind == "UpdateExpression":
                return self.refused(
                    f"The function is not allowed to be used this way in an expression; function: {function}"
                )
            return self.refused(
                f"The function is not allowed in a {self._kind_of_condition()} expression; function: {function}"
            )
        return self.refused(f"Invalid function name; function: {function}")

    def _kind_of_condition(self) -> str:
        return {"FilterExpression": "filter", "KeyConditionExpression": "key condition"}.get(
            self.kind, "condition"
        )

    def count_operator(self) -> None:
        self._operators += 1
        if self._operators > EXPRESSION_OPERATORS_MAX:
            raise self.refused(
                f"The expression contains too many operators; operator count: {self._operators}"
            )

    # --- conditions --------------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        """The whole text as a condition."""
        found, _ = self._or()
        self.end()
        return found

    def _or(self) -> tuple[Condition, bool]:
        left, bracketed = self._and()
        while self.is_word("OR"):
            self.advance()
            self.count_operator()
            left, bracketed = Or(left, self._and()[0]), False
        return left, bracketed

    def _and(self) -> tuple[Condition, bool]:
        left, bracketed = self._not()
        while self.is_word("AND"):
            self.advance()
            self.count_operator()
            left, bracketed = And(left, self._not()[0]), False
        return left, bracketed

    def _not(self) -> tuple[Condition, bool]:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self.refused("The expression is nested too deeply;")
        try:
            if self.is_word("NOT"):
                self.advance()
                self.count_operator()
                return Not(self._not()[0]), False
            if self.is_mark("("):
                self.advance()
                inner, bracketed = self._or()
                self.expect(")")
                if bracketed:
                    raise self.refused("The expression has redundant parentheses;")
                return inner, True
            return self._test(), False
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        if self._is_call() and self.token.text in TESTS:
            return self.call(TESTS)
        if self._is_call() and self.token.text not in CONDITION_VALUES:
            raise self._misplaced(self.token.text)
        first_text = self.token.text
        left = self.operand(CONDITION_VALUES)
        if self.token.kind == "mark" and self.token.text in COMPARATORS:
            operator = self.advance().text
            self.count_operator()
            right = self._right()
            if isinstance(left, Path):
                self._check_distinct(operator, left, [right])
            return Compare(operator, left, right)
        if self.is_word("BETWEEN"):
            self.advance()
            self.count_operator()
            low = self._right()
            if not self.is_word("AND"):
                raise self.wrong()
            self.advance()
            high = self._right()
            if isinstance(left, Path):
                self._check_distinct("BETWEEN", left, [low, high])
            return Between(left, low, high)
        if self.is_word("IN"):
            return self._in(left)
        if isinstance(left, Call) and self.token.kind == "end":
            raise self._misplaced(first_text)
        raise self.wrong()

    def _right(self) -> Operand:
        if self._is_call() and self.token.text not in CONDITION_VALUES:
            raise self._misplaced(self.token.text)
        return self.operand(CONDITION_VALUES)

    def _in(self, left: Operand) -> In:
        self.advance()
        self.count_operator()
        self.expect("(")
        choices = [self._right()]
        while self.is_mark(","):
            self.advance()
            choices.append(self._right())
        self.expect(")")
        if len(choices) > IN_OPERANDS_MAX:
            raise self.refused(
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            )
        return In(left, tuple(choices))


def top_level(steps: Steps) -> str:
    """The attribute that a path begins with."""
    first = steps[0]
    assert isinstance(first, str)  # the grammar has no path that begins with an index
    return first
