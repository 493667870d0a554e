"""Queue attributes: what may be set, to what, and how they are shown. Pure.

AWS's wording where it is known: from the recordings and the API reference; where neither has it, ours follows the same form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError
from fogbank.services.sqs import limits
from fogbank.services.sqs.names import arn_of, place_of_arn
from fogbank.services.sqs.policies import checked_policy
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import SERVICE, bad_attribute, bad_parameter, unknown_attribute

SCOPES = frozenset({"queue", "messageGroup"})
THROUGHPUTS = frozenset({"perQueue", "perMessageGroupId"})
FIFO_ONLY = frozenset({"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})
FIFO_SHOWN = FIFO_ONLY | {"FifoQueue"}

# attribute → (field, least, greatest)
_NUMBERS: dict[str, tuple[str, int, int]] = {
    "DelaySeconds": ("delay_s", 0, limits.DELAY_S_MAX),
    "MaximumMessageSize": ("size_max", limits.MESSAGE_BYTES_MIN, limits.MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": ("retention_s", limits.RETENTION_S_MIN, limits.RETENTION_S_MAX),
    "ReceiveMessageWaitTimeSeconds": ("wait_s", 0, limits.WAIT_S_MAX),
    "VisibilityTimeout": ("visibility_s", 0, limits.VISIBILITY_S_MAX),
    "KmsDataKeyReusePeriodSeconds": ("kms_reuse_s", limits.KMS_REUSE_S_MIN, limits.KMS_REUSE_S_MAX),
}
_CHOICES: dict[str, tuple[str, frozenset[str]]] = {
    "DeduplicationScope": ("deduplication_scope", SCOPES),
    "FifoThroughputLimit": ("throughput_limit", THROUGHPUTS),
}


def with_attributes(queue: Queue, attributes: dict[str, str], *, new: bool) -> Queue:
    """The queue with `attributes` set. Raises AWS's errors."""
    fields: dict[str, Any] = {}
    for name, value in attributes.items():
        if name == "FifoQueue":
            _check_fifo(queue, value, new=new)
        elif name in FIFO_ONLY and not queue.fifo:
            raise unknown_attribute(name)
        elif name in _NUMBERS:
            field, low, high = _NUMBERS[name]
            fields[field] = _number(name, value, low, high)
        elif name in _CHOICES:
            field, choices = _CHOICES[name]
            if value not in choices:
                raise bad_attribute(name)
            fields[field] = value
        elif name in _OTHERS:
            fields |= _OTHERS[name](queue, name, value)
        else:
            raise unknown_attribute(name)
    if fields.get("kms_key") and fields.get("sse"):
        raise SERVICE.error(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
        )
    if fields.get("kms_key"):
        fields["sse"] = False
    elif fields.get("sse"):
        fields["kms_key"] = None
    queue = replace(queue, **fields)
    if queue.throughput_limit == "perMessageGroupId" and queue.deduplication_scope != "messageGroup":
        raise SERVICE.error(  # the rule is documented; the wording is a guess
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoThroughputLimit. Reason: DeduplicationScope must be messageGroup.",
        )
    return queue


def _number(name: str, value: str, low: int, high: int) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not low <= int(value) <= high:
        raise bad_attribute(name)
    return int(value)


def _check_fifo(queue: Queue, value: str, *, new: bool) -> None:
    if value not in ("true", "false"):
        raise bad_attribute("FifoQueue")
    if (new and value == "false") or (not new and not queue.fifo):
        raise unknown_attribute("FifoQueue")  # so AWS answers, oddly: it may only be true
    if not new and (value == "true") != queue.fifo:
        raise SERVICE.error(
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )


