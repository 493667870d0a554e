"""The raw tree to the shape that is evaluated: chains of `.` become paths, predicates and bindings decorate steps.

Nothing here knows how a step is evaluated.
"""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata_syntax import nodes
from fogbank.asl.jsonata_syntax.ancestry import climb, inherit, resolve
from fogbank.asl.jsonata_syntax.errors import JsonataSyntaxError
from fogbank.asl.jsonata_syntax.nodes import Filter, Node, Path, Position
from fogbank.core.limits import JSONATA_NESTING_MAX


def shape(raw: Node) -> Node:
    """The tree to compile. Raises JsonataSyntaxError where parts do not go together."""
    node = _shape(raw, 0)
    if isinstance(node, nodes.Parent) or node.seeking:
        raise JsonataSyntaxError("S0217", node.position, token="%")
    return node


def _shape(raw: Node, depth: int) -> Node:
    if depth > JSONATA_NESTING_MAX:
        return nodes.TooDeep(position=raw.position)
    depth += 1
    match raw:
        case nodes.Binary(operator="."):
            return _chain(raw, depth)
        case nodes.Binary(operator="["):
            return _filtered(raw, depth)
        case nodes.Binary(operator="@"):
            return _focused(raw, depth)
        case nodes.Binary(operator="#"):
            return _indexed(raw, depth)
        case nodes.Grouped():
            return _grouped(raw, depth)
        case nodes.Sort():
            return _sorted(raw, depth)
        case nodes.Name():
            return Path([raw], keep_singleton=raw.keep_array, position=raw.position)
        case nodes.Negate(operand):
            return _negated(raw, _shape(operand, depth))
        case nodes.Parent():
            return raw
        case _:
            _shape_children(raw, depth)
            return raw


def _shape_children(raw: Node, depth: int) -> None:
    """Shape in place what needs no new node of its own."""
    match raw:
        case nodes.Binary() | nodes.Apply():
            raw.left = _within(raw, raw.left, depth)
            raw.right = _within(raw, raw.right, depth)
        case nodes.ArrayNode(items):
            raw.items = [_within(raw, item, depth) for item in items]
        case nodes.ObjectNode(pairs):
            raw.pairs = _shape_pairs(raw, pairs, depth)
        case nodes.Bind(value=value):
            raw.value = _within(raw, value, depth)
        case nodes.Condition(test, then, otherwise):
            raw.test = _within(raw, test, depth)
            raw.then = _within(raw, then, depth)
            raw.otherwise = None if otherwise is None else _within(raw, otherwise, depth)
        case nodes.Block(expressions):
            raw.expressions = [_within(raw, part, depth) for part in expressions]
            raw.cons = any(
                part.cons or (isinstance(part, Path) and part.steps[0].cons) for part in raw.expressions
            )
        case nodes.Call(procedure, arguments):
            raw.arguments = [_within(raw, argument, depth) for argument in arguments]
            raw.procedure = _shape(procedure, depth)
        case nodes.LambdaNode(body=body):
            raw.body = _shape(body, depth)
        case nodes.Transform(pattern, update, delete):
            raw.pattern = _shape(pattern, depth)
            raw.update = _shape(update, depth)
            raw.delete = None if delete is None else _shape(delete, depth)


def _within(parent: Node, child: Node, depth: int) -> Node:
    shaped = _shape(child, depth)
    inherit(parent, shaped)
    return shaped


def _shape_pairs(parent: Node, pairs: list[tuple[Node, Node]], depth: int) -> list[tuple[Node, Node]]:
    return [(_within(parent, key, depth), _within(parent, value, depth)) for key, value in pairs]


def _negated(raw: nodes.Negate, operand: Node) -> Node:
    if isinstance(operand, nodes.Literal) and _is_number(operand.value):
        operand.value = -operand.value
        return operand
    raw.operand = operand
    inherit(raw, operand)
    return raw


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


