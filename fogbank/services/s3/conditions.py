"""Conditional requests: If-Match and its like, on reads, copies and writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.core.errors import AwsError, NotSupported
from fogbank.services.s3.records import Object
from fogbank.services.s3.service import failure, no_key, precondition_failed


@dataclass(frozen=True, slots=True)
class Conditions:
    """As sent. Times in Unix milliseconds. `prefix` stands before the names of those that a copy sets its source."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None
    prefix: str = ""

    def check_read(self, held: Object) -> None:
        """Raises PreconditionFailed, or for a read NotModified (304). An ETag that decides leaves the times aside."""
        if self.if_match is not None:
            if not matches(self.if_match, held):
                raise precondition_failed(f"{self.prefix}If-Match")
        elif self.if_unmodified_since is not None and held.modified_ms > self.if_unmodified_since:
            raise precondition_failed(f"{self.prefix}If-Unmodified-Since")
        if self.if_none_match is not None:
            if matches(self.if_none_match, held):
                raise self._not_modified("If-None-Match", held)
        elif self.if_modified_since is not None and held.modified_ms <= self.if_modified_since:
            raise self._not_modified("If-Modified-Since", held)

    def _not_modified(self, name: str, held: Object) -> AwsError:
        if self.prefix:
            return precondition_failed(f"{self.prefix}{name}")
        return failure("NotModified", "Not Modified", 304)


def matches(wanted: str, held: Object) -> bool:
    return wanted.strip() == "*" or any(each.strip().strip('"') == held.etag for each in wanted.split(","))


def check_write(key: str, held: Object | None, if_match: str | None, if_none_match: str | None) -> None:
    """What a write demands of what it would replace. Raises PreconditionFailed, NoSuchKey."""
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise NotSupported("If-None-Match with anything but * on writes to S3")
        if held is not None:
            raise precondition_failed("If-None-Match")
    if if_match is not None:
        if held is None:
            raise no_key(key)
        if not matches(if_match, held):
            raise precondition_failed("If-Match")
