"""ItemReader: the items of an S3 object (JSON, JSON lines, CSV, an inventory's manifest) or of a list of objects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.asl.documents import loads
from fogbank.core.arn import parse_arn
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.stepfunctions.distributed.csv_items import csv_items, object_of, records
from fogbank.services.stepfunctions.distributed.failures import unreadable
from fogbank.services.stepfunctions.distributed.json_items import array_elements, lines
from fogbank.services.stepfunctions.distributed.limits import ITEMS_MAX, WHOLE_BYTES_MAX
from fogbank.services.stepfunctions.distributed.objects import inflated, listed, pieces
from fogbank.services.stepfunctions.engine.api import MapCall, MapItem

_OBJECT = ("Bucket", "Key", "VersionId", "ExpectedBucketOwner")
_LIST = ("Bucket", "Prefix", "StartAfter", "ExpectedBucketOwner", "MaxKeys")


class Entry(dict[str, Any]):
    """A member of a JSON object as an item: `Key` and `Value`."""


class Reader:
    """Reads the items of one map run, as the machine's role."""

    def __init__(self, calls: Calls, caller: Caller, call: MapCall) -> None:
        self._calls = calls
        self._caller = caller
        self._resource = (call.reader_resource or "").rpartition(":::")[2]
        self._arguments = call.reader_arguments or {}
        self._config = call.reader_config or {}
        self._source = ""  # of the item that comes next; as seen on AWS, where the guide writes S3://

    async def items(self, skip: int) -> AsyncIterator[MapItem]:
        """Without the first `skip`, and no more than MaxItems in all."""
        most = most_of(self._config)
        if skip >= most:
            return
        number = 0
        async for raw in self._raw():
            number += 1
            if number > skip:
                if isinstance(raw, Entry):
                    yield MapItem(dict(raw), self._source, str(raw["Key"]))
                else:
                    yield MapItem(item_of(raw), self._source)
            if number >= most:
                return

    def _raw(self) -> AsyncIterator[Any]:
        match self._resource:
            case "s3:getObject":
                return self._of_object()
            case "s3:listObjectsV2":
                return self._of_list()
        raise unreadable(f"fogbank does not support the ItemReader resource {self._resource} yet")

    def _of_object(self) -> AsyncIterator[Any]:
        wanted = self._named(_OBJECT)
        self._source = f"s3://{wanted['Bucket']}/{wanted.get('Key', '')}"
        return self._parsed(pieces(self._calls, self._caller, wanted))

    def _parsed(self, content: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        if self._config.get("InputType") == "MANIFEST":
            return self._inventory(content)
        return items_in(content, self._config)

    def _named(self, members: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(self._arguments.get("Bucket"), str):
            raise unreadable("The ItemReader must name a Bucket.")
        if unknown := self._arguments.keys() - set(members):
            raise unreadable(f"The ItemReader does not support {', '.join(sorted(unknown))}.")
        return dict(self._arguments)

    # --- lists of objects -------------------------------------------------------------------------------------------

    async def _of_list(self) -> AsyncIterator[Any]:
        transformation = self._config.get("Transformation", "NONE")
        wanted = self._named(_LIST)
        if transformation not in ("NONE", "LOAD_AND_FLATTEN"):
            raise unreadable(f"The Transformation {transformation} is not supported.")
        self._source = f"s3://{wanted['Bucket']}"
        async for each in listed(self._calls, self._caller, wanted):
            if transformation == "NONE":
                yield _listed(each)
                continue
            wanted_object = {"Bucket": wanted["Bucket"], "Key": each["Key"]}
            self._source = f"s3://{wanted['Bucket']}/{each['Key']}"
            async for raw in self._parsed(pieces(self._calls, self._caller, wanted_object)):
                yield raw

    # --- S3 Inventory -----------------------------------------------------------------------------------------------

    async def _inventory(self, content: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        """The manifest names gzipped CSV files without headers, and the columns that they have."""
        kind = self._config.get("ManifestType", "S3_INVENTORY")
        if kind != "S3_INVENTORY":
            raise unreadable(f"fogbank does not support the ManifestType {kind} yet")
        manifest = await _whole(content)
        try:
            schema = [name.strip() for name in manifest["fileSchema"].split(",")]
            destination = parse_arn(manifest["destinationBucket"])
            bucket = destination.resource if destination else manifest["destinationBucket"]
            files = [str(each["key"]) for each in manifest["files"]]
            form = manifest["fileFormat"]
        except (KeyError, TypeError, AttributeError):
            raise unreadable("The manifest is not that of an S3 inventory.") from None
        if form != "CSV":
            raise unreadable(f"fogbank does not support S3 inventories in the format {form} yet")
        for key in files:
            packed = pieces(self._calls, self._caller, {"Bucket": bucket, "Key": key})
            self._source = f"s3://{bucket}/{key}"
            async for row in records(inflated(packed), ","):
                yield object_of(schema, row)


def items_in(content: AsyncIterator[bytes], config: dict[str, Any]) -> AsyncIterator[Any]:
    """What an object with that content holds, all of it; `item_of` makes items of it."""
    match config.get("InputType"):
        case "JSON":
            return _json(content, config.get("ItemsPointer"))
        case "JSONL":
            return _filled(lines(content))
        case "CSV":
            return csv_items(content, config)
        case other:
            raise unreadable(f"fogbank does not support the InputType {other} yet")


def item_of(raw: Any) -> Any:
    """JSON is parsed only when the item is wanted."""
    if not isinstance(raw, bytes):
        return raw
    try:
        return loads(raw.decode())
    except ValueError:
        raise unreadable("The content is not valid JSON.") from None


def most_of(config: dict[str, Any]) -> int:
    """MaxItems."""
    value = config.get("MaxItems")
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if value is None or value == 0:
        return ITEMS_MAX
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unreadable("field MaxItems must be positive")
    return min(value, ITEMS_MAX)


async def _json(content: AsyncIterator[bytes], pointer: str | None) -> AsyncIterator[Any]:
    """An array is read element by element; what lies behind a pointer as a whole, and that may be an object."""
    if pointer is None:
        async for element in array_elements(content):
            yield element
        return
    node = _behind(pointer, await _whole(content))
    match node:
        case list():
            for item in node:
                yield item
        case dict():
            for key, value in node.items():
                yield Entry(Key=key, Value=value)
        case _:
            raise unreadable("Attempting to map over non-iterable node.")


async def _filled(of: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for line in of:
        if line.strip():
            yield line


async def _whole(content: AsyncIterator[bytes]) -> Any:
    parts, size = [], 0
    async for piece in content:
        parts.append(piece)
        size += len(piece)
        if size > WHOLE_BYTES_MAX:
            raise unreadable(f"JSON that is no array of items is at most {WHOLE_BYTES_MAX} bytes here.")
    try:
        return loads(b"".join(parts).decode("utf-8-sig"))
    except ValueError:
        raise unreadable("The content is not valid JSON.") from None


def _behind(pointer: str | None, node: Any) -> Any:
    """What a JSON pointer (RFC 6901) names."""
    for step in (pointer or "").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        match node:
            case dict() if name in node:
                node = node[name]
            case list() if name.isdigit() and int(name) < len(node):
                node = node[int(name)]
            case _:
                raise unreadable(f"The ItemsPointer '{pointer}' could not be found in the content.")
    return node


def _listed(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "Etag": each["ETag"],
        "Key": each["Key"],
        "LastModified": each["LastModified"] // 1000,
        "Size": each["Size"],
        "StorageClass": each["StorageClass"],
    }
