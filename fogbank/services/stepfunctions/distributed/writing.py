"""ResultWriter: the results of all children as files in S3, and a manifest that names them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl.advance import DATA_BYTES_MAX
from fogbank.asl.documents import dumps, loads
from fogbank.asl.errors import StatesError
from fogbank.core.clock import iso8601_z
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.stepfunctions.distributed.failures import unwritable
from fogbank.services.stepfunctions.distributed.limits import FILE_BYTES_MAX
from fogbank.services.stepfunctions.distributed.objects import File, abort_uploads
from fogbank.services.stepfunctions.engine.api import ChildResult, MapCall, Status

_TRANSFORMATIONS = ("NONE", "COMPACT", "FLATTEN")
_FORMS = {"JSON": "application/json", "JSONL": "application/jsonl"}
_GROUPS = ("FAILED", "PENDING", "SUCCEEDED")


class Writer:
    """Writes the results of one map run, as the machine's role."""

    def __init__(self, calls: Calls, caller: Caller, call: MapCall) -> None:
        self._calls = calls
        self._caller = caller
        self._call = call
        config = call.writer_config or {}
        self._transformation = config.get("Transformation", "NONE")
        self.form = str(config.get("OutputType", "JSON"))
        if self._transformation not in _TRANSFORMATIONS:
            raise unwritable(f"The Transformation {self._transformation} is not supported.")
        if self.form not in _FORMS:
            raise unwritable(f"The OutputType {self.form} is not supported.")

    async def write(self, results: AsyncIterator[ChildResult]) -> Any:
        """The state's result: where the manifest is. Without a Resource, what the WriterConfig makes of the results."""
        if not self._call.writer_resource:
            return await self._inline(results)
        bucket, folder = self._place()
        await abort_uploads(self._calls, self._caller, bucket, folder)
        files = {group: _Files(self, bucket, f"{folder}{group}") for group in _GROUPS}
        async for result in results:
            await files[_group(result.status)].add(self._shown(result))
        manifest = {
            "DestinationBucket": bucket,
            "MapRunArn": self._call.map_run_arn,
            "ResultFiles": {group: await each.close() for group, each in files.items()},
        }
        key = f"{folder}manifest.json"
        file = self.file(bucket, key, "application/json")
        await file.write(dumps(manifest).encode())
        await file.close()
        details = {"Bucket": bucket, "Key": key}
        return {"MapRunArn": self._call.map_run_arn, "ResultWriterDetails": details}

    async def _inline(self, results: AsyncIterator[ChildResult]) -> list[Any]:
        """Nothing is exported; the results must fit into one."""
        found: list[Any] = []
        size = 2
        async for result in results:
            for value in self._shown(result):
                size += len(dumps(value)) + 1
                if size > DATA_BYTES_MAX:
                    raise StatesError(
                        "States.DataLimitExceeded",
                        f"The state/task '{self._call.state_name}' returned a result with a size exceeding the maximum "
                        "number of bytes service limit.",
                    )
                found.append(value)
        return found

    def _place(self) -> tuple[str, str]:
        """The bucket, and the folder of this map run in it."""
        resource = (self._call.writer_resource or "").rpartition(":::")[2]
        if resource != "s3:putObject":
            raise unwritable(f"fogbank does not support the ResultWriter resource {resource} yet")
        arguments = self._call.writer_arguments or {}
        if unknown := arguments.keys() - {"Bucket", "Prefix"}:
            raise unwritable(f"The ResultWriter does not support {', '.join(sorted(unknown))}.")
        bucket = arguments.get("Bucket")
        if not isinstance(bucket, str):
            raise unwritable("The ResultWriter must name a Bucket.")
        prefix = str(arguments.get("Prefix") or "")
        run = self._call.map_run_arn.rpartition(":")[2]
        return bucket, f"{prefix}{'/' if prefix and not prefix.endswith('/') else ''}{run}/"

    def file(self, bucket: str, key: str, content_type: str) -> File:
        return File(self._calls, self._caller, bucket, key, content_type)

    def _shown(self, result: ChildResult) -> list[Any]:
        """What goes into a file of one result: what failed always with everything about it."""
        if self._transformation == "NONE" or result.status is not Status.SUCCEEDED:
            return [_described(result)]
        output = loads(result.output or "null")
        return output if self._transformation == "FLATTEN" and isinstance(output, list) else [output]


class _Files:
    """The files of one group of results, `SUCCEEDED_0.json` and so on."""

    def __init__(self, writer: Writer, bucket: str, base: str) -> None:
        self._writer = writer
        self._bucket = bucket
        self._base = base
        self._lines = writer.form == "JSONL"
        self._file: File | None = None
        self._closed: list[dict[str, Any]] = []

    async def add(self, values: list[Any]) -> None:
        for value in values:
            text = dumps(value).encode()
            if self._file is not None and self._file.size + len(text) > FILE_BYTES_MAX:
                await self._finish()
            if self._file is None:
                key = f"{self._base}_{len(self._closed)}.{self._writer.form.lower()}"
                self._file = self._writer.file(self._bucket, key, _FORMS[self._writer.form])
                await self._file.write(text if self._lines else b"[" + text)
            else:
                await self._file.write((b"\n" if self._lines else b",") + text)

    async def close(self) -> list[dict[str, Any]]:
        """What the manifest says of them."""
        await self._finish()
        return self._closed

    async def _finish(self) -> None:
        if self._file is None:
            return
        if not self._lines:
            await self._file.write(b"]")
        await self._file.close()
        self._closed.append({"Key": self._file.key, "Size": self._file.size})
        self._file = None


def _group(status: Status) -> str:
    """A child that never ran is pending; one that was stopped or timed out has failed."""
    if status is Status.SUCCEEDED:
        return "SUCCEEDED"
    return "PENDING" if status.name in ("PENDING_REDRIVE", "RUNNING") else "FAILED"


def _described(result: ChildResult) -> dict[str, Any]:
    """As DescribeExecution, with dates as text."""
    shown: dict[str, Any] = {
        "ExecutionArn": result.execution_arn,
        "Input": result.input,
        "InputDetails": {"Included": True},
        "Name": result.name,
    }
    if result.output is not None:
        shown |= {"Output": result.output, "OutputDetails": {"Included": True}}
    if result.error is not None:
        shown["Error"] = result.error
    if result.cause is not None:
        shown["Cause"] = result.cause
    redrive = {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    if result.status is Status.SUCCEEDED:
        reason = "Execution is SUCCEEDED and cannot be redriven"
        redrive = {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
    return shown | {
        "RedriveCount": result.redrive_count,
        **redrive,
        "StartDate": iso8601_z(result.start_ms),
        "StateMachineArn": result.state_machine_arn,
        "Status": result.status.value,
        "StopDate": iso8601_z(result.stop_ms),
    }
