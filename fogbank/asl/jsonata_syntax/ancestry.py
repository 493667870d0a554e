"""Where `%` points: each `%` climbs back through the steps of its path, and of the paths around it, until some step
owns the parent it means. That step then binds its input under the slot's label for the steps after it.
"""

from __future__ import annotations

from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.errors import JsonataSyntaxError
from fogbank.asl.jsonata_syntax.nodes import Node, Slot


def climb(node: Node, slot: Slot) -> None:
    """Let `node` be one of the steps that `slot` climbs over; at level 0 it has found its owner."""
    match node:
        case nodes.Name() | nodes.Wildcard():
            slot.level -= 1
            if slot.level == 0:
                if node.ancestor is None:
                    node.ancestor = slot
                else:
                    slot.label = node.ancestor.label
                    node.ancestor = slot
                node.tuple = True
        case nodes.Parent():
            slot.level += 1
        case nodes.Block(expressions):
            if expressions:
                node.tuple = True
                climb(expressions[-1], slot)
        case nodes.Path(steps):
            node.tuple = True
            index = len(steps) - 1
            climb(steps[index], slot)
            while slot.level > 0 and index > 0:
                index -= 1
                climb(steps[index], slot)
        case _:
            raise JsonataSyntaxError("S0217", node.position, token=type(node).__name__)


def inherit(node: Node, child: Node) -> None:
    """`node` contains `child`: what the child could not resolve, `node`'s surroundings must."""
    if child.seeking or isinstance(child, nodes.Parent):
        node.seeking = [*node.seeking, *_unresolved(child)]


def resolve(path: nodes.Path) -> None:
    """Resolve what the last step of `path` seeks among the steps before it; the rest is the path's own to seek."""
    for slot in _unresolved(path.steps[-1]):
        index = len(path.steps) - 2
        while slot.level > 0:
            if index < 0:
                path.seeking = [*path.seeking, slot]
                break
            step = path.steps[index]
            index -= 1
            # Steps that bind a focus keep their input as context, so a run of them counts as one step.
            while index >= 0 and step.focus and path.steps[index].focus:
                step = path.steps[index]
                index -= 1
            climb(step, slot)


def _unresolved(node: Node) -> list[Slot]:
    return [*node.seeking, node.slot] if isinstance(node, nodes.Parent) else list(node.seeking)
