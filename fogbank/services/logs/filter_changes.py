"""Putting and deleting a filter of a log group: the filter, and how many of its kind the group has, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fogbank.core.limits import LOG_METRIC_FILTERS_MAX, LOG_SUBSCRIPTION_FILTERS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import keys
from fogbank.services.logs.filters import MetricFilter, SubscriptionFilter
from fogbank.services.logs.keys import Place, place_of
from fogbank.services.logs.lookup import group_of
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import SERVICE
from fogbank.services.logs.state import Logs
from fogbank.services.logs.updates import update_group
from fogbank.store.api import Key, Transaction


@dataclass(frozen=True, slots=True)
class Kind:
    """`counter` is the member of a group's record that counts them."""

    noun: str
    counter: str
    filters_max: int
    key: Callable[[Place, str, str], Key]


METRIC = Kind("metric filter", "metric_filters", LOG_METRIC_FILTERS_MAX, keys.metric_filter)
SUBSCRIPTION = Kind(
    "subscription filter", "subscription_filters", LOG_SUBSCRIPTION_FILTERS_MAX, keys.subscription_filter
)


async def change_filter(
    ctx: Call[Logs], kind: Kind, group_name: str, name: str, stored: MetricFilter | SubscriptionFilter | None
) -> None:
    """None deletes it. Raises ResourceNotFoundException, LimitExceededException."""
    group = (await group_of(ctx, group_name)).record
    key = kind.key(place_of(ctx), group.id, name)
    old = await ctx.state.store.get(key)
    if stored is None and old is None:
        raise SERVICE.error("ResourceNotFoundException", f"The specified {kind.noun} does not exist.")
    added = (stored is not None) - (old is not None)

    def change(group: LogGroup) -> LogGroup:
        count = getattr(group, kind.counter) + added
        if count > kind.filters_max:
            raise SERVICE.error("LimitExceededException", "Resource limit exceeded.")
        return replace(group, **{kind.counter: count})

    def extend(tx: Transaction, _group: LogGroup) -> None:
        version = old.version if old else 0
        if stored is None:
            tx.delete(key, expect=version)
        else:
            tx.put(key, stored.pack(), expect=version)

    await update_group(ctx, group_name, change, extend)