# --- paths ------------------------------------------------------------------------------------------------------------
def _chain(raw: nodes.Binary, depth: int) -> Path:
    """`a.b.c`: read along the left spine, not by recursion, so that a long path is not a deep tree."""
    links: list[nodes.Binary] = []
    left: Node = raw
    while isinstance(left, nodes.Binary) and left.operator == ".":
        links.append(left)
        left = left.left
    first = _shape(left, depth)
    path = _as_path(first)
    for link in reversed(links):
        _extend(path, _shape(link.right, depth))
        path.position = link.position
        _settle(path)
    return path


def _as_path(first: Node) -> Path:
    if isinstance(first, Path):
        # A path that was grouped or bracketed keeps its decorations, and goes on.
        return first
    path = Path([first], position=first.position)
    if isinstance(first, nodes.Parent):
        path.seeking = [first.slot]
    return path


def _extend(path: Path, rest: Node) -> None:
    if isinstance(rest, Path):
        path.steps.extend(rest.steps)
    else:
        if rest.predicates:
            rest.stages, rest.predicates = rest.predicates, []
        path.steps.append(rest)


def _settle(path: Path) -> None:
    steps = path.steps
    for index, step in enumerate(steps):
        if isinstance(step, nodes.Literal):
            if not isinstance(step.value, str):
                raise JsonataSyntaxError("S0213", step.position, value=step.value)
            steps[index] = _named(step)
    path.keep_singleton = path.keep_singleton or any(step.keep_array for step in steps)
    for step in (steps[0], steps[-1]):
        if isinstance(step, nodes.ArrayNode):
            step.cons = True
    resolve(path)


def _named(step: nodes.Literal) -> nodes.Name:
    name = nodes.Name(step.value, position=step.position, keep_array=step.keep_array)
    name.stages, name.predicates = step.stages, step.predicates
    name.group, name.focus, name.index, name.tuple = step.group, step.focus, step.index, step.tuple
    return name


def _filtered(raw: nodes.Binary, depth: int) -> Node:
    result = _shape(raw.left, depth)
    step = result.steps[-1] if isinstance(result, Path) else result
    if step.group is not None:
        raise JsonataSyntaxError("S0209", raw.position)
    condition = _shape(raw.right, depth)
    for slot in condition.seeking:
        if slot.level == 1:
            climb(step, slot)
        else:
            slot.level -= 1
    inherit(step, condition)
    (step.stages if isinstance(result, Path) else step.predicates).append(Filter(condition))
    return result


def _focused(raw: nodes.Binary, depth: int) -> Node:
    result = _shape(raw.left, depth)
    step = result.steps[-1] if isinstance(result, Path) else result
    if step.stages or step.predicates:
        raise JsonataSyntaxError("S0215", raw.position)
    if isinstance(step, nodes.Sort):
        raise JsonataSyntaxError("S0216", raw.position)
    step.keep_array = step.keep_array or raw.keep_array
    step.focus = _variable(raw.right)
    step.tuple = True
    return result


def _indexed(raw: nodes.Binary, depth: int) -> Node:
    result = _shape(raw.left, depth)
    if isinstance(result, Path):
        step = result.steps[-1]
    else:
        step = result
        if step.predicates:
            step.stages, step.predicates = step.predicates, []
        result = Path([step], position=raw.position)
    if step.stages:
        step.stages.append(Position(_variable(raw.right)))
    else:
        step.index = _variable(raw.right)
    step.tuple = True
    return result


def _variable(node: Node) -> str:
    assert isinstance(node, nodes.Variable)  # the grammar lets nothing else through
    return node.name


def _grouped(raw: nodes.Grouped, depth: int) -> Node:
    result = _shape(raw.subject, depth)
    if result.group is not None:
        raise JsonataSyntaxError("S0210", raw.position)
    result.group = [(_shape(key, depth), _shape(value, depth)) for key, value in raw.pairs]
    return result


def _sorted(raw: nodes.Sort, depth: int) -> Node:
    assert raw.subject is not None  # the grammar always sets it
    subject = _shape(raw.subject, depth)
    path = subject if isinstance(subject, Path) else Path([subject], position=raw.position)
    step = nodes.Sort([], position=raw.position)
    for term in raw.terms:
        expression = _within(step, term.expression, depth)
        step.terms.append(nodes.Term(expression, term.descending))
    path.steps.append(step)
    resolve(path)
    return path
