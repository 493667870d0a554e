"""What an expression reads from outside: variables, and the context item, which Step Functions does not give."""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.nodes import Node


@dataclass(frozen=True, slots=True)
class References:
    """`variables` in order of first use; `unsupported` is AWS's message about the first read of a context item.

    `fields` are the fields of `$states` that are read by their names.
    """

    variables: tuple[str, ...]
    unsupported: str | None
    fields: tuple[str, ...]


def find(tree: Node) -> References:
    """The references of a shaped tree."""
    search = _Search()
    search.visit(tree, frozenset(), True)
    return References(tuple(search.variables), search.unsupported, tuple(search.fields))


class _Search:
    def __init__(self) -> None:
        self.variables: dict[str, None] = {}
        self.unsupported: str | None = None
        self.fields: dict[str, None] = {}

    def _refuse(self, message: str) -> None:
        if self.unsupported is None:
            self.unsupported = message

    def visit(self, node: Node, bound: frozenset[str], top: bool) -> frozenset[str]:
        """Note what `node` reads; `top` where the context item is that of the whole expression.

        Returns the names bound for what follows it in the same block or path.
        """
        match node:
            case nodes.Variable(name):
                if name == "$":
                    self._refuse("Reference to '$$' is not supported.")
                elif name and name not in bound:
                    self.variables.setdefault(name)
            case nodes.Name(value):
                if top:
                    self._refuse(f"Reference to '{value}' at the top level is not supported.")
            case nodes.Path(steps):
                self._note_field(steps, bound)
                inner = bound
                for index, step in enumerate(steps):
                    inner = self.visit(step, inner, top and index == 0)
                self._decorations(node, inner)
                return bound
            case nodes.Block(expressions):
                inner = bound
                for part in expressions:
                    inner = self.visit(part, inner, top)
            case nodes.Bind(name, value):
                # A function may call itself by the name it is bound to.
                known = bound | {name}
                self.visit(value, known if isinstance(value, nodes.LambdaNode) else bound, top)
                return known
            case nodes.LambdaNode(parameters, body):
                self.visit(body, bound | set(parameters), top)
            case nodes.Transform(pattern, update, delete):
                for part in (pattern, update, *([] if delete is None else [delete])):
                    self.visit(part, bound, False)
            case nodes.Sort(terms):
                for term in terms:
                    self.visit(term.expression, bound, False)
            case _:
                for child in _children(node):
                    self.visit(child, bound, top)
        return self._decorations(node, bound)

    def _note_field(self, steps: list[Node], bound: frozenset[str]) -> None:
        match steps:
            case [nodes.Variable("states"), nodes.Name(field), *_] if "states" not in bound:
                self.fields.setdefault(field)

    def _decorations(self, node: Node, bound: frozenset[str]) -> frozenset[str]:
        known = bound | {name for name in (node.focus, node.index) if name is not None}
        for stage in (*node.predicates, *node.stages):
            if isinstance(stage, nodes.Filter):
                self.visit(stage.condition, known, False)
            else:
                known |= {stage.name}
        for pair in node.group or ():
            for part in pair:
                self.visit(part, known, False)
        return known


def _children(node: Node) -> list[Node]:
    match node:
        case nodes.Negate(operand):
            return [operand]
        case nodes.ArrayNode(items):
            return items
        case nodes.ObjectNode(pairs):
            return [part for pair in pairs for part in pair]
        case nodes.Binary(_, left, right) | nodes.Apply(left, right):
            return [left, right]
        case nodes.Condition(test, then, otherwise):
            return [test, then] if otherwise is None else [test, then, otherwise]
        case nodes.Call(procedure, arguments):
            return [procedure, *arguments]
        case _:
            return []
