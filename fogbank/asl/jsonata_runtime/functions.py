"""Functions as values, and the one way to call any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fogbank.asl.jsonata_runtime.run import Evaluate, Frame, Run
from fogbank.asl.jsonata_runtime.signatures import Signature
from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function, settle
from fogbank.asl.jsonata_syntax.errors import JsonataError
from fogbank.core.limits import JSONATA_DEPTH_MAX

CALL_STEPS: Final = 8  # what a call costs beside the work it does


class Native(Function):
    """A function of the library: `implementation(run, *arguments)`."""

    __slots__ = ("_arity", "implementation", "name", "signature")

    def __init__(
        self, name: str, implementation: Callable[..., Any], signature: Signature | None, arity: int
    ) -> None:
        self.name = name
        self.implementation = implementation
        self.signature = signature
        self._arity = arity

    @property
    def arity(self) -> int:
        return self._arity


class Code:
    """The compiled part of a lambda, shared by all its closures.

    `deepest` is how far its body nests. Only a call that might pass the bound on depth runs `guarded`, the body
    compiled with a check at each leaf; it is made when first needed.
    """

    __slots__ = ("_guard", "_guarded", "body", "deepest", "parameters", "signature")

    def __init__(
        self,
        parameters: tuple[str, ...],
        body: Evaluate,
        deepest: int,
        guard: Callable[[], Evaluate],
        signature: Signature | None,
    ) -> None:
        self.parameters = parameters
        self.body = body
        self.deepest = deepest
        self.signature = signature
        self._guard = guard
        self._guarded: Evaluate | None = None

    def guarded(self) -> Evaluate:
        if self._guarded is None:
            self._guarded = self._guard()
        return self._guarded


class Lambda(Function):
    """`function($x){…}` with the context item and the frame where it was written."""

    __slots__ = ("code", "frame", "input")

    def __init__(self, code: Code, context: Any, frame: Frame) -> None:
        self.code = code
        self.input = context
        self.frame = frame

    @property
    def arity(self) -> int:
        return len(self.code.parameters)


class TailCall:
    """A call in tail position, handed back to the caller's loop instead of being made: recursion takes no stack."""

    __slots__ = ("arguments", "context", "function")

    def __init__(self, function: Any, arguments: list[Any], context: Any) -> None:
        self.function = function
        self.arguments = arguments
        self.context = context


def invoke(function: Any, arguments: list[Any], context: Any, run: Run) -> Any:
    """Call `function`. `run.depth` is the depth of the call, and is the same afterwards. Raises T1006."""
    depth = run.depth
    while True:
        run.spend(CALL_STEPS)
        if type(function) is Native:
            if arguments:
                # Natives pass over their first argument at least once, mostly within the interpreter.
                first = arguments[0]
                if type(first) is str:
                    run.steps_left -= len(first) >> 6
                elif isinstance(first, list):
                    run.steps_left -= len(first) >> 2
            if function.signature is not None:
                arguments = function.signature.fit(arguments, context, function.name)
            result = function.implementation(run, *arguments)
            run.depth = depth
            return result
        if type(function) is not Lambda:
            if not isinstance(function, Function):
                raise JsonataError("T1006")
            return function.call(arguments, run)
        result = _enter(function, arguments, context, run, depth)
        run.depth = depth
        if type(result) is not TailCall:
            return result
        function, arguments, context = result.function, result.arguments, result.context


def _enter(function: Lambda, arguments: list[Any], context: Any, run: Run, depth: int) -> Any:
    code = function.code
    if code.signature is not None:
        arguments = code.signature.fit(arguments, context, None)
    parameters = code.parameters
    if len(arguments) < len(parameters):
        arguments = [*arguments, *[UNDEFINED] * (len(parameters) - len(arguments))]
    frame = Frame(dict(zip(parameters, arguments, strict=False)), function.frame, run, depth)
    body = code.body if depth + code.deepest <= JSONATA_DEPTH_MAX else code.guarded()
    return body(function.input, frame)


def invoke_with_index(function: Any, run: Run, value: Any, *more: Any) -> Any:
    """Call `function` with `value` and as many of `more` (index, whole array…) as it takes."""
    count = max(function.arity - 1, 0)
    return invoke(function, [value, *more[:count]], UNDEFINED, run)


class Partial(Function):
    """`$f(?, 1)`: `arguments` with a Hole wherever a later argument goes."""

    __slots__ = ("_function", "_template")

    def __init__(self, function: Function, template: list[Any]) -> None:
        self._function = function
        self._template = template

    @property
    def arity(self) -> int:
        return sum(1 for part in self._template if part is HOLE)

    def call(self, arguments: list[Any], run: Run) -> Any:
        given = iter(arguments)
        filled = [next(given, UNDEFINED) if part is HOLE else part for part in self._template]
        return invoke(self._function, filled, UNDEFINED, run)


class Composed(Function):
    """`$f ~> $g`."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Function, second: Function) -> None:
        self._first = first
        self._second = second

    @property
    def arity(self) -> int:
        return 1

    def call(self, arguments: list[Any], run: Run) -> Any:
        between = settle(invoke(self._first, arguments[:1], UNDEFINED, run))
        return invoke(self._second, [between], UNDEFINED, run)


class Hole:
    """Where a partial application waits for an argument."""

    __slots__ = ()


HOLE = Hole()
