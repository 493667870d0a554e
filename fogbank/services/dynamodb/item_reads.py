"""What GetItem, BatchGetItem and TransactGetItems want of an item."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.services.dynamodb.expressions.legacy import projection as legacy_projection
from fogbank.services.dynamodb.expressions.projections import Projection
from fogbank.services.dynamodb.expressions.request import Bound, Expressions, check_parameters
from fogbank.services.dynamodb.table import Table


def sent_projection(
    expressions: Expressions,
    table: Table,
    text: str | None,
    names: Mapping[str, str] | None,
    attributes: list[str] | None = None,
) -> Projection | None:
    """None: all of it. `text` is the ProjectionExpression, `attributes` are AttributesToGet. Raises ValidationException."""
    if text is None and names is None and attributes is None:
        return None
    check_parameters(
        names, None, expressions={"ProjectionExpression": text}, legacy={"AttributesToGet": attributes}
    )
    bound = Bound(expressions, names)
    projection = bound.projection(text) or legacy_projection(attributes)
    bound.finish()
    table.check_whole(projection)
    return projection
