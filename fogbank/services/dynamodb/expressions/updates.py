"""Updates: SET, REMOVE, ADD, DELETE, parsed and compiled to one function from the item before to the item after.

All operands are read from the item as it was. Positions in lists are those of before too: values are set first, then
elements removed from the back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb import numbers
from fogbank.services.dynamodb.expressions.conditions import (
    NAMES,
    SET_OF,
    Check,
    Evaluate,
    Values,
    at_path,
)
from fogbank.services.dynamodb.expressions.nodes import (
    Action,
    Arithmetic,
    Call,
    Literal,
    Operand,
    Path,
    Ref,
    Steps,
)
from fogbank.services.dynamodb.expressions.parser import UPDATE_VALUES, Parser, nested_in, top_level
from fogbank.services.dynamodb.expressions.problems import Rank
from fogbank.services.dynamodb.expressions.projections import Projection, clash_of, projection_of
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.values import Item, Value, sort_set

SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
Effect = Callable[[Item, Values], Value | None]  # the new value at the path; None: remove it

_KIND = "UpdateExpression"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


@dataclass(frozen=True, slots=True)
class CompiledUpdate:
    """`touched` is what UPDATED_OLD and UPDATED_NEW show."""

    apply: Callable[[Item, Values], Item]
    touched: Projection
    checks: tuple[Check, ...]
    names_used: frozenset[str]
    values_used: tuple[str, ...]
    attributes: frozenset[str]
    nested: frozenset[str]  # attributes that it changes a part of
    actions: tuple[Action, ...]


def compile_update(text: str, names: Mapping[str, str] | None) -> CompiledUpdate:
    """Parse and compile an UpdateExpression. Raises ValidationException."""
    parser = Parser(text, _KIND, names)
    actions: list[Action] = []
    seen: set[str] = set()
    while parser.token.kind != "end":
        section = parser.token.text.upper()
        if parser.token.kind != "name" or section not in SECTIONS:
            raise parser.wrong()
        if section in seen:
            parser.note(
                Rank.SECTION, f'The "{section}" section can only be used once in an update expression;'
            )
        seen.add(section)
        parser.advance()
        actions.append(_action(parser, section))
        while parser.is_mark(","):
            parser.advance()
            actions.append(_action(parser, section))
    if (clash := clash_of([action.path for action in actions])) is not None:
        parser.note(*clash)
    parser.judge()
    return compiled_update(actions, frozenset(parser.names_used), tuple(parser.values_used))


def _action(parser: Parser, section: str) -> Action:
    path = parser.path().steps
    match section:
        case "REMOVE":
            return Action(section, path)
        case "SET":
            parser.expect("=")
            return Action(section, path, _set_operand(parser))
    return Action(section, path, parser.value_ref())


def _set_operand(parser: Parser) -> Operand:
    left = _set_value(parser)
    if parser.is_mark("+") or parser.is_mark("-"):
        operator = parser.advance().text
        parser.count_operator()
        return Arithmetic(operator, left, _set_value(parser))
    return left


def _set_value(parser: Parser) -> Operand:
    if parser.is_mark("("):
        with parser.brackets():
            return _set_operand(parser)
    return parser.operand(UPDATE_VALUES)


def compiled_update(
    actions: Sequence[Action],
    names_used: frozenset[str] = frozenset(),
    values_used: tuple[str, ...] = (),
    *,
    mismatch: str = WRONG_TYPE,
) -> CompiledUpdate:
    """`mismatch` is said of an attribute that is of another type than what is added to it, or deleted from it."""
    checks: list[Check] = []
    effects = [(action.path, _effect(action, checks, mismatch)) for action in actions]
    # Elements behind the end of a list are appended, those of lower indexes first.
    effects.sort(key=lambda effect: [(isinstance(step, str), step) for step in effect[0]])

    def apply(item: Item, values: Values) -> Item:
        wanted = [(path, effect(item, values)) for path, effect in effects]
        after = dict(item)
        removed: list[Steps] = []
        for path, value in wanted:
            if value is None:
                removed.append(path)
            elif len(path) == 1:
                after[top_level(path)] = value
            else:
                _place(after, path, value)
        for path in sorted(removed, key=_from_the_back):
            if len(path) == 1:
                after.pop(top_level(path), None)
            else:
                _place(after, path, None)
        return after

    paths = [action.path for action in actions]
    touched = projection_of(paths)
    return CompiledUpdate(
        apply,
        touched,
        tuple(checks),
        names_used,
        values_used,
        touched.attributes,
        nested_in(paths),
        tuple(actions),
    )


def kind_given(action: Action, values: Values) -> str | None:
    """The type of what an action puts in, as far as the request tells it without the item."""
    match action.operand:
        case Ref(name):
            return next(iter(values[name]))
        case Literal(value):
            return next(iter(value))
        case Arithmetic():
            return "N"
        case Call("list_append", _):
            return "L"
        case Call("if_not_exists", (_, Ref(name))):
            return next(iter(values[name]))
    return None


def _from_the_back(path: Steps) -> tuple[int, ...]:
    return tuple(-step if isinstance(step, int) else 0 for step in path)


def _no_such_path() -> AwsError:
    return invalid("The document path provided in the update expression is invalid for update")


def _place(item: Item, path: Steps, value: Value | None) -> None:
    """Set or remove a nested value, copying what lies on the way: `item` is ours, what it holds is not."""
    first = top_level(path)
    if first not in item:
        raise _no_such_path()
    item[first] = _replaced(item[first], path[1:], value)


def _replaced(holder: Value, rest: Steps, value: Value | None) -> Value:
    step, below = rest[0], rest[1:]
    if isinstance(step, int):
        if "L" not in holder:
            raise _no_such_path()
        elements = list(holder["L"])
        if below:
            if step >= len(elements):
                raise _no_such_path()
            elements[step] = _replaced(elements[step], below, value)
        elif value is None:
            del elements[step : step + 1]
        elif step < len(elements):
            elements[step] = value
        else:
            elements.append(value)
        return {"L": elements}
    if "M" not in holder:
        raise _no_such_path()
    members = dict(holder["M"])
    if below:
        if step not in members:
            raise _no_such_path()
        members[step] = _replaced(members[step], below, value)
    elif value is None:
        members.pop(step, None)
    else:
        members[step] = value
    return {"M": members}


# --- effects -------------------------------------------------------------------------------------------------------------


def _effect(action: Action, checks: list[Check], mismatch: str) -> Effect:
    if action.operand is None:
        return lambda item, values: None
    if action.verb == "SET":
        find = _operand(action.operand, checks)

        def set_to(item: Item, values: Values) -> Value:
            value = find(item, values)
            if value is None:
                raise invalid(
                    "The provided expression refers to an attribute that does not exist in the item"
                )
            return value

        return set_to
    allowed = {"N", *SET_OF} if action.verb == "ADD" else set(SET_OF)
    checks.append(_verb_check(action.operand, action.verb, frozenset(allowed)))
    find, given = at_path(action.path), _operand(action.operand, checks)
    change = _added if action.verb == "ADD" else _subtracted

    def change_it(item: Item, values: Values) -> Value | None:
        operand = given(item, values)
        assert operand is not None  # a value of the request
        before = find(item, values)
        if before is not None and before.keys() != operand.keys():
            raise invalid(mismatch)
        return change(before, operand)

    return change_it


def _verb_check(operand: Operand, verb: str, allowed: frozenset[str]) -> Check:
    def check(values: Values) -> None:
        value = values.get(operand.name) if isinstance(operand, Ref) else None
        if value is not None and not allowed & value.keys():
            (found,) = value
            raise invalid(
                f"Invalid {_KIND}: Incorrect operand type for operator or function; operator: {verb}, "
                f"operand type: {NAMES[found]}, typeSet: ALLOWED_FOR_{verb}_OPERAND"
            )

    return check


def _wrong_type() -> AwsError:
    return invalid(WRONG_TYPE)


def _added(before: Value | None, operand: Value) -> Value:
    if before is None:
        return operand
    ((kind, content),) = operand.items()
    if kind == "N":
        return {"N": numbers.add(before["N"], content)}
    if kind == "L":  # by AttributeUpdates only
        return {"L": [*before["L"], *content]}
    return {kind: sort_set(kind, list({*before[kind], *content}))}


def _subtracted(before: Value | None, operand: Value) -> Value | None:
    if before is None:
        return None
    ((kind, content),) = operand.items()
    gone = set(content)
    left = [element for element in before[kind] if element not in gone]
    return {kind: left} if left else None


def _operand(operand: Operand, checks: list[Check]) -> Evaluate:
    match operand:
        case Ref(name):
            return lambda item, values: values[name]
        case Literal(value):
            return lambda item, values: value
        case Path(steps):
            return at_path(steps)
        case Arithmetic(operator, left, right):
            return _arithmetic(operator, left, right, checks)
        case Call("if_not_exists", (path, other)):
            find, instead = _operand(path, checks), _operand(other, checks)

            def existing(item: Item, values: Values) -> Value | None:
                value = find(item, values)
                return instead(item, values) if value is None else value

            return existing
        case Call("list_append", (left, right)):
            return _list_append(left, right, checks)
    raise AssertionError(f"no operand of an update: {operand}")  # the parser lets no other through


def _arithmetic(operator: str, left: Operand, right: Operand, checks: list[Check]) -> Evaluate:
    for each in (left, right):
        checks.append(_function_check(each, "N", f"operator or function: {operator}"))
    first, second = _operand(left, checks), _operand(right, checks)
    compute = numbers.add if operator == "+" else numbers.subtract

    def result(item: Item, values: Values) -> Value:
        a, b = _present(first(item, values)), _present(second(item, values))
        if "N" not in a or "N" not in b:
            raise _wrong_type()
        return {"N": compute(a["N"], b["N"])}

    return result


def _list_append(left: Operand, right: Operand, checks: list[Check]) -> Evaluate:
    for each in (left, right):
        checks.append(_function_check(each, "L", "operator or function: list_append"))
    first, second = _operand(left, checks), _operand(right, checks)

    def joined(item: Item, values: Values) -> Value:
        a, b = _present(first(item, values)), _present(second(item, values))
        if "L" not in a or "L" not in b:
            raise _wrong_type()
        return {"L": [*a["L"], *b["L"]]}

    return joined


def _function_check(operand: Operand, wanted: str, where: str) -> Check:
    def check(values: Values) -> None:
        value = values.get(operand.name) if isinstance(operand, Ref) else None
        if value is not None and wanted not in value:
            (found,) = value
            raise invalid(
                f"Invalid {_KIND}: Incorrect operand type for operator or function; {where}, operand type: {found}"
            )

    return check


def _present(value: Value | None) -> Value:
    if value is None:
        raise invalid("The provided expression refers to an attribute that does not exist in the item")
    return value
