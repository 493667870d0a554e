"""Recursive descent over tokens: paths, operands, conditions. Updates build on it in `updates.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

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
from fogbank.services.dynamodb.expressions.problems import Late, Rank
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
        self._problems: dict[Rank, str] = {}

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

    def note(self, rank: Rank, message: str) -> None:
        """A problem that does not keep from reading on."""
        self._problems.setdefault(rank, message)

    def judge(self) -> None:
        """Raises ValidationException when there was a problem. For when all is read."""
        if not self._problems:
            return
        rank = min(self._problems)
        if rank < Rank.VALUE:
            raise self.refused(self._problems[rank])
        raise Late(f"Invalid {self.kind}: {self._problems[rank]}", self.values_used)

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
                self.note(
                    Rank.NAME,
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {token.text}",
                )
                return token.text
            self.names_used.add(token.text)
            return name
        if token.kind != "name" or token.text.upper() in KEYWORDS:
            raise self.wrong()
        if token.text.upper() in RESERVED:
            rank = Rank.RESERVED_IN_UPDATE if self.kind == "UpdateExpression" else Rank.RESERVED
            self.note(rank, f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
        self.advance()
        return token.text

    def value_ref(self) -> Ref:
        if self.token.kind != "value":
            raise self.wrong()
        name = self.advance().text
        self.values_used[name] = None
        return Ref(name)

    def operand(self, functions: Mapping[str, int]) -> Operand:
        """A path, a value, or a call of one of `functions`; in brackets perhaps."""
        if self.token.kind == "value":
            return self.value_ref()
        if self.is_mark("("):
            with self.brackets():
                return self.operand(functions)
        if self._is_call():
            return self.call(functions)
        return self.path()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self.refused("The expression is nested too deeply;")
        yield
        self._depth -= 1

    @contextmanager
    def brackets(self) -> Iterator[None]:
        """Around an operand. More than one pair is too many."""
        with self.deeper():
            self.expect("(")
            if self.is_mark("("):
                self.redundant_parentheses()
            yield
            self.expect(")")

    def redundant_parentheses(self) -> None:
        self.note(Rank.PARENTHESES, "The expression has redundant parentheses;")

    def _is_call(self) -> bool:
        following = self.peek()
        return self.token.kind == "name" and following.kind == "mark" and following.text == "("

    def call(self, functions: Mapping[str, int]) -> Call:
        function = self.advance().text
        if function not in functions:
            self._misplaced(function)
        self.count_operator()
        self.expect("(")
        operands = [self.operand(self._argument_functions(function))]
        while self.is_mark(","):
            self.advance()
            operands.append(self.operand(self._argument_functions(function)))
        self.expect(")")
        if len(operands) != functions.get(function, len(operands)):
            self.note(
                Rank.OPERANDS,
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}",
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
            self.note(
                Rank.PATH,
                f"Operator or function requires a document path; operator or function: {function}",
            )
        if len(operands) == 2 and isinstance(operands[0], Path) and function in TESTS:
            self._check_distinct(function, operands[0], operands[1:])

    def _check_distinct(self, operator: str, first: Path, others: list[Operand]) -> None:
        if any(isinstance(other, Path) and other.steps == first.steps for other in others):
            self.note(
                Rank.DISTINCT,
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {first}",
            )

    def _misplaced(self, function: str) -> None:
        is_update = self.kind == "UpdateExpression"
        of_conditions = function in TESTS or function in CONDITION_VALUES
        if not of_conditions and function not in UPDATE_VALUES:
            self.note(Rank.FUNCTION, f"Invalid function name; function: {function}")
        elif is_update is not of_conditions:
            self.note(
                Rank.MISUSE,
                f"The function is not allowed to be used this way in an expression; function: {function}",
            )
        else:
            where = "an update" if is_update else f"a {self._kind_of_condition()}"
            self.note(Rank.MISUSE, f"The function is not allowed in {where} expression; function: {function}")

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
        self.judge()
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
        with self.deeper():
            if self.is_word("NOT"):
                self.advance()
                self.count_operator()
                return Not(self._not()[0]), False
            if self.is_mark("(") and not self._brackets_operand():
                self.advance()
                inner, bracketed = self._or()
                self.expect(")")
                if bracketed:
                    self.redundant_parentheses()
                return inner, True
            return self._test(), False

    def _brackets_operand(self) -> bool:
        """Whether the bracket here is around an operand: a comparison follows where it closes."""
        depth = 0
        for at in range(self._at, len(self._tokens)):
            token = self._tokens[at]
            if token.kind == "mark" and token.text in "()":
                depth += 1 if token.text == "(" else -1
            if depth == 0:
                following = self._tokens[at + 1]
                return _compares(following)
        return False

    def _test(self) -> Condition:
        if self._is_call() and self.token.text in TESTS:
            found = self.call(TESTS)
            if not _compares(self.token):
                return found
            self._misplaced(found.function)
            left: Operand = found
        else:
            left = self.operand(CONDITION_VALUES)
        if self.token.kind == "mark" and self.token.text in COMPARATORS:
            operator = self.advance().text
            self.count_operator()
            right = self.operand(CONDITION_VALUES)
            if isinstance(left, Path):
                self._check_distinct(operator, left, [right])
            return Compare(operator, left, right)
        if self.is_word("BETWEEN"):
            self.advance()
            self.count_operator()
            low = self.operand(CONDITION_VALUES)
            if not self.is_word("AND"):
                raise self.wrong()
            self.advance()
            return Between(left, low, self.operand(CONDITION_VALUES))
        if self.is_word("IN"):
            return self._in(left)
        if isinstance(left, Call):
            self._misplaced(left.function)
            return left
        raise self.wrong()

    def _in(self, left: Operand) -> In:
        self.advance()
        self.count_operator()
        self.expect("(")
        choices = [self.operand(CONDITION_VALUES)]
        while self.is_mark(","):
            self.advance()
            choices.append(self.operand(CONDITION_VALUES))
        self.expect(")")
        if len(choices) > IN_OPERANDS_MAX:
            raise self.refused(
                f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            )
        return In(left, tuple(choices))


def _compares(token: Token) -> bool:
    return (token.kind == "mark" and token.text in COMPARATORS) or (
        token.kind == "name" and token.text.upper() in ("BETWEEN", "IN")
    )


def top_level(steps: Steps) -> str:
    """The attribute that a path begins with."""
    first = steps[0]
    assert isinstance(first, str)  # the grammar has no path that begins with an index
    return first


def nested_in(paths: Iterable[Steps]) -> frozenset[str]:
    """The attributes that paths go into, which no key attribute allows."""
    return frozenset(top_level(path) for path in paths if len(path) > 1)
