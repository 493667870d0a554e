"""A page of keys under a prefix, with those behind a delimiter rolled up. Cost follows the page: the store is read by key
ranges, and a range that rolls up into one common prefix is skipped, not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote_plus

from fogbank.core.errors import AwsError
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import LIST_KEYS_MAX
from fogbank.services.s3.service import invalid_argument
from fogbank.store.api import Key, Record, Store

_END = "\U0010ffff"
_FIRST_READ = 64  # with a delimiter most of what is read may be rolled up: begin small


@dataclass(slots=True)
class Page:
    """What one page holds. `last` is its last key or common prefix; `truncated` whether there is more."""

    records: list[Record] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.records) + len(self.prefixes)


async def list_page(
    store: Store,
    base: Key,
    *,
    prefix: str,
    delimiter: str,
    after: str,
    most: int,
    after_key: Key | None = None,
) -> Page:
    """Records `(*base, key, …)` behind the key (or common prefix) `after`, up to `most` keys and common prefixes.
    `after_key` is a whole store key to begin behind, where `after` alone does not say enough."""
    page = Page()
    if not most:
        return page
    low = after_key or _beginning(base, prefix, delimiter, after)
    high = (*base, keys.behind(prefix)) if prefix else None
    at_once = min(_FIRST_READ, most + 1) if delimiter else most + 1
    while True:
        records = await store.scan(base, after=low, before=high, limit=at_once)
        for record in records:
            if not _take(page, record, str(record.key[len(base)]), prefix, delimiter, most):
                return page
        if len(records) < at_once:
            return page
        low = records[-1].key
        common = rolled_up(str(low[len(base)]), prefix, delimiter)
        if common is not None:
            low = (*base, keys.behind(common))
        at_once = min(at_once * 2, LIST_KEYS_MAX)


def _beginning(base: Key, prefix: str, delimiter: str, after: str) -> Key | None:
    """What to read behind: `after`, or all that its common prefix stands for, or what sorts before the prefix."""
    skipped = rolled_up(after, prefix, delimiter)
    if skipped is not None:
        return (*base, keys.behind(skipped))
    if after and after >= prefix:
        return (*base, after, _END)  # a key may have several records
    if prefix and ord(prefix[-1]):
        return (*base, keys.behind(prefix[:-1] + chr(ord(prefix[-1]) - 1)))
    return None


def _take(page: Page, record: Record, key: str, prefix: str, delimiter: str, most: int) -> bool:
    """Add a record to the page, alone or in its common prefix; False when the page is full."""
    common = rolled_up(key, prefix, delimiter)
    if not key.startswith(prefix) or (common is not None and page.prefixes and page.prefixes[-1] == common):
        return True
    if len(page) == most:
        page.truncated = True
        return False
    if common is None:
        page.records.append(record)
    else:
        page.prefixes.append(common)
    page.last = common or key
    return True


def rolled_up(key: str, prefix: str, delimiter: str) -> str | None:
    """The common prefix that a key is part of; None when it stands for itself."""
    if not delimiter or not key.startswith(prefix):
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


# --- parameters that the lists share --------------------------------------------------------------------------------


def wants_url(encoding_type: str | None) -> bool:
    """Whether keys are to be percent-encoded. Raises InvalidArgument."""
    if encoding_type is None:
        return False
    if encoding_type != "url":
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding_type)
    return True


def encoded(text: str, url: bool) -> str:
    """A key as a list shows it: slashes stay."""
    return quote_plus(text, safe="/*") if url else text


def page_size(value: int | None, name: str) -> int:
    """How many a page may hold. Raises InvalidArgument."""
    if value is None:
        return LIST_KEYS_MAX
    if value < 0:
        raise _negative(name, value)
    return min(value, LIST_KEYS_MAX)


def _negative(name: str, value: int) -> AwsError:
    words = {"max-keys": "maxKeys", "max-uploads": "max-uploads", "max-parts": "max-parts"}[name]
    message = f"Argument {words} must be an integer between 0 and 2147483647"
    return invalid_argument(message, words, value)