def _boolean(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise bad_attribute(name)
    return value == "true"


def _content_deduplication(queue: Queue, name: str, value: str) -> dict[str, Any]:
    return {"content_deduplication": _boolean(name, value)}


def _sse(queue: Queue, name: str, value: str) -> dict[str, Any]:
    return {"sse": _boolean(name, value)}


def _kms_key(queue: Queue, name: str, value: str) -> dict[str, Any]:
    return {"kms_key": value or None}  # whether there is such a key AWS asks when a message is sent


def _policy(queue: Queue, name: str, value: str) -> dict[str, Any]:
    return {"policy": checked_policy(value, partition_of(queue.region)) if value else None}


def _redrive(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if not value:
        return {"dead_letter_arn": None, "receives_max": 0}
    policy = _json_map(name, value)
    for member in ("maxReceiveCount", "deadLetterTargetArn"):
        if member not in policy:
            raise _bad(name, value, f"Redrive policy does not contain mandatory attribute: {member}.")
    if unknown := policy.keys() - {"deadLetterTargetArn", "maxReceiveCount"}:
        raise _bad(name, value, f"Redrive policy contains unknown attribute: {sorted(unknown)[0]}.")
    count, arn = policy["maxReceiveCount"], policy["deadLetterTargetArn"]
    text = str(count)
    if isinstance(count, bool) or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise _bad(
            name,
            value,
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to "
            f"{limits.RECEIVE_COUNT_MAX} both inclusive.",
        )
    place = place_of_arn(arn) if isinstance(arn, str) else None
    if place is None:
        raise _bad(name, value, "Invalid value for deadLetterTargetArn.")
    if place[:2] != (queue.account, queue.region):
        raise _bad(name, value, "Dead-letter queue must be in same account and region as the source.")
    if place[2].endswith(".fifo") != queue.fifo:
        raise _bad(name, value, "Dead-letter queue must be same type of queue as the source.")
    return {"dead_letter_arn": arn, "receives_max": int(text)}


def _redrive_allow(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if not value:
        return {"redrive_allow": None}
    policy = _json_map(name, value)
    permission, arns = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if policy.keys() - {"redrivePermission", "sourceQueueArns"}:
        raise _bad(name, value, "Amazon SQS can't create the redrive allow policy. Unknown attribute.")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise _bad(name, value, "Amazon SQS can't create the redrive allow policy, as it is malformed.")
    if permission == "byQueue":
        if not isinstance(arns, list) or not 1 <= len(arns) <= limits.SOURCE_QUEUES_MAX:
            raise _bad(name, value, "sourceQueueArns must name 1 to 10 source queues.")
        if any(not isinstance(arn, str) or place_of_arn(arn) is None for arn in arns):
            raise _bad(name, value, "sourceQueueArns holds what is not the ARN of a queue.")
    elif arns:
        raise _bad(name, value, "sourceQueueArns can only be used with redrivePermission byQueue.")
    return {"redrive_allow": orjson.dumps(policy).decode()}


_OTHERS: dict[str, Callable[[Queue, str, str], dict[str, Any]]] = {
    "ContentBasedDeduplication": _content_deduplication,
    "SqsManagedSseEnabled": _sse,
    "KmsMasterKeyId": _kms_key,
    "Policy": _policy,
    "RedrivePolicy": _redrive,
    "RedriveAllowPolicy": _redrive_allow,
}


_SPOKEN = {"RedrivePolicy": "Redrive policy", "RedriveAllowPolicy": "Redrive allow policy"}


def _json_map(name: str, value: str) -> dict[str, Any]:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _bad(name, value, f"{_SPOKEN[name]} is not a valid JSON map.")
    return found


def _bad(name: str, value: str, reason: str) -> AwsError:
    return bad_parameter(name, value[:1024], reason)


def allows_source(queue: Queue, source_arn: str) -> bool:
    """May the queue `source_arn` send its dead letters to `queue`?"""
    if queue.redrive_allow is None:
        return True
    policy = orjson.loads(queue.redrive_allow)
    match policy["redrivePermission"]:
        case "allowAll":
            return True
        case "byQueue":
            return source_arn in policy["sourceQueueArns"]
    return False


def shown(queue: Queue, counts: tuple[int, int, int]) -> dict[str, str]:
    """All attributes. `counts`: visible, in flight, delayed messages."""
    visible, flying, delayed = counts
    found = {
        "QueueArn": arn_of(queue),
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(flying),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "CreatedTimestamp": str(queue.created_ms // 1000),
        "LastModifiedTimestamp": str(queue.modified_ms // 1000),
        "VisibilityTimeout": str(queue.visibility_s),
        "MaximumMessageSize": str(queue.size_max),
        "MessageRetentionPeriod": str(queue.retention_s),
        "DelaySeconds": str(queue.delay_s),
        "ReceiveMessageWaitTimeSeconds": str(queue.wait_s),
        "SqsManagedSseEnabled": _text(queue.sse),
    }
    if queue.policy is not None:
        found["Policy"] = queue.policy
    if queue.dead_letter_arn is not None:
        found["RedrivePolicy"] = orjson.dumps(
            {"deadLetterTargetArn": queue.dead_letter_arn, "maxReceiveCount": queue.receives_max}
        ).decode()
    if queue.redrive_allow is not None:
        found["RedriveAllowPolicy"] = queue.redrive_allow
    if queue.kms_key is not None:
        found["KmsMasterKeyId"] = queue.kms_key
        found["KmsDataKeyReusePeriodSeconds"] = str(queue.kms_reuse_s or 300)
    if queue.fifo:
        found["FifoQueue"] = "true"
        found["ContentBasedDeduplication"] = _text(queue.content_deduplication)
        found["DeduplicationScope"] = queue.deduplication_scope
        found["FifoThroughputLimit"] = queue.throughput_limit
    return found


def _text(value: bool) -> str:
    return "true" if value else "false"


def check_asked(queue: Queue, names: list[str]) -> None:
    """Whether GetQueueAttributes may be asked for all of these; InvalidAttributeName. Standard queues know none of FIFO's."""
    for name in names:
        if name not in KNOWN or (name in FIFO_SHOWN and not queue.fifo):
            raise unknown_attribute(name)


#: What GetQueueAttributes may be asked for.
KNOWN = frozenset(
    {
        "All",
        *_NUMBERS,
        *_CHOICES,
        *_OTHERS,
        "FifoQueue",
        "QueueArn",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
    }
    | {f"ApproximateNumberOfMessages{end}" for end in ("", "NotVisible", "Delayed")}
)
