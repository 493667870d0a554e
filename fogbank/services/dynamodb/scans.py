"""Scan: a whole table or index, or one segment of it. Items come in the order of their partitions' digests."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.expressions.legacy import filters
from fogbank.services.dynamodb.expressions.legacy import projection as legacy_projection
from fogbank.services.dynamodb.expressions.request import Bound, check_parameters
from fogbank.services.dynamodb.limits import SEGMENTS_MAX
from fogbank.services.dynamodb.reads import (
    Asked,
    Source,
    Stretch,
    answered,
    source_of,
    start_key,
    wanted_of,
)
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB

_DIGESTS = 1 << 8 * keys.DIGEST_BYTES


@SERVICE.operation
async def scan(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    index_name: str | None = None,
    attributes_to_get: list[str] | None = None,
    limit: int | None = None,
    select: str | None = None,
    scan_filter: dict[str, Any] | None = None,
    conditional_operator: str | None = None,
    exclusive_start_key: dict[str, Any] | None = None,
    return_consumed_capacity: str = "NONE",
    total_segments: int | None = None,
    segment: int | None = None,
    projection_expression: str | None = None,
    filter_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
    expression_attribute_values: dict[str, Any] | None = None,
    consistent_read: bool = False,
) -> dict[str, Any]:
    check_parameters(
        expression_attribute_names,
        expression_attribute_values,
        expressions={
            "ProjectionExpression": projection_expression,
            "FilterExpression": filter_expression,
        },
        legacy={
            "AttributesToGet": attributes_to_get,
            "ScanFilter": scan_filter,
            "ConditionalOperator": conditional_operator,
        },
        valued=("FilterExpression",),
    )
    _check_segments(segment, total_segments)
    bound = Bound(ctx.state.expressions, expression_attribute_names, expression_attribute_values)
    filtered = bound.condition(filter_expression, "FilterExpression")
    projection = bound.projection(projection_expression)
    bound.finish()
    if scan_filter is not None or conditional_operator is not None:
        filtered = filters(scan_filter or {}, conditional_operator, "ScanFilter")
    table = await ctx.state.directory.find(ctx, table_name)
    source = source_of(table, index_name, consistent=consistent_read)
    parameter = "ProjectionExpression" if projection is not None else "AttributesToGet"
    wanted = wanted_of(
        source, select, projection or legacy_projection(attributes_to_get), parameter, "Scanning"
    )
    stretch = segment_of(source, segment or 0, total_segments or 1)
    if exclusive_start_key is not None:
        key = source.store_key(start_key(source, exclusive_start_key))
        if total_segments is not None and not _is_within(source, key, segment or 0, total_segments):
            raise invalid(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
                f"correct Segment. TotalSegments: {total_segments} Segment: {segment}"
            )
        stretch = Stretch((*key, ""), stretch.high)
    asked = Asked(table_name, limit, False, consistent_read, return_consumed_capacity)
    return await answered(
        ctx.state.store, ctx.state.throttle, source, stretch, asked, wanted, filtered, bound
    )


def _check_segments(segment: int | None, total: int | None) -> None:
    if segment is not None and total is None:
        raise invalid(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
        )
    if total is not None and segment is None:
        raise invalid(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
        )
    if segment is not None and total is not None and segment >= total:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {total}"
        )
    assert total is None or total <= SEGMENTS_MAX  # the model's own bound


def segment_of(source: Source, segment: int, total: int) -> Stretch:
    """Segments divide the digests evenly, so they divide the items about evenly."""
    *before, number = source.prefix
    assert isinstance(number, int)  # by the layout of `keys.data`
    low = (*source.prefix, _border(segment, total)) if segment else source.prefix
    high = (*source.prefix, _border(segment + 1, total)) if segment + 1 < total else (*before, number + 1)
    return Stretch(low, high)


def _border(segment: int, total: int) -> bytes:
    return (-(-segment * _DIGESTS // total)).to_bytes(keys.DIGEST_BYTES, "big")


def _is_within(source: Source, key: tuple[Any, ...], segment: int, total: int) -> bool:
    digest = key[len(source.prefix)]
    return bool(int.from_bytes(digest, "big") * total // _DIGESTS == segment)
