"""What a put, an update, a delete or a condition check does to one item: checked against the table once, decided when the
item is at hand. Single writes, batches, transactions and PartiQL all come here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, Values
from fogbank.services.dynamodb.expressions.legacy import attribute_updates as legacy_update
from fogbank.services.dynamodb.expressions.legacy import expected as legacy_condition
from fogbank.services.dynamodb.expressions.projections import Projection
from fogbank.services.dynamodb.expressions.request import NO_VALUES, Bound, Expressions, check_parameters
from fogbank.services.dynamodb.expressions.updates import CompiledUpdate, kind_given
from fogbank.services.dynamodb.limits import HASH_KEY_BYTES_MAX, ITEM_BYTES_MAX, RANGE_KEY_BYTES_MAX
from fogbank.services.dynamodb.service import SERVICE, bad_value, invalid
from fogbank.services.dynamodb.table import IndexEntries, Table
from fogbank.services.dynamodb.values import (
    TOO_DEEP,
    Item,
    Value,
    is_too_deep,
    show,
    size_of,
    take_item,
    text_bytes,
    value_size,
)
from fogbank.services.dynamodb.writes import NOTHING, Decide, Held
from fogbank.store.api import Key

Names = Mapping[str, str] | None
RawValues = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write that is ready to be decided. `touched` is what an update touches, `size` is that of a put's item in bytes."""

    table: Table
    key: Key
    decide: Decide
    touched: Projection | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition with the values it was sent with."""

    condition: CompiledCondition
    values: Values
    shows_item: bool

    @property
    def nested(self) -> frozenset[str]:
        return self.condition.nested

    def check(self, held: Held) -> None:
        """Raises ConditionalCheckFailedException."""
        item = held.item
        if not self.condition.test(item if item is not None else {}, self.values):
            raise failed(held if self.shows_item else NOTHING)


def failed(held: Held) -> AwsError:
    """The refusal of a condition, with the item when there is one to show."""
    fields = {} if held.item is None else {"Item": show(held.item)}
    return SERVICE.error("ConditionalCheckFailedException", "The conditional request failed", **fields)


def _guard(
    expressions: Expressions,
    condition: str | None,
    names: Names,
    values: RawValues,
    expected: dict[str, Any] | None,
    operator: str | None,
    shows_item: bool,
) -> Guard | None:
    """The condition of a put or a delete."""
    if condition is None and names is None and values is None and expected is None and operator is None:
        return None
    check_parameters(
        names,
        values,
        expressions={"ConditionExpression": condition},
        legacy={"Expected": expected, "ConditionalOperator": operator},
        valued=("ConditionExpression",),
    )
    bound = Bound(expressions, names, values)
    found = bound.condition(condition, "ConditionExpression")
    bound.finish()
    if found is None and (expected is not None or operator is not None):
        found = legacy_condition(expected or {}, operator)
    return Guard(found, bound.values, shows_item) if found is not None else None


def prepare_put(
    expressions: Expressions,
    table: Table,
    item: dict[str, Any],
    condition: str | None = None,
    names: Names = None,
    values: RawValues = None,
    expected: dict[str, Any] | None = None,
    operator: str | None = None,
    *,
    shows_item: bool = False,
) -> Prepared:
    """Raises ValidationException."""
    guard = _guard(expressions, condition, names, values, expected, operator, shows_item)
    taken, size = take_item(item)
    table.check_item(taken)
    table.check_whole(guard)
    if size > ITEM_BYTES_MAX:
        raise invalid("Item size has exceeded the maximum allowed size")
    after = Held(None, taken, size)

    def decide(before: Held) -> Held:
        if guard is not None:
            guard.check(before)
        return after

    return Prepared(table, table.store_key(taken), decide, size=size)


def prepare_delete(
    expressions: Expressions,
    table: Table,
    key: dict[str, Any],
    condition: str | None = None,
    names: Names = None,
    values: RawValues = None,
    expected: dict[str, Any] | None = None,
    operator: str | None = None,
    *,
    shows_item: bool = False,
) -> Prepared:
    guard = _guard(expressions, condition, names, values, expected, operator, shows_item)
    taken, _ = take_item(key)
    table.check_key(taken)
    table.check_whole(guard)

    def decide(before: Held) -> Held:
        if guard is not None:
            guard.check(before)
        return before if before.is_absent else NOTHING

    return Prepared(table, table.store_key(taken), decide)


def prepare_check(
    expressions: Expressions,
    table: Table,
    key: dict[str, Any],
    condition: str,
    names: Names = None,
    values: RawValues = None,
    *,
    shows_item: bool = False,
) -> Prepared:
    """A transaction's ConditionCheck."""
    guard = _guard(expressions, condition, names, values, None, None, shows_item)
    taken, _ = take_item(key)
    table.check_key(taken)
    table.check_whole(guard)

    def decide(before: Held) -> Held:
        assert guard is not None  # its expression is required
        guard.check(before)
        return before

    return Prepared(table, table.store_key(taken), decide)


