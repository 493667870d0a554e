"""The lines that Lambda itself writes into a function's log: INIT_START, START, END, REPORT, or JSON events. Pure."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import orjson

from fogbank.core.clock import iso8601_z
from fogbank.core.records import hot_record
from fogbank.sandbox.api import InvocationResult, Status


class Level(IntEnum):
    """SystemLogLevel."""

    DEBUG = 1
    INFO = 2
    WARN = 3


@hot_record
class Trace:
    """The trace an invocation belongs to: the header's value and its parts."""

    header: str
    trace_id: str
    segment_id: str
    sampled: bool
    parent_id: str = ""


def billed_ms(result: InvocationResult) -> int:
    """What Lambda bills: the duration and, since August 2025, the init before it, rounded up to a millisecond."""
    return max(1, math.ceil(round(result.duration_ms + (result.init_duration_ms or 0.0), 2)))


def init_start(runtime_version: str, runtime_version_arn: str) -> str:
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}\n"


def start(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report(request_id: str, result: InvocationResult, memory_mb: int, trace: Trace | None) -> str:
    """The REPORT line; `trace` only where tracing is active."""
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {result.duration_ms:.2f} ms\t"
        f"Billed Duration: {billed_ms(result)} ms\tMemory Size: {memory_mb} MB\t"
        f"Max Memory Used: {result.max_memory_mb} MB\t"
    )
    if result.init_duration_ms is not None:
        line += f"Init Duration: {result.init_duration_ms:.2f} ms\t"
    match result.status:
        case Status.TIMEOUT:
            line += "Status: timeout\t"
        case Status.CRASHED | Status.OUT_OF_MEMORY:
            line += f"Status: error\tError Type: {result.error_type}\t"
        case _ if result.init_error:
            line += f"Status: error\tError Type: {result.error_type}\t"
    line += "\n"
    if trace is not None:
        line += f"XRAY TraceId: {trace.trace_id}\tSegmentId: {trace.segment_id}\tSampled: {_bool(trace.sampled)}\t\n"
    return line


def json_init_start(
    time_ms: int, runtime_version: str, runtime_version_arn: str, initialization: str = "on-demand"
) -> str:
    record = {
        "initializationType": initialization,
        "phase": "init",
        "runtimeVersion": runtime_version,
        "runtimeVersionArn": runtime_version_arn,
    }
    return _event(time_ms, "platform.initStart", record)


def json_start(time_ms: int, request_id: str, version: str) -> str:
    return _event(time_ms, "platform.start", {"requestId": request_id, "version": version})


def json_runtime_done(time_ms: int, request_id: str, result: InvocationResult) -> str:
    record: dict[str, Any] = {"requestId": request_id, **_status(result)}
    record["metrics"] = {
        "durationMs": round(result.duration_ms, 3),
        "producedBytes": result.streamed_bytes + len(result.payload),
    }
    return _event(time_ms, "platform.runtimeDone", record)


def json_report(
    time_ms: int, request_id: str, result: InvocationResult, memory_mb: int, trace: Trace | None
) -> str:
    metrics: dict[str, float] = {
        "durationMs": round(result.duration_ms, 3),
        "billedDurationMs": billed_ms(result),
        "memorySizeMB": memory_mb,
        "maxMemoryUsedMB": result.max_memory_mb,
    }
    if result.init_duration_ms is not None:
        metrics["initDurationMs"] = round(result.init_duration_ms, 3)
    record: dict[str, Any] = {"requestId": request_id, "metrics": metrics, **_status(result)}
    if trace is not None:
        record["tracing"] = {
            "spanId": trace.segment_id,
            "type": "X-Amzn-Trace-Id",
            "value": trace.header,
        }
    return _event(time_ms, "platform.report", record)


def report_level(result: InvocationResult) -> Level:
    """At which level JSON logging writes the end of an invocation."""
    return Level.INFO if result.status in (Status.SUCCESS, Status.ERROR) else Level.WARN


def _status(result: InvocationResult) -> dict[str, Any]:
    match result.status:
        case Status.SUCCESS:
            return {"status": "success"}
        case Status.TIMEOUT:
            return {"status": "timeout"}
        case Status.ERROR:
            return {"status": "error", "errorType": result.error_type}
    return {"status": "failure", "errorType": result.error_type}


def _event(time_ms: int, kind: str, record: dict[str, Any]) -> str:
    return orjson.dumps({"time": iso8601_z(time_ms), "type": kind, "record": record}).decode() + "\n"


def _bool(value: bool) -> str:
    return "true" if value else "false"
