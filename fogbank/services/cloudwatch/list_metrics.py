"""ListMetrics."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import METRIC_PAGE_MAX
from fogbank.model.call import Call
from fogbank.services.cloudwatch import keys, tokens
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.known_metrics import LISTED_MS, walk
from fogbank.services.cloudwatch.metric import Known, Metric
from fogbank.services.cloudwatch.service import SERVICE, invalid_value
from fogbank.services.cloudwatch.state import CloudWatch
from fogbank.store.api import Key

RECENT_MS = 3 * 3_600_000 + 3_000_000  # PT3H; AWS too answers with metrics up to 50 minutes older


@SERVICE.operation(refuses={"OwningAccount"})
async def list_metrics(
    ctx: Call[CloudWatch],
    *,
    namespace: str | None = None,
    metric_name: str | None = None,
    dimensions: list[dict[str, str]] | None = None,
    next_token: str | None = None,
    recently_active: str | None = None,
    include_linked_accounts: bool = False,
) -> dict[str, Any]:
    if include_linked_accounts:
        raise NotSupported("cloudwatch ListMetrics with IncludeLinkedAccounts")
    if recently_active not in (None, "PT3H"):
        raise invalid_value(f"The value {recently_active} for parameter RecentlyActive is invalid.")
    age_ms = LISTED_MS if recently_active is None else RECENT_MS
    since_ms = ctx.state.clock.now_ms() - age_ms
    wanted = {one["Name"]: one.get("Value") for one in dimensions or ()}

    def matches(known: Known) -> bool:
        if known.seen_ms < since_ms or (metric_name is not None and known.metric.name != metric_name):
            return False
        return _has_dimensions(known.metric, wanted)

    after = _position(ctx, next_token)
    await ctx.state.journal.flush()
    found, position = await walk(
        ctx.state.store, place_of(ctx), namespace, metric_name, matches, METRIC_PAGE_MAX, after
    )
    output: dict[str, Any] = {"Metrics": [metric.wire() for metric in found]}
    if position is not None:
        output["NextToken"] = tokens.seal("ListMetrics", *position)
    return output


def _has_dimensions(metric: Metric, wanted: dict[str, str | None]) -> bool:
    if not wanted:
        return True
    own = dict(metric.dimensions)
    return all(name in own and value in (None, own[name]) for name, value in wanted.items())


def _position(ctx: Call[CloudWatch], token: str | None) -> Key | None:
    if token is None:
        return None
    namespace, name, metric_id = tokens.unseal("ListMetrics", token)
    return keys.metric(place_of(ctx), namespace, name, bytes.fromhex(metric_id))
