"""Conditions as closures over an item and the values of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.nodes import (
    And,
    Arithmetic,
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
    Ref,
    Steps,
)
from fogbank.services.dynamodb.expressions.parser import Parser, nested_in, top_level
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.values import Item, Value, sortable, text_bytes, value_size

Values = Mapping[str, Value]
Test = Callable[[Item, Values], bool]
Evaluate = Callable[[Item, Values], Value | None]
Check = Callable[[Values], None]

ORDERED = frozenset({"S", "N", "B"})
SIZED = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
SET_OF = {"SS": "S", "NS": "N", "BS": "B"}
TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"})
NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """`checks` are run once with the values of a request: errors that do not depend on any item."""

    kind: str
    node: Condition
    test: Test
    checks: tuple[Check, ...]
    names_used: frozenset[str]
    values_used: tuple[str, ...]
    attributes: frozenset[str]  # top-level attributes that it looks at
    nested: frozenset[str]  # those of them that it looks into


def compile_condition(text: str, kind: str, names: Mapping[str, str] | None) -> CompiledCondition:
    """Parse and compile. Raises ValidationException."""
    parser = Parser(text, kind, names)
    node = parser.condition()
    return compiled(node, kind, frozenset(parser.names_used), tuple(parser.values_used))


def compiled(
    node: Condition, kind: str, names_used: frozenset[str] = frozenset(), values_used: tuple[str, ...] = ()
) -> CompiledCondition:
    checks: list[Check] = [_type_check(call.operands[0], SIZED, "size", kind) for call in _sizes(node)]
    test = _test(node, kind, checks)
    paths = [path.steps for path in _paths(node)]
    attributes = frozenset(map(top_level, paths))
    return CompiledCondition(
        kind, node, test, tuple(checks), names_used, values_used, attributes, nested_in(paths)
    )


def _paths(node: Condition | Operand) -> Iterator[Path]:
    for each in _within(node):
        if isinstance(each, Path):
            yield each


def _sizes(node: Condition | Operand) -> Iterator[Call]:
    for each in _within(node):
        if isinstance(each, Call) and each.function == "size":
            yield each


def _within(node: Condition | Operand) -> Iterator[Condition | Operand]:
    """A node and all below it."""
    yield node
    below: tuple[Condition | Operand, ...] = ()
    match node:
        case Call(_, operands):
            below = operands
        case Arithmetic(_, left, right) | Compare(_, left, right) | And(left, right) | Or(left, right):
            below = (left, right)
        case Between(operand, low, high):
            below = (operand, low, high)
        case In(operand, choices):
            below = (operand, *choices)
        case Not(condition):
            below = (condition,)
        case _:
            pass
    for each in below:
        yield from _within(each)


# --- operands ------------------------------------------------------------------------------------------------------------


def evaluate(operand: Operand) -> Evaluate:
    """An operand of a condition as a closure; None where an item has no such value."""
    match operand:
        case Ref(name):
            return lambda item, values: values[name]
        case Literal(value):
            return lambda item, values: value
        case Path(steps):
            return at_path(steps)
        case Call("size", (inner,)):
            find = evaluate(inner)
            return lambda item, values: _size(find(item, values))
    raise AssertionError(f"no operand of a condition: {operand}")  # the parser lets no other through


def at_path(steps: Steps) -> Evaluate:
    """The value at a path; None when there is none."""
    if len(steps) == 1:
        name = top_level(steps)
        return lambda item, values: item.get(name)
    return lambda item, values: find(item, steps)


def find(item: Item, steps: Steps) -> Value | None:
    value: Value | None = item.get(top_level(steps))
    for step in steps[1:]:
        if value is None:
            return None
        if isinstance(step, int):
            elements = value.get("L")
            value = elements[step] if elements is not None and step < len(elements) else None
        else:
            members = value.get("M")
            value = members.get(step) if members is not None else None
    return value


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return {"N": str(text_bytes(content))}
        case "B":
            return {"N": str(value_size(value))}
        case "SS" | "NS" | "BS" | "L" | "M":
            return {"N": str(len(content))}
    return None


# --- tests ---------------------------------------------------------------------------------------------------------------


def _test(node: Condition, kind: str, checks: list[Check]) -> Test:
    match node:
        case And(left, right):
            first, second = _test(left, kind, checks), _test(right, kind, checks)
            return lambda item, values: first(item, values) and second(item, values)
        case Or(left, right):
            first, second = _test(left, kind, checks), _test(right, kind, checks)
            return lambda item, values: first(item, values) or second(item, values)
        case Not(condition):
            inner = _test(condition, kind, checks)
            return lambda item, values: not inner(item, values)
        case Compare():
            return _comparison(node, kind, checks)
        case Between():
            return _between(node, kind, checks)
        case In(operand, choices):
            wanted, options = evaluate(operand), [evaluate(choice) for choice in choices]

            def is_in(item: Item, values: Values) -> bool:
                value = wanted(item, values)
                return value is not None and any(option(item, values) == value for option in options)

            return is_in
        case Call():
            return _function(node, kind, checks)


def _comparison(node: Compare, kind: str, checks: list[Check]) -> Test:
    left, right = evaluate(node.left), evaluate(node.right)
    if node.operator == "=":

        def is_equal(item: Item, values: Values) -> bool:
            value = left(item, values)
            return value is not None and value == right(item, values)

        return is_equal
    if node.operator == "<>":

        def differs(item: Item, values: Values) -> bool:
            value = left(item, values)
            return value is None or value != right(item, values)

        return differs
    for operand in (node.left, node.right):
        checks.append(_type_check(operand, ORDERED, node.operator, kind))
    return lambda item, values: _ordered(node.operator, left(item, values), right(item, values))


def _ordered(operator: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    (kind,) = left
    if kind not in ORDERED or kind not in right:
        return False
    first, second = sortable(left), sortable(right)
    match operator:
        case "<":
            return bool(first < second)
        case "<=":
            return bool(first <= second)
        case ">":
            return bool(first > second)
    return bool(first >= second)


def _between(node: Between, kind: str, checks: list[Check]) -> Test:
    operand, low, high = evaluate(node.operand), evaluate(node.low), evaluate(node.high)
    for each in (node.operand, node.low, node.high):
        checks.append(_type_check(each, ORDERED, "BETWEEN", kind))
    checks.append(_bounds_check(node, kind))

    def is_between(item: Item, values: Values) -> bool:
        value = operand(item, values)
        return _ordered(">=", value, low(item, values)) and _ordered("<=", value, high(item, values))

    return is_between


def _given(operand: Operand, values: Values) -> Value | None:
    match operand:
        case Ref(name):
            return values.get(name)
        case Literal(value):
            return value
    return None


def _bounds_check(node: Between, kind: str) -> Check:
    def check(values: Values) -> None:
        low, high = _given(node.low, values), _given(node.high, values)
        if low is None or high is None:
            return
        shown = f"lower bound operand: {show_value(low)}, upper bound operand: {show_value(high)}"
        if low.keys() != high.keys():
            raise _refused(
                kind, f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}"
            )
        if _ordered(">", low, high):
            raise _refused(
                kind,
                f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {shown}",
            )

    return check


def show_value(value: Value) -> str:
    """A value as DynamoDB's messages have it."""
    ((kind, content),) = value.items()
    return f"AttributeValue: {{{kind}:{content}}}"


