"""The rows of CSV that comes in pieces, as objects by their headers."""

from __future__ import annotations

import codecs
import csv
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fogbank.services.stepfunctions.distributed.failures import unreadable
from fogbank.services.stepfunctions.distributed.limits import CSV_LINE_BYTES_MAX

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


async def records(pieces: AsyncIterator[bytes], delimiter: str) -> AsyncIterator[list[str]]:
    """Rows. A quoted field may hold line ends, so a row is complete when its quotes are paired. Blank lines are none."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="strict")
    held = ""
    try:
        async for piece in pieces:
            held += decoder.decode(piece)
            rows, held = _complete(held)
            for row in _parsed(rows, delimiter):
                yield row
            if len(held) > CSV_LINE_BYTES_MAX:
                raise unreadable(f"A row is longer than {CSV_LINE_BYTES_MAX} bytes.")
        held += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise unreadable("The CSV file is not encoded in UTF-8.") from None
    for row in _parsed([held] if held else [], delimiter):
        yield row


def _complete(text: str) -> tuple[list[str], str]:
    """The rows that end within `text`, and the rest."""
    rows: list[str] = []
    begin = at = 0
    while (end := text.find("\n", at)) >= 0:
        at = end + 1
        if text.count('"', begin, at) % 2 == 0:
            rows.append(text[begin:at])
            begin = at
    return rows, text[begin:]


def _parsed(rows: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        for row in rows:
            for fields in csv.reader(row.splitlines(keepends=True), delimiter=delimiter, strict=True):
                if fields:
                    yield fields
    except csv.Error as error:
        raise unreadable(f"The CSV file cannot be parsed: {error}") from None


async def csv_items(pieces: AsyncIterator[bytes], config: dict[str, Any]) -> AsyncIterator[dict[str, str]]:
    """Objects by CSVHeaderLocation: the first row, or CSVHeaders. Fields that are missing are empty, others go."""
    delimiter = DELIMITERS.get(str(config.get("CSVDelimiter", "COMMA")))
    if delimiter is None:
        raise unreadable(f"CSVDelimiter {config['CSVDelimiter']} is not supported.")
    headers: list[str] | None = None
    match config.get("CSVHeaderLocation"):
        case "GIVEN":
            headers = [str(name) for name in config.get("CSVHeaders") or []]
            if not headers:
                raise unreadable("CSVHeaders must be given with CSVHeaderLocation GIVEN.")
        case "FIRST_ROW":
            pass
        case other:
            raise unreadable(f"CSVHeaderLocation {other} is not supported.")
    async for row in records(pieces, delimiter):
        if headers is None:
            headers = row
            continue
        yield object_of(headers, row)


def object_of(headers: list[str], row: list[str]) -> dict[str, str]:
    return {name: row[at] if at < len(row) else "" for at, name in enumerate(headers)}
