"""What values are while an expression runs: JSON, `UNDEFINED`, functions, and the marked lists that paths pass on.

A path collects into a `Sequence`; one of length 1 stands for its only item and an empty one for nothing, which
`settle` decides at the end of every evaluation. Lists of the input are plain `list` and never treated so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fogbank.asl.jsonata_runtime.run import Run


class Undefined:
    """The value of what is not there. Unlike null it is no JSON value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class Sequence(list[Any]):
    """What a path or a mapping collected."""

    __slots__ = ()


class KeptSequence(Sequence):
    """A sequence that stays an array when it has one item: what `[]` after a step asks for."""

    __slots__ = ()


class OuterSequence(Sequence):
    """An array given as the input of the whole expression: paths see its items, `$` the array."""

    __slots__ = ()


class ConsArray(list[Any]):
    """An array constructor at an end of a path: the step does not flatten it."""

    __slots__ = ()


class TupleStream(list[dict[str, Any]]):
    """The items of a path that binds `@`, `#` or `%`: each a dict of what is bound, the item itself under `@`."""

    __slots__ = ()


class Function:
    """Anything that an expression can call."""

    __slots__ = ()

    @property
    def arity(self) -> int:
        """How many arguments a higher-order function passes to it."""
        raise NotImplementedError

    def call(self, arguments: list[Any], run: Run) -> Any:
        """The result; `run.depth` is the depth of the call. Natives and lambdas are called by `invoke` itself."""
        raise NotImplementedError


INTEGER_MAX: Final = 2**53


def settle(value: Any) -> Any:
    """A sequence of one is its item, an empty one nothing."""
    kind = type(value)
    if kind is Sequence or kind is OuterSequence:
        if len(value) == 1:
            return value[0]
        if not value:
            return UNDEFINED
    elif kind is KeptSequence and not value:
        return UNDEFINED
    return value


def is_number(value: Any) -> bool:
    """Whether `value` is a JSON number; True and False are none."""
    kind = type(value)
    return kind is int or kind is float


def whole(number: int | float) -> int:
    """`number` cut towards zero; what is beyond exact integers stops there, and NaN is 0."""
    if number != number:
        return 0
    return int(max(-INTEGER_MAX, min(INTEGER_MAX, number)))


def tidy(number: int | float) -> int | float:
    """One form for one number: whole numbers that a double holds exactly are ints, all others floats."""
    if type(number) is float:
        if number.is_integer() and -INTEGER_MAX <= number <= INTEGER_MAX:
            return int(number)
    elif not -INTEGER_MAX <= number <= INTEGER_MAX:
        try:
            return float(number)
        except OverflowError:
            return float("inf") if number > 0 else float("-inf")
    return number


def truth(value: Any, run: Run) -> bool:
    """JSONata's idea of true. A list costs `run` as many steps as it has items."""
    kind = type(value)
    if kind is bool:
        return bool(value)
    if isinstance(value, list):
        run.spend(len(value))
        if len(value) == 1:
            return truth(value[0], run)
        return any(truth(item, run) for item in value)
    if kind is str or kind is dict:
        return len(value) > 0
    if kind is int or kind is float:
        return bool(value != 0 and value == value)
    return False


def equal(left: Any, right: Any, run: Run) -> bool:
    """Deep equality, in which true is not 1. It costs `run` a step for each item."""
    if isinstance(left, list):
        run.spend(len(left))
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(equal(a, b, run) for a, b in zip(left, right, strict=True))
        )
    if isinstance(left, dict):
        run.spend(len(left))
        return (
            isinstance(right, dict)
            and len(left) == len(right)
            and all(key in right and equal(value, right[key], run) for key, value in left.items())
        )
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def append(left: Any, right: Any) -> Any:
    """Both as one list; what is undefined adds nothing."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    first = list(left) if isinstance(left, list) else [left]
    if isinstance(right, list):
        first.extend(right)
    else:
        first.append(right)
    return first
