"""Which documents a parsed JsonPath reads."""

from __future__ import annotations

from fogbank.java.jsonpath_nodes import (
    All,
    Any_,
    Comparison,
    Condition,
    Exists,
    Filter,
    FunctionCall,
    Not,
    Operand,
    PathNode,
)


def roots(node: PathNode) -> list[str]:
    """Where a path and those within it begin, in the order of the text."""
    found = [node.root]
    for step in node.steps:
        if isinstance(step, Filter):
            found.extend(_roots_of_condition(step.condition))
        elif isinstance(step, FunctionCall):
            for argument in step.arguments:
                found.extend(_roots_of_operand(argument))
    return found


def _roots_of_operand(operand: Operand) -> list[str]:
    return roots(operand) if isinstance(operand, PathNode) else []


def _roots_of_condition(condition: Condition) -> list[str]:
    match condition:
        case Comparison(_, left, right):
            return _roots_of_operand(left) + _roots_of_operand(right)
        case Exists(operand):
            return _roots_of_operand(operand)
        case Not(inner):
            return _roots_of_condition(inner)
        case All(parts) | Any_(parts):
            return [name for part in parts for name in _roots_of_condition(part)]
