"""An invocation as X-Ray sees it: a segment of the service, and one of the function in it, whose id the function was given as Parent."""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.sandbox.api import InvocationResult, Status
from fogbank.services.lambda_.report import Trace


def segments_of(
    trace: Trace,
    name: str,
    arn: str,
    request_id: str,
    start_ms: int,
    end_ms: int,
    outcome: InvocationResult | Exception,
) -> list[dict[str, Any]]:
    """Both documents, ended. A function's error is a fault of both, and what could not be run has no segment of the function."""
    service_id = hashlib.blake2b(request_id.encode(), digest_size=8).hexdigest()
    common = {
        "name": name,
        "trace_id": trace.trace_id,
        "start_time": start_ms / 1000,
        "end_time": end_ms / 1000,
    }
    ran = isinstance(outcome, InvocationResult)
    failed = not isinstance(outcome, InvocationResult) or outcome.status is not Status.SUCCESS
    service: dict[str, Any] = common | {
        "id": service_id,
        "origin": "AWS::Lambda",
        "resource_arn": arn,
        "http": {"response": {"status": 200 if ran else 500}},
        "aws": {"request_id": request_id},
    }
    if trace.parent_id:
        service["parent_id"] = trace.parent_id
    function: dict[str, Any] = common | {
        "id": trace.segment_id,
        "parent_id": service_id,
        "origin": "AWS::Lambda::Function",
        "aws": {"function_arn": arn},
    }
    made = [service, function] if ran else [service]
    return [document | {"fault": True} for document in made] if failed else made