def prepare_update(
    expressions: Expressions,
    table: Table,
    key: dict[str, Any],
    update: str | None,
    condition: str | None = None,
    names: Names = None,
    values: RawValues = None,
    attribute_updates: dict[str, Any] | None = None,
    expected: dict[str, Any] | None = None,
    operator: str | None = None,
    *,
    shows_item: bool = False,
) -> Prepared:
    if attribute_updates is None and expected is None and operator is None:
        updating, taken_values = expressions.updating(update, condition, names, values)
        compiled, found = updating.update, updating.condition
    else:
        taken_values = NO_VALUES
        check_parameters(
            names,
            values,
            expressions={"UpdateExpression": update, "ConditionExpression": condition},
            legacy={
                "AttributeUpdates": attribute_updates,
                "Expected": expected,
                "ConditionalOperator": operator,
            },
            valued=("UpdateExpression", "ConditionExpression"),
        )
        compiled = legacy_update(attribute_updates) if attribute_updates is not None else None
        found = legacy_condition(expected or {}, operator)
    guard = Guard(found, taken_values, shows_item) if found is not None else None
    taken, _ = take_item(key)
    return update_of(table, taken, compiled, taken_values, guard)


def update_of(
    table: Table,
    key: Item,
    compiled: CompiledUpdate | None,
    values: Values = NO_VALUES,
    guard: Guard | None = None,
    *,
    creates: bool = True,
) -> Prepared:
    """An update of the item with that key. `creates`: an item that is not there begins with its key."""
    table.check_key(key)
    if compiled is not None:
        for name in table.key_names:
            if name in compiled.attributes:
                raise bad_value(f"Cannot update attribute {name}. This attribute is part of the key")
        table.check_whole(compiled)
    table.check_whole(guard)

    def decide(before: Held) -> Held:
        if guard is not None:
            guard.check(before)
        if before.is_absent and not creates:
            raise failed(NOTHING)
        item = before.item if not before.is_absent else key
        assert item is not None
        after = compiled.apply(item, values) if compiled is not None else item
        if after is before.item:
            return before
        size = _updated_size(before, item, after, compiled)
        _check_updated(table, after, size, compiled, values)
        return Held(None, after, size)

    return Prepared(table, table.store_key(key), decide, compiled.touched if compiled is not None else None)


def _updated_size(before: Held, item: Item, after: Item, compiled: CompiledUpdate | None) -> int:
    """The size after an update, by what it touched only."""
    if compiled is None or before.is_absent:
        return size_of(after)
    size = before.size
    for name in compiled.attributes:
        old, new = item.get(name), after.get(name)
        if old is not None and new is not None:
            size += value_size(new) - value_size(old)
        elif new is not None:
            size += text_bytes(name) + value_size(new)
        elif old is not None:
            size -= text_bytes(name) + value_size(old)
    return size


def _check_updated(
    table: Table, after: Item, size: int, compiled: CompiledUpdate | None, values: Values
) -> None:
    """What only the item after the update shows."""
    if size > ITEM_BYTES_MAX:
        raise invalid("Item size to update has exceeded the maximum allowed size")
    if compiled is None:
        return
    for name in compiled.attributes:
        value = after.get(name)
        if value is not None and is_too_deep(value):
            raise invalid(TOO_DEEP)
    for entries in table.entries:
        if entries.hash in compiled.attributes and (value := after.get(entries.hash)) is not None:
            _check_index_key(entries, entries.hash, entries.hash_type, value, compiled, values)
        if entries.range in compiled.attributes and (value := after.get(entries.range or "")) is not None:
            _check_index_key(entries, entries.range or "", entries.range_type, value, compiled, values)


def _check_index_key(
    entries: IndexEntries, name: str, kind: str, value: Value, compiled: CompiledUpdate, values: Values
) -> None:
    if kind not in value:
        for action in compiled.actions:
            if action.path == (name,) and (given := kind_given(action, values)) not in (None, kind):
                raise bad_value(
                    f"Type mismatch for Index Key {name} Expected: {kind} Actual: {given} "
                    f"IndexName: {entries.index.name}"
                )
        raise invalid("The update expression attempted to update the secondary index key to unsupported type")
    if value[kind] == "":
        what = "string" if kind == "S" else "binary"
        raise invalid(
            "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
            "to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty "
            f"{what} value."
        )
    if value_size(value) > (HASH_KEY_BYTES_MAX if name == entries.hash else RANGE_KEY_BYTES_MAX):
        raise invalid(
            "The update expression attempted to update the secondary index key beyond allowed size limits"
        )
