"""GetObjectAttributes."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.s3 import keys
from fogbank.services.s3.checking import shown
from fogbank.services.s3.listing import page_size
from fogbank.services.s3.lookup import bucket_of, object_of
from fogbank.services.s3.records import Object, decode_part
from fogbank.services.s3.service import SERVICE, invalid_argument
from fogbank.services.s3.settings import REFUSED_KEYS
from fogbank.services.s3.state import S3
from fogbank.services.s3.uploads import COMPOSITE

_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


@SERVICE.operation(hot=True, refuses=REFUSED_KEYS)
async def get_object_attributes(
    ctx: Call[S3],
    *,
    bucket: str,
    key: str,
    object_attributes: list[str],
    version_id: str | None = None,
    max_parts: int | None = None,
    part_number_marker: int | None = None,
    expected_bucket_owner: str | None = None,
) -> dict[str, Any]:
    found = await bucket_of(ctx, bucket, expected_bucket_owner)
    held = await object_of(ctx, found, key, version_id)
    if not object_attributes or not _ATTRIBUTES.issuperset(object_attributes):
        raise _bad_attributes()
    everything = {
        "ETag": held.etag,
        "Checksum": shown(held.checksum) or None,
        "StorageClass": "STANDARD",
        "ObjectSize": held.size,
    }
    output = {name: everything[name] for name in object_attributes if everything.get(name) is not None}
    if "ObjectParts" in object_attributes and held.part_count:
        output["ObjectParts"] = await _parts(ctx, held, max_parts, part_number_marker or 0)
    return output | {"LastModified": held.modified_ms}


def _bad_attributes() -> AwsError:
    return invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes")


async def _parts(ctx: Call[S3], held: Object, max_parts: int | None, marker: int) -> dict[str, Any]:
    """As recorded: parts are listed one by one where each has a checksum of its own."""
    most = page_size(max_parts, "max-parts")
    output: dict[str, Any] = {"TotalPartsCount": held.part_count}
    if held.checksum is None or held.checksum.type != COMPOSITE:
        return output
    base = keys.parts(held.generation)
    records = await ctx.state.store.scan(base, after=(*base, marker), limit=most + 1) if most else []
    parts = [decode_part(record.value) for record in records[:most]]
    output |= {
        "PartNumberMarker": marker,
        "NextPartNumberMarker": parts[-1].number if parts else 0,
        "MaxParts": most,
        "IsTruncated": len(records) > most,
    }
    if parts:
        output["Parts"] = [
            {"PartNumber": part.number, "Size": part.size} | shown(part.checksum, with_type=False)
            for part in parts
        ]
    return output
