"""The queues of what rules owe. Endpoints of strangers, which may be slow, have one of their own."""

from __future__ import annotations

from fogbank.core.arn import parse_arn

DELIVERY_QUEUE = "events deliveries"
DESTINATION_QUEUE = "events api destinations"
SCHEDULE_QUEUE = "events schedules"


def queue_of(target_arn: str) -> str:
    arn = parse_arn(target_arn)
    slow = arn is not None and arn.service == "events" and arn.resource.startswith("api-destination/")
    return DESTINATION_QUEUE if slow else DELIVERY_QUEUE
