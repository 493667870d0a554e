"""A parsed template to closures, and `Template`, which renders with them."""

from __future__ import annotations

from typing import Any

from fogbank.java.text import text_of
from fogbank.templates import nodes
from fogbank.templates.errors import TemplateError
from fogbank.templates.frame import BreakSignal, Defined, Evaluate, Frame, Loop, Run, StopSignal
from fogbank.templates.limits import FOREACH_ITERATIONS_MAX
from fogbank.templates.methods import VtlObject, call, item_of, property_of
from fogbank.templates.syntax import parse_template
from fogbank.templates.values import OPERATORS, negate, range_of, truth


class Template:
    """One compiled template. `names`: the variables it reads, so that nobody makes what it does not want."""

    __slots__ = ("_constant", "_run", "names")

    def __init__(self, text: str) -> None:
        block = parse_template(text)
        self.names = frozenset(_names(block))
        statements = block.statements
        self._constant: str | None = None
        if all(isinstance(statement, nodes.Text) for statement in statements):
            self._constant = "".join(each.text for each in statements if isinstance(each, nodes.Text))
        self._run = _block(block)

    def render(self, scope: dict[str, Any]) -> str:
        """The text. `scope` is written to: variables that the template sets are in it afterwards. Raises TemplateError."""
        if self._constant is not None:
            return self._constant
        frame = Frame(scope)
        try:
            self._run(frame)
        except StopSignal:
            pass
        except BreakSignal:  # outside of any loop, #break ends the template
            pass
        except RecursionError:
            raise TemplateError("the template is nested too deeply") from None
        return "".join(frame.out)


def compile_template(text: str) -> Template:
    """Compile. Raises TemplateError."""
    try:
        return Template(text)
    except RecursionError:
        raise TemplateError("the template is nested too deeply") from None


# --- statements ---------------------------------------------------------------------------------------------------------


def _block(block: nodes.Block) -> Run:
    runs = tuple(_statement(statement) for statement in block.statements)
    if len(runs) == 1:
        return runs[0]

    def run(frame: Frame) -> None:
        for each in runs:
            each(frame)

    return run


def _statement(statement: nodes.Statement) -> Run:
    match statement:
        case nodes.Text(text):
            return lambda frame: frame.write(text)
        case nodes.Write(reference):
            return _write(reference)
        case nodes.Set(target, value):
            return _set(target, value)
        case nodes.If(branches, otherwise):
            return _if(branches, otherwise)
        case nodes.Foreach(name, items, body):
            return _foreach(name, items, body)
        case nodes.Define(name, body):
            return _define(name, body)
        case nodes.Macro(name, parameters, body):
            return _macro(name, parameters, body)
        case nodes.MacroCall(name, arguments, text):
            return _macro_call(name, arguments, text)
        case nodes.Evaluate(source):
            return _evaluate(source)
        case nodes.Break():
            return _raise(BreakSignal)
        case nodes.Stop():
            return _raise(StopSignal)


def _write(reference: nodes.Reference) -> Run:
    read = _reference(reference)

    def run(frame: Frame) -> None:
        value = read(frame)
        if value is not None:
            frame.step()
            frame.write(value if type(value) is str else text_of(value))

    return run


def _set(target: nodes.Reference, value: nodes.Expression) -> Run:
    """Null leaves the target as it was, as in Velocity 1.7."""
    evaluate = _expression(value)
    name = target.name
    if not target.path:

        def run(frame: Frame) -> None:
            frame.step()
            result = evaluate(frame)
            if result is not None:
                frame.scope[name] = result

        return run
    holder = _reference(nodes.Reference(name, target.path[:-1], ""))
    match target.path[-1]:
        case nodes.Property(key):
            place: Evaluate = lambda frame: key  # noqa: E731
        case nodes.Item(index):
            place = _expression(index)
        case nodes.MethodCall():
            raise TemplateError(f"{target.text} cannot be set")

    def run_in(frame: Frame) -> None:
        frame.step()
        container, result = holder(frame), evaluate(frame)
        if result is None:
            return
        where = place(frame)
        if isinstance(container, dict):
            call(container, "put", [where, result])
        elif isinstance(container, list):
            call(container, "set", [where, result])

    return run_in


def _if(branches: tuple[tuple[nodes.Expression, nodes.Block], ...], otherwise: nodes.Block | None) -> Run:
    tests = tuple((_expression(condition), _block(body)) for condition, body in branches)
    last = _block(otherwise) if otherwise is not None else None

    def run(frame: Frame) -> None:
        frame.step()
        for condition, body in tests:
            if truth(condition(frame)):
                body(frame)
                return
        if last is not None:
            last(frame)

    return run


def _foreach(name: str, items: nodes.Expression, body: nodes.Block) -> Run:
    evaluate, inner = _expression(items), _block(body)

    def run(frame: Frame) -> None:
        frame.step()
        values = evaluate(frame)
        if isinstance(values, dict):
            values = list(values.values())
        if not isinstance(values, list) or not values:
            return
        scope = frame.scope
        saved = [(key, scope.get(key)) for key in (name, "foreach", "velocityCount", "velocityHasNext")]
        values = values[:FOREACH_ITERATIONS_MAX]
        loop = scope["foreach"] = Loop(len(values), scope.get("foreach"))
        try:
            for index, value in enumerate(values):
                frame.step()
                loop.index = index
                scope["velocityCount"] = index + 1
                scope["velocityHasNext"] = index + 1 < loop.size
                scope[name] = value
                inner(frame)
        except BreakSignal:
            pass
        finally:
            for key, value in saved:
                if value is None:
                    scope.pop(key, None)
                else:
                    scope[key] = value

    return run


