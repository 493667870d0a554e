"""S3 for a Distributed Map: reading objects in pieces, listing them, writing files of any length."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.stepfunctions.distributed.failures import sentence, unreadable, unwritable
from fogbank.services.stepfunctions.distributed.limits import PART_BYTES

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_INFLATED_BYTES = 1024 * 1024


async def pieces(calls: Calls, caller: Caller, wanted: dict[str, Any]) -> AsyncIterator[bytes]:
    """An object's content. Raises StatesError."""
    try:
        found = await calls.call("s3", "GetObject", wanted, caller)
    except AwsError as error:
        raise unreadable(sentence(error, caller.request_id)) from None
    body: bytes | AsyncIterator[bytes] = found["Body"]
    if isinstance(body, bytes):
        yield body
        return
    async for piece in body:
        yield piece


async def inflated(compressed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of gzip, in pieces of a bounded size however well it was compressed."""
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        async for piece in compressed:
            while piece:
                yield inflate.decompress(piece, _INFLATED_BYTES)
                piece = inflate.unconsumed_tail
                if inflate.eof and (more := inflate.unused_data):  # another member follows
                    piece, inflate = more, zlib.decompressobj(_GZIP_WINDOW)
    except zlib.error:
        raise unreadable("The file is not valid gzip.") from None


async def listed(calls: Calls, caller: Caller, wanted: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The objects that ListObjectsV2 gives, page by page."""
    token: str | None = None
    while True:
        more = {} if token is None else {"ContinuationToken": token}
        try:
            page = await calls.call("s3", "ListObjectsV2", wanted | more, caller)
        except AwsError as error:
            raise unreadable(sentence(error, caller.request_id)) from None
        for each in page.get("Contents", ()):
            yield each
        token = page.get("NextContinuationToken")
        if token is None:
            return


class File:
    """A file that is written to S3 as it grows: in one piece when it stays small, else in parts."""

    def __init__(self, calls: Calls, caller: Caller, bucket: str, key: str, content_type: str) -> None:
        self._calls = calls
        self._caller = caller
        self._named = {"Bucket": bucket, "Key": key}
        self._content_type = content_type
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self.key = key
        self.size = 0

    async def write(self, content: bytes) -> None:
        self._held.append(content)
        self._held_bytes += len(content)
        self.size += len(content)
        if self._held_bytes >= PART_BYTES:
            await self._send()

    async def close(self) -> None:
        """The object is there when it returns."""
        if self._upload is None:
            more = {"Body": b"".join(self._held), "ContentType": self._content_type}
            await self._call("PutObject", **more)
            return
        if self._held:
            await self._send()
        parts = {"Parts": self._parts}
        await self._call("CompleteMultipartUpload", UploadId=self._upload, MultipartUpload=parts)

    async def _send(self) -> None:
        if self._upload is None:
            begun = await self._call("CreateMultipartUpload", ContentType=self._content_type)
            self._upload = begun["UploadId"]
        number = len(self._parts) + 1
        body = b"".join(self._held)
        sent = await self._call("UploadPart", UploadId=self._upload, PartNumber=number, Body=body)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._held, self._held_bytes = [], 0

    async def _call(self, operation: str, **more: Any) -> dict[str, Any]:
        try:
            return await self._calls.call("s3", operation, self._named | more, self._caller)
        except AwsError as error:
            raise unwritable(sentence(error, self._caller.request_id)) from None


async def abort_uploads(calls: Calls, caller: Caller, bucket: str, prefix: str) -> None:
    """End what an earlier life began to write under a prefix."""
    try:
        found = await calls.call("s3", "ListMultipartUploads", {"Bucket": bucket, "Prefix": prefix}, caller)
        for each in found["Uploads"]:
            wanted = {"Bucket": bucket, "Key": each["Key"], "UploadId": each["UploadId"]}
            await calls.call("s3", "AbortMultipartUpload", wanted, caller)
    except AwsError as error:
        raise unwritable(sentence(error, caller.request_id)) from None
