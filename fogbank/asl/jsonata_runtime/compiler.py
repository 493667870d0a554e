"""A shaped tree to one closure: each node once, by its kind, with its predicates, group and `[]` around it.

Evaluating then walks no tree. Depth is AWS's measure of nesting: an evaluated node is one deeper than the node that
asked for it. Within one body depths are known here, so only a lambda called near the bound checks them as it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fogbank.asl.jsonata_runtime import calls, collections, conditions, paths
from fogbank.asl.jsonata_runtime.filters import compile_filter
from fogbank.asl.jsonata_runtime.run import Evaluate, Frame
from fogbank.asl.jsonata_runtime.values import UNDEFINED, KeptSequence, OuterSequence, Sequence, settle
from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import stack_overflow
from fogbank.asl.jsonata_syntax.nodes import Node
from fogbank.core.limits import JSONATA_DEPTH_MAX


class Compiler:
    """Compiles the nodes of one body. `deepest` is the depth of its deepest node so far."""

    def __init__(self, *, guarded: bool = False) -> None:
        self.deepest = 0
        self._guarded = guarded

    def fresh(self, *, guarded: bool) -> Compiler:
        """A compiler for another body."""
        return Compiler(guarded=guarded)

    def node(self, node: Node, depth: int, *, tail: bool = False) -> Evaluate:
        """The closure of `node` at `depth`; `tail` if what it returns is what the body returns."""
        # The steps of a path are one deeper than the path, and a path of names evaluates them within itself.
        reach = depth + 1 if isinstance(node, nodes.Path) else depth
        self.deepest = max(self.deepest, reach)
        if reach > JSONATA_DEPTH_MAX or isinstance(node, nodes.TooDeep):
            return _overflow
        if tail and (node.predicates or node.group or node.keep_array):
            tail = False
        evaluate = _COMPILERS[type(node)](self, node, depth, tail)
        if not tail:
            evaluate = self._decorated(node, evaluate, depth)
        return _guard(evaluate, reach) if self._guarded else evaluate

    def _decorated(self, node: Node, evaluate: Evaluate, depth: int) -> Evaluate:
        for stage in node.predicates:
            assert isinstance(stage, nodes.Filter)  # an index binding always makes a path
            evaluate = _filtered(evaluate, compile_filter(self, stage, depth + 1))
        if node.group is not None and not isinstance(node, nodes.Path):
            evaluate = _grouped(evaluate, collections.compile_group(self, node.group, depth + 1))
        if node.keep_array and not isinstance(node, nodes.Path):
            return _kept(evaluate)
        if node.predicates or isinstance(node, _COLLECTING):
            return _settled(evaluate)
        return evaluate


def _overflow(item: Any, frame: Frame) -> Any:
    raise stack_overflow()


def _guard(inner: Evaluate, depth: int) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        if frame.base + depth > JSONATA_DEPTH_MAX:
            raise stack_overflow()
        return inner(item, frame)

    return evaluate


def _filtered(inner: Evaluate, keep: Evaluate) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        return keep(inner(item, frame), frame)

    return evaluate


_grouped = _filtered


def _settled(inner: Evaluate) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        value = inner(item, frame)
        return settle(value) if isinstance(value, list) else value

    return evaluate


def _kept(inner: Evaluate) -> Evaluate:
    def evaluate(item: Any, frame: Frame) -> Any:
        value = inner(item, frame)
        return settle(KeptSequence(value)) if type(value) is Sequence else value

    return evaluate


# --- nodes without parts of their own ---------------------------------------------------------------------------------
def _literal(compiler: Compiler, node: nodes.Literal, depth: int, tail: bool) -> Evaluate:
    value = node.value

    def evaluate(item: Any, frame: Frame) -> Any:
        return value

    return evaluate


def _variable(compiler: Compiler, node: nodes.Variable, depth: int, tail: bool) -> Evaluate:
    name = node.name

    def context(item: Any, frame: Frame) -> Any:
        return item[0] if type(item) is OuterSequence else item

    def variable(item: Any, frame: Frame) -> Any:
        names = frame.names
        return names[name] if name in names else frame.lookup(name)

    return variable if name else context


def _parent(compiler: Compiler, node: nodes.Parent, depth: int, tail: bool) -> Evaluate:
    slot = node.slot
    return lambda item, frame: frame.lookup(slot.label)


def _placeholder(compiler: Compiler, node: nodes.Placeholder, depth: int, tail: bool) -> Evaluate:
    return lambda item, frame: UNDEFINED


_COLLECTING: Final = (
    nodes.Variable, nodes.Name, nodes.Wildcard, nodes.Descendants, nodes.Parent, nodes.Call, nodes.Apply, nodes.Binary,
)  # fmt: skip
_COMPILERS: Final[dict[type[Node], Callable[[Any, Any, int, bool], Evaluate]]] = {
    nodes.Literal: _literal,
    nodes.Variable: _variable,
    nodes.Parent: _parent,
    nodes.Placeholder: _placeholder,
    nodes.Name: paths.compile_name,
    nodes.Wildcard: paths.compile_wildcard,
    nodes.Descendants: paths.compile_descendants,
    nodes.Path: paths.compile_path,
    nodes.Negate: conditions.compile_negate,
    nodes.Binary: conditions.compile_binary,
    nodes.Condition: conditions.compile_condition,
    nodes.Block: conditions.compile_block,
    nodes.Bind: conditions.compile_bind,
    nodes.ArrayNode: collections.compile_array,
    nodes.ObjectNode: collections.compile_object,
    nodes.Transform: collections.compile_transform,
    nodes.Regex: calls.compile_regex,
    nodes.LambdaNode: calls.compile_lambda,
    nodes.Call: calls.compile_call,
    nodes.Apply: calls.compile_apply,
}
