"""What a request's expressions need of it: names and values, none missing, none left over. With the cache of expressions.

Whether expressions and legacy parameters are mixed is decided here too, as it is the first thing that DynamoDB looks at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, Values, compile_condition
from fogbank.services.dynamodb.expressions.problems import Late
from fogbank.services.dynamodb.expressions.projections import Projection, compile_projection
from fogbank.services.dynamodb.expressions.updates import CompiledUpdate, compile_update
from fogbank.services.dynamodb.limits import EXPRESSION_NAME_BYTES_MAX, EXPRESSIONS_CACHED_MAX
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.values import TOO_DEEP, take

C = TypeVar("C", CompiledCondition, CompiledUpdate, Projection)
J = TypeVar("J", CompiledCondition, CompiledUpdate)

_NAME = re.compile(rf"#[A-Za-z0-9_]{{1,{EXPRESSION_NAME_BYTES_MAX - 1}}}\Z")
_VALUE = re.compile(rf":[A-Za-z0-9_]{{1,{EXPRESSION_NAME_BYTES_MAX - 1}}}\Z")
NO_VALUES: Values = {}


#: The texts of update and condition, the names, and what the values are called.
UpdateKey = tuple[str | None, str | None, tuple[tuple[str, str], ...] | None, tuple[str, ...] | None]


class Updating:
    """The expressions of an UpdateItem, compiled; names and values are neither missing nor left over."""

    __slots__ = ("checks", "condition", "update")

    def __init__(self, update: CompiledUpdate | None, condition: CompiledCondition | None) -> None:
        self.update = update
        self.condition = condition
        self.checks = (*(update.checks if update else ()), *(condition.checks if condition else ()))


class Expressions:
    """Compiled expressions of one node, by their text and the names they were given."""

    def __init__(self) -> None:
        self._cache: dict[tuple[str, str, tuple[tuple[str, str], ...]], Any] = {}
        self._updates: dict[UpdateKey, Updating] = {}

    def compiled(self, text: str, kind: str, names: Mapping[str, str] | None, compile: Callable[[], C]) -> C:
        key = (kind, text, tuple(names.items()) if names else ())
        found: C | None = self._cache.get(key)
        if found is None:
            found = compile()
            if len(self._cache) >= EXPRESSIONS_CACHED_MAX:
                del self._cache[next(iter(self._cache))]
            self._cache[key] = found
        return found

    def updating(
        self,
        update: str | None,
        condition: str | None,
        names: Mapping[str, str] | None,
        values: Mapping[str, Any] | None,
    ) -> tuple[Updating, Values]:
        """What an UpdateItem's expressions come to, with its values. What does not hang on a value is looked at once."""
        key = (
            update,
            condition,
            None if names is None else tuple(names.items()),
            None if values is None else tuple(values),
        )
        found = self._updates.get(key)
        if found is not None:
            taken = _take_values(values) if values else NO_VALUES
            for check in found.checks:
                check(taken)
            return found, taken
        check_parameters(
            names,
            values,
            expressions={"UpdateExpression": update, "ConditionExpression": condition},
            legacy={},
            valued=("UpdateExpression", "ConditionExpression"),
        )
        bound = Bound(self, names, values)
        found = Updating(bound.update(update), bound.condition(condition, "ConditionExpression"))
        bound.finish()
        if len(self._updates) >= EXPRESSIONS_CACHED_MAX:
            del self._updates[next(iter(self._updates))]
        self._updates[key] = found
        return found, bound.values


