"""Names, URLs and ARNs of queues. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from fogbank.core.arn import parse_arn, partition_of, url_suffix_of
from fogbank.model.call import Call, Caller
from fogbank.services.sqs import limits
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import SERVICE, invalid_value, no_queue

Place = tuple[str, str, str]  # account, region, name

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo\Z")
_ACCOUNT = re.compile(r"\d{12}\Z")
_BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_BAD_FIFO_NAME = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length."
)


def check_name(name: str, *, fifo: bool) -> None:
    if fifo and not _FIFO_NAME.match(name):
        raise invalid_value(_BAD_FIFO_NAME)
    if not fifo and not _NAME.match(name):
        raise invalid_value(_BAD_NAME)


def arn_of(queue: Queue) -> str:
    return f"arn:{partition_of(queue.region)}:sqs:{queue.region}:{queue.account}:{queue.name}"


def place_of_arn(arn: str) -> Place | None:
    """The queue that an ARN names; None when it is no queue's."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "sqs" or not parsed.region or not parsed.account:
        return None
    return parsed.account, parsed.region, parsed.resource


def url_of(caller: Caller, account: str, name: str) -> str:
    """The queue's URL for this caller: at the host that it reached us by; AWS's own for one that came over no wire (a task)."""
    if not caller.host:
        return f"https://sqs.{caller.region}.{url_suffix_of(partition_of(caller.region))}/{account}/{name}"
    return f"{'https' if caller.secure else 'http'}://{caller.host}/{account}/{name}"


def place_of_url(ctx: Call[Any], url: object) -> Place:
    """The queue that a QueueUrl means: by its path, whatever its host; a bare name is one of the caller's queues, as on AWS.
    Raises InvalidAddress, NonExistentQueue."""
    if not isinstance(url, str) or not url:
        raise SERVICE.error(
            "MissingRequiredParameterException", "The request must contain the parameter QueueUrl."
        )
    account, name = path_of(url, ctx.account)
    if not may_reach(ctx, account):
        raise no_queue()  # AWS does not say either whether another account's queue exists
    return account, ctx.region, name


def may_reach(ctx: Call[Any], account: str) -> bool:
    """Whether queues of `account` are there for the caller at all. In enforced mode whoever comes this far was let in by their policy."""
    return account == ctx.account or ctx.principal.acts_as_root or ctx.calls.enforces


@lru_cache(maxsize=limits.URLS_CACHED_MAX)
def path_of(url: str, own_account: str) -> tuple[str, str]:
    """(account, name) of a QueueUrl. Raises InvalidAddress, NonExistentQueue."""
    head, slash, name = url.rpartition("/")
    account = head[-12:]
    if slash and name and _ACCOUNT.match(account) and head[-13:-12] in ("/", ""):
        if "?" not in name and "#" not in name:
            return account, name
        return account, re.split(r"[?#]", name, maxsplit=1)[0]
    if not slash:
        return own_account, name
    host, slash, path = url.partition("://")[2].partition("/")
    if host and slash and not path:
        raise SERVICE.error("InvalidAddress", f"The address {url[:256]} is not valid for this endpoint.")
    raise no_queue()
