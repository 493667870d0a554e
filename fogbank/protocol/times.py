"""Timestamps as the protocols write them. Inside fogbank a timestamp is an int: Unix milliseconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from fogbank.protocol.malformed import Malformed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SECONDS_MIN = -62_135_596_800  # 0001-01-01, the first day that every client's calendar has
SECONDS_END = 253_402_300_800  # the first second after year 9999
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?([eE][+-]?\d{1,2})?", re.ASCII)


def iso8601(time_ms: int) -> str:
    """`2024-05-01T12:00:00Z`, with milliseconds only when there are some: query services and newer REST APIs."""
    moment = EPOCH + timedelta(milliseconds=time_ms)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")  # %Y has no leading zeros below year 1000
    return f"{text}.{time_ms % 1000:03d}Z" if time_ms % 1000 else f"{text}Z"


def iso8601_ms(time_ms: int) -> str:
    """`2024-05-01T12:00:00.000Z`, always with milliseconds: as S3 writes it."""
    text = iso8601(time_ms)
    return text if time_ms % 1000 else f"{text[:-1]}.000Z"


def rfc822(time_ms: int) -> str:
    """`Wed, 01 May 2024 12:00:00 GMT`: headers. Seconds are the finest it has."""
    return format_datetime(EPOCH + timedelta(seconds=time_ms // 1000), usegmt=True)


def epoch(time_ms: int) -> float:
    """Seconds with a fraction: JSON and CBOR bodies."""
    return time_ms / 1000


def epoch_text(time_ms: int) -> str:
    return f"{time_ms / 1000:.3f}".rstrip("0").rstrip(".")


FORMATS = {"iso8601": iso8601, "rfc822": rfc822, "unixTimestamp": epoch_text}


def from_seconds(seconds: float) -> int:
    """Epoch seconds as a client sent them, to milliseconds. Malformed outside of years 1 to 9999."""
    if not SECONDS_MIN <= seconds < SECONDS_END:  # also false for NaN
        raise Malformed("Timestamp is out of range")
    return round(seconds * 1000)


def from_datetime(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def from_text(text: str) -> int:
    """Milliseconds of a timestamp in any of the forms clients send: ISO 8601, RFC 822 or epoch seconds."""
    if NUMBER.fullmatch(text):
        return from_seconds(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            raise Malformed(f"Invalid timestamp: {text[:64]}") from None
    try:
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except OverflowError:
        raise Malformed(f"Invalid timestamp: {text[:64]}") from None
