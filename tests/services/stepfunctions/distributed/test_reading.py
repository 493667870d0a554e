from __future__ import annotations

import json

import pytest

from tests.services.stepfunctions.distributed.conftest import Bench

JSON = {"InputType": "JSON"}
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


async def test_a_json_array(bench: Bench) -> None:
    items = [1, 'a,]"\\', {"x": [1, {"y": "}"}]}, [], None, True, 2.5]
    await bench.put("k", json.dumps(items, indent=2).encode())
    assert await bench.read(JSON) == items
    assert await bench.read(JSON, skip=5) == items[5:]
    assert await bench.read(JSON | {"MaxItems": 2}) == items[:2]
    assert await bench.read(JSON | {"MaxItems": 3}, skip=2) == items[2:3]
    assert await bench.read(JSON | {"MaxItems": 0}) == items


async def test_a_json_object_and_pointers(bench: Bench) -> None:
    await bench.put("k", b'{"a": 1, "b": {"c/d": [1, 2], "e": "x"}}')
    assert await bench.refuses(JSON) == "Attempting to map over non-iterable node."
    assert await bench.read(JSON | {"ItemsPointer": ""}) == [
        {"Key": "a", "Value": 1},
        {"Key": "b", "Value": {"c/d": [1, 2], "e": "x"}},
    ]
    assert await bench.read(JSON | {"ItemsPointer": "/b/c~1d"}) == [1, 2]
    assert "could not be found" in await bench.refuses(JSON | {"ItemsPointer": "/b/x"})
    assert await bench.refuses(JSON | {"ItemsPointer": "/b/e"}) == "Attempting to map over non-iterable node."


@pytest.mark.parametrize(
    "content", [b"[1, 2", b"[1,,2]", b"[1] x", b'"text"', b"", b"[1,]", b"[nonsense]", b"[1}"]
)
async def test_what_is_no_json_array(bench: Bench, content: bytes) -> None:
    await bench.put("k", content)
    assert await bench.refuses(JSON)


async def test_json_lines(bench: Bench) -> None:
    await bench.put("k", b'{"a": 1}\r\n\n[2]\n"three"')
    assert await bench.read({"InputType": "JSONL"}) == [{"a": 1}, [2], "three"]


async def test_csv(bench: Bench) -> None:
    await bench.put("k", '\ufeffname,"a ""b"""\nx,1\n"two\nlines, é",2\n\nshort\nlong,3,4\n'.encode())
    rows = [
        {"name": "x", 'a "b"': "1"},
        {"name": "two\nlines, é", 'a "b"': "2"},
        {"name": "short", 'a "b"': ""},
        {"name": "long", 'a "b"': "3"},
    ]
    assert await bench.read(CSV) == rows
    assert await bench.read(CSV, skip=3) == rows[3:]
    await bench.put("k", b"1;2\n3;4")
    given = {
        "InputType": "CSV",
        "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": ["a", "b"],
        "CSVDelimiter": "SEMICOLON",
    }
    assert await bench.read(given) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert "CSVDelimiter" in await bench.refuses(CSV | {"CSVDelimiter": "X"})
    await bench.put("k", b"a\n\xff")
    assert "UTF-8" in await bench.refuses(CSV)


async def test_a_list_of_objects(bench: Bench) -> None:
    for key in ("in/1", "in/2", "other"):
        await bench.put(key, b"[%d]" % len(key))
    found = await bench.read(None, {"Bucket": "data", "Prefix": "in/"})
    assert [each["Key"] for each in found] == ["in/1", "in/2"]
    assert found[0].keys() == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert isinstance(found[0]["LastModified"], int)
    flat = {"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSON"}
    assert await bench.read(flat, {"Bucket": "data", "Prefix": "in/"}) == [4, 4]


async def test_more_objects_than_a_page(bench: Bench) -> None:
    for number in range(7):
        await bench.put(f"in/{number}", b"")
    assert len(await bench.read(None, {"Bucket": "data", "Prefix": "in/", "MaxKeys": 3})) == 7


async def test_an_inventory(bench: Bench) -> None:
    await bench.put("inventory/1.csv.gz", b'"data","a b","3"\n"data","c","4"\n', packed=True)
    await bench.put("inventory/2.csv.gz", b'"data","d","5"\n', packed=True)
    manifest = {
        "destinationBucket": "arn:aws:s3:::data",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "inventory/1.csv.gz"}, {"key": "inventory/2.csv.gz"}],
    }
    await bench.put("k", json.dumps(manifest).encode())
    items = await bench.read({"InputType": "MANIFEST"})
    assert items[0] == {"Bucket": "data", "Key": "a b", "Size": "3"} and len(items) == 3
    await bench.put("k", json.dumps(manifest | {"fileFormat": "ORC"}).encode())
    assert "ORC" in await bench.refuses({"InputType": "MANIFEST"})


async def test_a_large_array_is_read_in_pieces(bench: Bench) -> None:
    items = [{"number": number, "pad": "ü" * 100} for number in range(20_000)]
    content = json.dumps(items, ensure_ascii=False).encode()
    assert len(content) > 4_000_000
    await bench.put("k", content)
    assert await bench.read(JSON) == items


async def test_what_is_not_there(bench: Bench) -> None:
    cause = await bench.refuses(JSON, {"Bucket": "data", "Key": "none"})
    assert cause.startswith("The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ")
    assert "does not exist" in await bench.refuses(JSON, {"Bucket": "none", "Key": "k"})
    await bench.put("k", b"[]")
    assert "PARQUET" in await bench.refuses({"InputType": "PARQUET"})
    assert "Nonsense" in await bench.refuses(JSON, {"Bucket": "data", "Key": "k", "Nonsense": 1})
    assert await bench.refuses(JSON | {"MaxItems": -1})


async def test_items_know_where_they_lie(bench: Bench) -> None:
    await bench.put("in/a.json", b'[1, {"b": 2}]')
    await bench.put("in/o.json", b'{"k": {"v": 1}}')
    named = {"Bucket": "data", "Key": "in/a.json"}
    assert [item.source for item in await bench.items(JSON, named)] == ["s3://data/in/a.json"] * 2
    (entry,) = await bench.items(JSON | {"ItemsPointer": ""}, {"Bucket": "data", "Key": "in/o.json"})
    assert (entry.key, entry.value) == ("k", {"Key": "k", "Value": {"v": 1}})
    listing = {"Bucket": "data", "Prefix": "in/a"}
    assert [item.source for item in await bench.items(None, listing)] == ["s3://data"]
    flat = await bench.items(JSON | {"Transformation": "LOAD_AND_FLATTEN"}, listing)
    assert [(item.value, item.source) for item in flat] == [
        (1, "s3://data/in/a.json"),
        ({"b": 2}, "s3://data/in/a.json"),
    ]