class Bound:
    """The expressions of one request. Make it, ask for each expression that the operation has, then `finish`."""

    def __init__(
        self,
        expressions: Expressions,
        names: Mapping[str, str] | None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self._expressions = expressions
        self._names = names
        self._names_left = set(names) if names else set()
        self._values_left = set(values) if values else set()
        self.values: Values = _take_values(values) if values else NO_VALUES

    def condition(self, text: str | None, kind: str) -> CompiledCondition | None:
        if text is None:
            return None
        return self._judged(text, kind, lambda: compile_condition(text, kind, self._names))

    def update(self, text: str | None) -> CompiledUpdate | None:
        if text is None:
            return None
        return self._judged(text, "UpdateExpression", lambda: compile_update(text, self._names))

    def _judged(self, text: str, kind: str, compile: Callable[[], J]) -> J:
        """Compiled, and held against the values."""
        try:
            found = self._expressions.compiled(text, kind, self._names, compile)
        except Late as problem:
            self._use(frozenset(), problem.values_used, kind)
            raise
        self._use(found.names_used, found.values_used, kind)
        for check in found.checks:
            check(self.values)
        return found

    def projection(self, text: str | None) -> Projection | None:
        if text is None:
            return None
        found = self._expressions.compiled(
            text, "ProjectionExpression", self._names, lambda: compile_projection(text, self._names)
        )
        self._names_left -= found.names_used
        return found

    def finish(self) -> None:
        """Raises ValidationException when a name or a value was given and not used."""
        if self._names_left:
            raise invalid(
                f"Value provided in ExpressionAttributeNames unused in expressions: keys: {_keys(self._names_left)}"
            )
        if self._values_left:
            raise invalid(
                f"Value provided in ExpressionAttributeValues unused in expressions: keys: {_keys(self._values_left)}"
            )

    def _use(self, names: frozenset[str], values: Iterable[str], kind: str) -> None:
        if self._names_left:
            self._names_left -= names
        for name in values:
            if name not in self.values:
                raise invalid(
                    f"Invalid {kind}: An expression attribute value used in expression is not defined; "
                    f"attribute value: {name}"
                )
            self._values_left.discard(name)


def _keys(left: set[str]) -> str:
    return "{" + ", ".join(sorted(left)) + "}"


def _take_values(values: Mapping[str, Any]) -> Values:
    taken = {}
    for name, value in values.items():
        try:
            taken[name] = take(value)[0]
        except AwsError as error:
            if error.message == TOO_DEEP:
                raise  # told without the name
            raise invalid(
                f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
            ) from None
    return taken


def check_parameters(
    names: Mapping[str, str] | None,
    values: Mapping[str, Any] | None,
    *,
    expressions: Mapping[str, Any],
    legacy: Mapping[str, Any],
    valued: tuple[str, ...] = (),
) -> None:
    """Parameters that do not go together. Keys of `expressions` and `legacy` are parameters' names, values what was sent.

    `valued` are those of the expressions that values may be used in.
    """
    sent = [name for name, text in expressions.items() if text is not None]
    old = [name for name, given in legacy.items() if given is not None]
    if old and sent:
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(sent)}}}"
        )
    if names is not None:
        if not sent:
            raise invalid("ExpressionAttributeNames can only be specified when using expressions")
        if not names:
            raise invalid("ExpressionAttributeNames must not be empty")
        for name in names:
            if not _NAME.match(name):
                raise _bad_key("ExpressionAttributeNames", name)
    if values is not None:
        if not any(expressions[name] is not None for name in valued):
            verb = "is" if len(valued) == 1 else "are"
            raise invalid(
                "ExpressionAttributeValues can only be specified when using expressions: "
                f"{' and '.join(valued)} {verb} null"
            )
        if not values:
            raise invalid("ExpressionAttributeValues must not be empty")
        for name in values:
            if not _VALUE.match(name):
                raise _bad_key("ExpressionAttributeValues", name)


def _bad_key(parameter: str, key: str) -> AwsError:
    size = len(key.encode("utf-8", "surrogatepass"))
    why = f'Syntax error; key: "{key}"'
    if size > EXPRESSION_NAME_BYTES_MAX:
        why = f"The expression attribute map contains a key that is too long; size of key: {size}"
    return invalid(f"{parameter} contains invalid key: {why}")
