"""CloudWatch Logs: groups, streams, events, filters, live tail, Insights queries.

Importing this package declares every operation. `SERVICE` and the state class `Logs` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.logs import (
    deliver,
    destinations,
    filtering,
    live_tail,
    log_events,
    log_groups,
    log_streams,
    metric_filters,
    queries,
    resource_policies,
    retention,
    subscription_filters,
    tags,
)
from fogbank.services.logs import needs as needs
from fogbank.services.logs.service import SERVICE
from fogbank.services.logs.state import Logs

__all__ = [
    "SERVICE",
    "Logs",
    "deliver",
    "destinations",
    "filtering",
    "live_tail",
    "log_events",
    "log_groups",
    "log_streams",
    "metric_filters",
    "queries",
    "resource_policies",
    "retention",
    "subscription_filters",
    "tags",
]
