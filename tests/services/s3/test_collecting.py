"""Blobs live as long as something uses them, and not for ever after."""

from __future__ import annotations

from pathlib import Path

from fogbank.services.s3.limits import COLLECT_AFTER_MS
from fogbank.store.blobs import FileBlobs
from tests.services.s3.support import blobs_in, storage
from tests.support.waiting import until

B = {"Bucket": "bucket"}


async def test_content_goes_with_its_last_use(tmp_path: Path) -> None:
    async with storage(tmp_path) as house:
        await house.call("s3", "CreateBucket", B)
        for key in ("a", "b"):
            await house.call("s3", "PutObject", B | {"Key": key, "Body": b"same"})
        await house.call("s3", "PutObject", B | {"Key": "c", "Body": b"other"})
        assert blobs_in(tmp_path) == 2
        await house.call("s3", "DeleteObject", B | {"Key": "a"})
        await house.call("s3", "PutObject", B | {"Key": "c", "Body": b"another"})
        await house.clock.advance_ms(COLLECT_AFTER_MS + 1)
        await until(lambda: blobs_in(tmp_path) == 2)  # "other" is gone, "same" is used by b
        assert (await house.call("s3", "GetObject", B | {"Key": "b"}))["Body"] == b"same"
        assert (await house.call("s3", "GetObject", B | {"Key": "c"}))["Body"] == b"another"


async def test_the_parts_of_what_was_aborted_go(tmp_path: Path) -> None:
    async with storage(tmp_path) as house:
        await house.call("s3", "CreateBucket", B)
        named = B | {"Key": "k"}
        upload = (await house.call("s3", "CreateMultipartUpload", named))["UploadId"]
        for number in range(1, 4):
            part = {"UploadId": upload, "PartNumber": number, "Body": b"%d" % number}
            await house.call("s3", "UploadPart", named | part)
        assert blobs_in(tmp_path) == 3
        await house.call("s3", "AbortMultipartUpload", named | {"UploadId": upload})

        async def parts_are_gone() -> bool:
            return not await house.store.scan(("s3", "part"), limit=10)

        await house.clock.advance_ms(COLLECT_AFTER_MS + 1)
        await until(parts_are_gone)
        await house.clock.advance_ms(COLLECT_AFTER_MS + 1)
        await until(lambda: blobs_in(tmp_path) == 0)
        assert await house.store.scan(("s3", "use"), limit=10) == []


async def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    orphan = await blobs.put(b"never used")
    async with storage(
        tmp_path
    ) as house:  # its virtual clock stands before the file's time: too young to sweep
        await house.clock.advance_ms(1)
        assert blobs.path(orphan).exists()
    late = storage(tmp_path)
    late.clock._now_ms = 4_000_000_000_000
    async with late:
        await until(lambda: not blobs.path(orphan).exists())