def _define(name: str, body: nodes.Block) -> Run:
    inner = Defined(_block(body))

    def run(frame: Frame) -> None:
        frame.step()
        frame.scope[name] = inner

    return run


def _macro(name: str, parameters: tuple[str, ...], body: nodes.Block) -> Run:
    macro = (parameters, _block(body))

    def run(frame: Frame) -> None:
        frame.step()
        frame.macros[name] = macro

    return run


def _macro_call(name: str, arguments: tuple[nodes.Expression, ...], text: str) -> Run:
    evaluates = tuple(_expression(argument) for argument in arguments)

    def run(frame: Frame) -> None:
        macro = frame.macros.get(name)
        if macro is None:
            frame.write(text)
            return
        parameters, inner = macro
        scope = frame.scope
        given = dict(zip(parameters, (evaluate(frame) for evaluate in evaluates), strict=False))
        saved = {parameter: scope.get(parameter) for parameter in parameters}
        for parameter in parameters:
            scope[parameter] = given.get(parameter)
        try:
            frame.write(frame.capture(inner))
        finally:
            scope.update(saved)

    return run


def _evaluate(source: nodes.Expression) -> Run:
    evaluate = _expression(source)

    def run(frame: Frame) -> None:
        text = evaluate(frame)
        if isinstance(text, str):
            frame.write(frame.capture(_block(parse_template(text, frame.depth))))

    return run


def _raise(signal: type[Exception]) -> Run:
    def run(frame: Frame) -> None:
        raise signal

    return run


# --- expressions --------------------------------------------------------------------------------------------------------


def _expression(expression: nodes.Expression) -> Evaluate:
    match expression:
        case nodes.Constant(value):
            return lambda frame: value
        case nodes.Reference():
            return _reference(expression)
        case nodes.Interpolated(body):
            inner = _block(body)
            return lambda frame: frame.capture(inner)
        case nodes.ListLiteral(items):
            evaluates = tuple(_expression(item) for item in items)
            return lambda frame: [evaluate(frame) for evaluate in evaluates]
        case nodes.MapLiteral(entries):
            pairs = tuple((_expression(key), _expression(value)) for key, value in entries)
            return lambda frame: {text_of(key(frame)): value(frame) for key, value in pairs}
        case nodes.Range(first, last):
            start, stop = _expression(first), _expression(last)
            return lambda frame: range_of(start(frame), stop(frame))
        case nodes.Unary("!", operand):
            test = _expression(operand)
            return lambda frame: not truth(test(frame))
        case nodes.Unary(_, operand):
            number = _expression(operand)
            return lambda frame: negate(number(frame))
        case nodes.Binary(operator, left, right):
            return _binary(operator, _expression(left), _expression(right))


def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if operator == "&&":
        return lambda frame: truth(left(frame)) and truth(right(frame))
    if operator == "||":
        return lambda frame: truth(left(frame)) or truth(right(frame))
    operation = OPERATORS[operator]

    def run(frame: Frame) -> Any:
        result = operation(left(frame), right(frame))
        if type(result) is str:
            frame.charge(result)
        return result

    return run


def _reference(reference: nodes.Reference) -> Evaluate:
    name = reference.name

    def variable(frame: Frame) -> Any:
        value = frame.scope.get(name)
        return frame.capture(value.run) if type(value) is Defined else value

    read: Evaluate = variable
    for part in reference.path:
        read = _part(part, read)
    return read


def _part(part: nodes.Property | nodes.MethodCall | nodes.Item, holder: Evaluate) -> Evaluate:
    match part:
        case nodes.Property(name):

            def read(frame: Frame) -> Any:
                value = holder(frame)
                return value.get(name) if type(value) is dict else property_of(value, name)

        case nodes.Item(index):
            place = _expression(index)

            def read(frame: Frame) -> Any:
                return item_of(holder(frame), place(frame))

        case nodes.MethodCall(name, arguments):
            evaluates = tuple(_expression(argument) for argument in arguments)

            def read(frame: Frame) -> Any:
                frame.step()
                value = holder(frame)
                if value is None:
                    return None
                given = [evaluate(frame) for evaluate in evaluates]
                frame.charge(value)
                if isinstance(value, VtlObject):
                    return value.vtl_call(name, given)
                return call(value, name, given)

    return read


# --- which variables -----------------------------------------------------------------------------------------------------


def _names(node: Any) -> set[str]:
    """The variables that are read anywhere below a node; all of them when some text is evaluated at run time."""
    if isinstance(node, nodes.Reference):
        found = {node.name}
    elif isinstance(node, nodes.Evaluate):
        found = {"input", "util", "context", "stageVariables"}
    else:
        found = set()
    if isinstance(node, tuple | list):
        for item in node:
            found |= _names(item)
    elif hasattr(node, "__dataclass_fields__"):
        for field in node.__dataclass_fields__:
            found |= _names(getattr(node, field))
    return found
