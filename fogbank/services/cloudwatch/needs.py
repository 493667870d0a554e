"""The permissions that CloudWatch's operations need."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.arn import partition_of
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions
from fogbank.services.cloudwatch.service import SERVICE


def _alarms(operation: str) -> Needs:
    """Every alarm that is named."""

    def needs(caller: Caller, params: Params) -> Iterable[Need]:
        base = f"arn:{partition_of(caller.region)}:cloudwatch:{caller.region}:{caller.account}:alarm:"
        for name in params.get("AlarmNames") or [""]:
            yield Need(f"cloudwatch:{operation}", f"{base}{name}")

    return needs


SERVICE.needs(
    Permissions(
        "cloudwatch",
        {
            "alarm:{AlarmName} | *": "DescribeAlarmHistory PutMetricAlarm SetAlarmState",
            "{ResourceARN}": "ListTagsForResource TagResource UntagResource",
            "*": "DescribeAlarms DescribeAlarmsForMetric GetMetricData GetMetricStatistics ListMetrics PutMetricData",
        },
        special={
            name: _alarms(name) for name in ("DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions")
        },
        keys={"cloudwatch:namespace": "Namespace"},
    )
)
