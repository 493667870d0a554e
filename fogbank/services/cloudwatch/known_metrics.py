"""The walk over the metrics that there are, for ListMetrics and SEARCH."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.limits import METRIC_SCANNED_MAX
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Known, Metric
from fogbank.store.api import Key, Store

PAGE = 1000
LISTED_MS = 14 * 86_400_000  # metrics without data for two weeks are not listed


async def walk(
    store: Store,
    place: Place,
    namespace: str | None,
    name: str | None,
    matches: Callable[[Known], bool],
    limit: int,
    after: Key | None = None,
) -> tuple[list[Metric], tuple[str, str, str] | None]:
    """Up to `limit` metrics that match, and where to go on; None at the end. Looks at no more than METRIC_SCANNED_MAX.
    The journal must have been flushed."""
    names = () if namespace is None else (namespace,) if name is None else (namespace, name)
    prefix = keys.metrics(place, *names)
    found: list[Metric] = []
    for _ in range(METRIC_SCANNED_MAX // PAGE):
        records = await store.scan(prefix, after=after, limit=PAGE)
        for record in records:
            known = Known.unpack(record.value)
            if matches(known):
                if len(found) == limit:
                    return found, _mark(found[-1])
                found.append(known.metric)
        if len(records) < PAGE:
            return found, None
        after = records[-1].key
    return found, _mark(Known.unpack(records[-1].value).metric)


def _mark(metric: Metric) -> tuple[str, str, str]:
    return metric.namespace, metric.name, metric.id.hex()