def _refused(kind: str, message: str) -> AwsError:
    """`kind` names the parameter; PartiQL's WHERE clause is not named."""
    return invalid(f"Invalid {kind}: {message}" if kind else message)


def _wrong_type(kind: str, operator: str, found: str) -> AwsError:
    return _refused(
        kind,
        "Incorrect operand type for operator or function; "
        f"operator or function: {operator}, operand type: {found}",
    )


def _type_check(operand: Operand, allowed: frozenset[str], operator: str, kind: str) -> Check:
    """The type of a value that a request gives must suit the operator; the types of attributes decide at run time."""

    def check(values: Values) -> None:
        value = _given(operand, values)
        if value is not None and not allowed & value.keys():
            (found,) = value
            raise _wrong_type(kind, operator, found)

    return check


def _function(node: Call, kind: str, checks: list[Check]) -> Test:
    first = evaluate(node.operands[0])
    match node.function:
        case "attribute_exists":
            return lambda item, values: first(item, values) is not None
        case "attribute_not_exists":
            return lambda item, values: first(item, values) is None
    second = evaluate(node.operands[1])
    match node.function:
        case "begins_with":
            for operand in node.operands:
                checks.append(_type_check(operand, frozenset({"S", "B"}), "begins_with", kind))
            return lambda item, values: _begins_with(first(item, values), second(item, values))
        case "contains":
            return lambda item, values: contains(first(item, values), second(item, values))
    checks.append(_type_name_check(node.operands[1], kind))

    def has_type(item: Item, values: Values) -> bool:
        value, wanted = first(item, values), second(item, values)
        return value is not None and wanted is not None and wanted.get("S") in value

    return has_type


def _type_name_check(operand: Operand, kind: str) -> Check:
    """It must be given, as a text: an attribute's type is not known beforehand."""

    def check(values: Values) -> None:
        value = _given(operand, values)
        if value is None or "S" not in value:
            found = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}" if value is None else next(iter(value))
            raise _wrong_type(kind, "attribute_type", found)
        if value["S"] not in TYPES:
            raise _refused(
                kind,
                f"Invalid attribute type name found; type: {value['S']}, "
                "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
            )

    return check


def _begins_with(value: Value | None, start: Value | None) -> bool:
    if value is None or start is None:
        return False
    (kind,) = value
    if kind not in ("S", "B") or kind not in start:
        return False
    whole, first = sortable(value), sortable(start)
    return bool(whole.startswith(first))


def contains(value: Value | None, element: Value | None) -> bool:
    """Whether a text, a set or a list holds something."""
    if value is None or element is None:
        return False
    ((kind, content),) = value.items()
    ((element_kind, wanted),) = element.items()
    match kind:
        case "S" | "B":
            return element_kind == kind and bool(sortable(element) in sortable(value))
        case "SS" | "NS" | "BS":
            return SET_OF[kind] == element_kind and wanted in content
        case "L":
            return element in content
    return False
