"""CloudWatch: metrics, metric math, alarms.

Importing this package declares every operation. `SERVICE` and the state class `CloudWatch` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.cloudwatch import (
    alarm_history,
    alarm_tags,
    alarms,
    deliver,
    list_metrics,
    metric_data,
    metric_statistics,
    put_metric_data,
)
from fogbank.services.cloudwatch import needs as needs
from fogbank.services.cloudwatch.service import SERVICE
from fogbank.services.cloudwatch.state import CloudWatch

__all__ = [
    "SERVICE",
    "CloudWatch",
    "alarm_history",
    "alarm_tags",
    "alarms",
    "deliver",
    "list_metrics",
    "metric_data",
    "metric_statistics",
    "put_metric_data",
]
