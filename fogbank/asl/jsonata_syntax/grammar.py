"""The grammar of JSONata: tokens to a raw tree, by operator precedence. `shape` makes paths of it afterwards."""

from __future__ import annotations

from typing import Final

from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataSyntaxError, stack_overflow
from fogbank.asl.jsonata_syntax.nodes import Node
from fogbank.asl.jsonata_syntax.tokens import Kind, Token, Tokens
from fogbank.core.limits import JSONATA_NESTING_MAX

_BINDING: Final[dict[str, int]] = {
    ":=": 10,
    "?": 20,
    "or": 25,
    "and": 30,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "~>", "^"), 40),
    **dict.fromkeys(("+", "-", "&"), 50),
    **dict.fromkeys(("*", "/", "%"), 60),
    "{": 70,
    ".": 75,
    **dict.fromkeys(("[", "(", "@", "#"), 80),
}
_INFIX: Final = frozenset(
    ("=", "!=", "<", "<=", ">", ">=", "in", "+", "-", "&", "*", "/", "%", ".", "and", "or", "~>")
)


class Grammar:
    """Reads one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._depth = 0
        self._slots = 0
        self._token = self._tokens.next(operand=True)

    def parse(self) -> Node:
        """The whole text as one tree. Raises JsonataSyntaxError."""
        node = self._expression(0)
        if self._token.kind is not Kind.END:
            raise JsonataSyntaxError("S0201", self._token.end, token=self._token.value)
        return node

    # --- tokens -------------------------------------------------------------------------------------------------
    def _advance(self, expected: str | None = None, *, operand: bool = True) -> None:
        token = self._token
        if expected is not None and not self._at(expected):
            if token.kind is Kind.END:
                raise JsonataSyntaxError("S0203", token.end, value=expected, token=token.value)
            raise JsonataSyntaxError("S0202", token.end, value=expected, token=_shown(token))
        self._token = self._tokens.next(operand=operand)

    def _at(self, operator: str) -> bool:
        return self._token.kind is Kind.OPERATOR and self._token.value == operator

    # --- expressions --------------------------------------------------------------------------------------------
    def _expression(self, strength: int) -> Node:
        self._depth += 1
        if self._depth > JSONATA_NESTING_MAX:
            raise stack_overflow()
        token = self._token
        self._token = self._tokens.next(operand=_opens(token))
        left = self._operand(token)
        while self._token.kind is Kind.OPERATOR and strength < _BINDING.get(self._token.value, 0):
            token = self._token
            self._token = self._tokens.next(operand=True)
            left = self._infix(token, left)
        self._depth -= 1
        return left

    def _operand(self, token: Token) -> Node:
        at = token.end
        match token.kind:
            case Kind.NAME:
                return nodes.Name(token.value, position=at)
            case Kind.VARIABLE:
                return nodes.Variable(token.value, position=at)
            case Kind.NUMBER | Kind.STRING | Kind.VALUE:
                return nodes.Literal(token.value, position=at)
            case Kind.REGEX:
                return nodes.Regex(*token.value, position=at)
            case Kind.END:
                raise JsonataSyntaxError("S0207", at, token=token.value)
            case Kind.OPERATOR:
                return self._prefix(token)

    def _prefix(self, token: Token) -> Node:
        at = token.end
        match token.value:
            case "and" | "or" | "in" as word:
                return nodes.Name(word, position=at)
            case "-":
                return nodes.Negate(self._expression(70), position=at)
            case "*":
                return nodes.Wildcard(position=at)
            case "**":
                return nodes.Descendants(position=at)
            case "%":
                self._slots += 1
                return nodes.Parent(nodes.Slot(f"!{self._slots}"), position=at)
            case "(":
                return self._block(at)
            case "[":
                return self._array(at)
            case "{":
                return nodes.ObjectNode(self._pairs(), position=at)
            case "|":
                return self._transform(at)
            case other:
                raise JsonataSyntaxError("S0211", at, token=other)

    def _block(self, at: int) -> Node:
        expressions = []
        while not self._at(")"):
            expressions.append(self._expression(0))
            if not self._at(";"):
                break
            self._advance(";")
        self._advance(")", operand=False)
        return nodes.Block(expressions, position=at)

    def _array(self, at: int) -> Node:
        items = []
        if not self._at("]"):
            while True:
                item = self._expression(0)
                if self._at(".."):
                    end = self._token.end
                    self._advance("..")
                    item = nodes.Binary("..", item, self._expression(0), position=end)
                items.append(item)
                if not self._at(","):
                    break
                self._advance(",")
        self._advance("]", operand=False)
        return nodes.ArrayNode(items, position=at)

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs = []
        if not self._at("}"):
            while True:
                key = self._expression(0)
                self._advance(":")
                pairs.append((key, self._expression(0)))
                if not self._at(","):
                    break
                self._advance(",")
        self._advance("}", operand=False)
        return pairs

    def _transform(self, at: int) -> Node:
        pattern = self._expression(0)
        self._advance("|")
        update = self._expression(0)
        delete = None
        if self._at(","):
            self._advance(",")
            delete = self._expression(0)
        self._advance("|", operand=False)
        return nodes.Transform(pattern, update, delete, position=at)

    # --- what follows an operand --------------------------------------------------------------------------------
    def _infix(self, token: Token, left: Node) -> Node:
        operator, at = token.value, token.end
        match operator:
            case "(":
                return self._call(left, at)
            case "[":
                return self._predicate(left, at)
            case "{":
                return nodes.Grouped(left, self._pairs(), position=at)
            case "^":
                return self._sort(left, at)
            case "?":
                return self._condition(left, at)
            case ":=":
                if not isinstance(left, nodes.Variable):
                    raise JsonataSyntaxError("S0212", left.position, token=_name_of(left))
                return nodes.Bind(left.name, self._expression(9), position=at)
            case "@" | "#":
                return self._binding(operator, left, at)
            case "~>":
                return nodes.Apply(left, self._expression(40), position=at)
            case _ if operator in _INFIX:
                return nodes.Binary(operator, left, self._expression(_BINDING[operator]), position=at)
            case _:
                raise JsonataSyntaxError("S0204", at, token=operator)

    def _condition(self, test: Node, at: int) -> Node:
        then = self._expression(0)
        otherwise = None
        if self._at(":"):
            self._advance(":")
            otherwise = self._expression(0)
        return nodes.Condition(test, then, otherwise, position=at)

    def _predicate(self, left: Node, at: int) -> Node:
        if self._at("]"):
            step = left
            while isinstance(step, nodes.Binary) and step.operator == "[":
                step = step.left
            step.keep_array = True
            self._advance("]", operand=False)
            return left
        condition = self._expression(0)
        self._advance("]", operand=False)
        return nodes.Binary("[", left, condition, position=at)

    def _sort(self, left: Node, at: int) -> Node:
        self._advance("(")
        terms = []
        while True:
            descending = self._at(">")
            if descending or self._at("<"):
                self._advance()
            terms.append(nodes.Term(self._expression(0), descending))
            if not self._at(","):
                break
            self._advance(",")
        self._advance(")", operand=False)
        return nodes.Sort(terms, left, position=at)

    def _binding(self, operator: str, left: Node, at: int) -> Node:
        right = self._expression(80)
        if not isinstance(right, nodes.Variable):
            raise JsonataSyntaxError("S0214", right.position, token=operator)
        return nodes.Binary(operator, left, right, position=at)

    def _call(self, procedure: Node, at: int) -> Node:
        arguments: list[Node] = []
        partial = False
        if not self._at(")"):
            while True:
                if self._at("?"):
                    partial = True
                    arguments.append(nodes.Placeholder(position=self._token.end))
                    self._advance("?", operand=False)
                else:
                    arguments.append(self._expression(0))
                if not self._at(","):
                    break
                self._advance(",")
        self._advance(")", operand=False)
        if isinstance(procedure, nodes.Name) and procedure.value in ("function", "λ"):
            return self._lambda(arguments, at)
        return nodes.Call(procedure, arguments, partial, position=at)

    def _lambda(self, arguments: list[Node], at: int) -> Node:
        parameters = []
        for index, argument in enumerate(arguments):
            if not isinstance(argument, nodes.Variable):
                raise JsonataSyntaxError(
                    "S0208", argument.position, token=_name_of(argument), value=index + 1
                )
            parameters.append(argument.name)
        signature = self._signature() if self._at("<") else None
        self._advance("{")
        body = self._expression(0)
        self._advance("}", operand=False)
        return nodes.LambdaNode(parameters, body, signature, position=at)

    def _signature(self) -> str:
        text, depth = "<", 1
        while depth > 0:
            self._advance()
            if self._token.kind is Kind.END or self._at("{"):
                raise JsonataSyntaxError("S0202", self._token.end, value=">", token=_shown(self._token))
            depth += 1 if self._at("<") else -1 if self._at(">") else 0
            text += str(self._token.value)
        self._advance(">")
        return text


def _opens(token: Token) -> bool:
    """Whether an operand may follow `token` when it stands where an operand starts."""
    return token.kind is Kind.OPERATOR and token.value in ("-", "(", "[", "{", "|")


def _shown(token: Token) -> str:
    return str(token.value)


def _name_of(node: Node) -> str:
    match node:
        case nodes.Name(value):
            return value
        case nodes.Literal(value):
            return str(value)
        case nodes.Variable(name):
            return name
        case nodes.Binary(operator):
            return operator
        case _:
            return ""
