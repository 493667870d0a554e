"""What one invocation writes to its log: the function's lines as they come, Lambda's own around them, and the tail."""

from __future__ import annotations

import base64
from collections import deque
from dataclasses import dataclass

from fogbank.core.limits import LOG_TAIL_BYTES_MAX
from fogbank.model.telemetry import LogTarget, Telemetry
from fogbank.sandbox.api import InvocationResult
from fogbank.services.lambda_ import report
from fogbank.services.lambda_.report import Level, Trace


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where and how the versions of a function write their logs."""

    account: str
    region: str
    group: str
    json: bool
    level: Level  # of Lambda's own events, with JSON
    version: str
    memory_mb: int
    runtime_version_arn: str
    initialization: str = "on-demand"


class InvocationLog:
    """The sandbox's `LogSink` of one invocation. Lines go on to the telemetry port at once, in order."""

    __slots__ = (
        "_request_id",
        "_settings",
        "_tail",
        "_tail_chars",
        "_target",
        "_telemetry",
        "_trace",
        "_unplaced",
    )

    def __init__(
        self,
        telemetry: Telemetry,
        settings: LogSettings,
        request_id: str,
        *,
        tail: bool = False,
        trace: Trace | None = None,
    ) -> None:
        self._telemetry = telemetry
        self._settings = settings
        self._request_id = request_id
        self._trace = trace
        self._tail: deque[str] | None = deque() if tail else None
        self._tail_chars = 0
        self._target: LogTarget | None = None
        self._unplaced: list[tuple[int, str]] = []  # lines that came before the stream was known

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None:
        settings = self._settings
        self._place(stream)
        if not settings.json:
            text = report.init_start(runtime_version, settings.runtime_version_arn)
        elif settings.level <= Level.INFO:
            text = report.json_init_start(
                time_ms, runtime_version, settings.runtime_version_arn, settings.initialization
            )
        else:
            return
        self._send([(time_ms, text)])

    def started(self, time_ms: int, stream: str) -> None:
        settings = self._settings
        self._place(stream)
        if not settings.json:
            text = report.start(self._request_id, settings.version)
        elif settings.level <= Level.INFO:
            text = report.json_start(time_ms, self._request_id, settings.version)
        else:
            return
        self._write(time_ms, text)

    def line(self, time_ms: int, text: str) -> None:
        # A traceback that the runtime reports comes as one event, and without a final newline.
        self._write(time_ms, text if "\n" in text else text + "\n")

    def finished(self, time_ms: int, result: InvocationResult) -> None:
        """Write what comes after the function's own lines."""
        settings, request_id = self._settings, self._request_id
        self._place(result.stream)
        if settings.json:
            for level, text in self._json_end(time_ms, result):
                if settings.level <= level:
                    self._write(time_ms, text)
            return
        end = report.end(request_id)
        closing = report.report(request_id, result, settings.memory_mb, self._trace)
        if self._tail is not None:
            self._keep(end)
            self._keep(closing)
        self._send([(time_ms, end), (time_ms, closing)])

    def tail(self) -> str:
        """The last 4 KB of this invocation's log, in base64."""
        text = "".join(self._tail or ()).encode("utf-8", "replace")
        return base64.b64encode(text[-LOG_TAIL_BYTES_MAX:]).decode()

    def _json_end(self, time_ms: int, result: InvocationResult) -> list[tuple[Level, str]]:
        level = report.report_level(result)
        done_level = level if level is Level.WARN else Level.DEBUG
        request_id, memory_mb = self._request_id, self._settings.memory_mb
        return [
            (done_level, report.json_runtime_done(time_ms, request_id, result)),
            (level, report.json_report(time_ms, request_id, result, memory_mb, self._trace)),
        ]

    def _place(self, stream: str) -> None:
        target = self._target
        if target is not None and target.stream == stream:
            return
        settings = self._settings
        self._target = LogTarget(settings.account, settings.region, settings.group, stream)
        if self._unplaced:
            self._telemetry.lines(self._target, self._unplaced)
            self._unplaced = []

    def _write(self, time_ms: int, text: str) -> None:
        if self._tail is not None:
            self._keep(text)
        self._send([(time_ms, text)])

    def _keep(self, text: str) -> None:
        tail = self._tail
        assert tail is not None
        text = text if text.endswith("\n") else text + "\n"
        tail.append(text)
        self._tail_chars += len(text)
        while self._tail_chars - len(tail[0]) >= LOG_TAIL_BYTES_MAX:  # what is left still fills the tail
            self._tail_chars -= len(tail.popleft())

    def _send(self, lines: list[tuple[int, str]]) -> None:
        if self._target is None:
            self._unplaced += lines
        else:
            self._telemetry.lines(self._target, lines)
