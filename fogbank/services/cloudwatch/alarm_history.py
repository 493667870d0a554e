"""DescribeAlarmHistory."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import ALARM_HISTORY_ITEMS_MAX
from fogbank.model.call import Call
from fogbank.services.cloudwatch import keys, tokens
from fogbank.services.cloudwatch.alarm import HistoryItem
from fogbank.services.cloudwatch.keys import place_of
from fogbank.services.cloudwatch.service import SERVICE
from fogbank.services.cloudwatch.state import CloudWatch
from fogbank.store.api import Key

SCANNED_MAX = 10_000
PAGE = 500


@SERVICE.operation
async def describe_alarm_history(
    ctx: Call[CloudWatch],
    *,
    alarm_name: str | None = None,
    alarm_contributor_id: str | None = None,
    alarm_types: list[str] | None = None,
    history_item_type: str | None = None,
    start_date: int | None = None,
    end_date: int | None = None,
    max_records: int = ALARM_HISTORY_ITEMS_MAX,
    next_token: str | None = None,
    scan_by: str = "TimestampDescending",
) -> dict[str, Any]:
    if alarm_contributor_id is not None:
        raise NotSupported("cloudwatch DescribeAlarmHistory with AlarmContributorId")
    if alarm_types and "MetricAlarm" not in alarm_types:
        return {"AlarmHistoryItems": []}
    place, reverse = place_of(ctx), scan_by == "TimestampDescending"
    base = keys.histories(place) if alarm_name is None else keys.alarm_histories(place, alarm_name)
    after: Key | None = None if start_date is None else (*base, start_date)
    before: Key | None = None if end_date is None else (*base, end_date)
    if next_token is not None:
        edge: Key = (*base, *tokens.unseal("History", next_token))
        after, before = (after, edge) if reverse else (edge, before)
    found: list[tuple[Key, HistoryItem]] = []
    for _ in range(SCANNED_MAX // PAGE):
        records = await ctx.state.store.scan(base, after=after, before=before, limit=PAGE, reverse=reverse)
        for record in records:
            item = HistoryItem.unpack(record.value)
            if history_item_type in (None, item.kind):
                found.append((record.key, item))
        if len(records) < PAGE or len(found) > max_records:
            break
        after, before = (after, records[-1].key) if reverse else (records[-1].key, before)
    answer: dict[str, Any] = {"AlarmHistoryItems": [item.wire() for _, item in found[:max_records]]}
    if len(found) > max_records:
        last = found[max_records - 1][0]
        answer["NextToken"] = tokens.seal("History", *last[len(base) :])
    return answer
