"""What a message may be: its body, its attributes, its ids. Pure; raises AWS's errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.records import hot_record
from fogbank.services.sqs import limits
from fogbank.services.sqs.deduplication import content_id
from fogbank.services.sqs.digests import md5, md5_of_attributes
from fogbank.services.sqs.records import Queue
from fogbank.services.sqs.service import SERVICE, bad_parameter, invalid_value, missing

_BAD_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_\-.]{1,256}\Z")
AWS_KEYS = frozenset({"alias/aws/sqs"})  # those whose use asks nobody
_TYPES = ("String", "Number", "Binary")
_NO_DEDUPLICATION = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
_NOT_FOR_THIS_TYPE = "The request include parameter that is not valid for this queue type"


@hot_record
class Draft:
    """A message that may be sent."""

    body: bytes
    md5: str
    delay_s: int
    size: int  # with its attributes, as AWS counts
    group: str | None
    deduplication: str | None
    attributes: dict[str, Any] | None
    md5_attributes: str | None
    trace: str | None
    md5_system: str | None


def draft_of(queue: Queue, entry: Mapping[str, Any]) -> Draft:
    """What SendMessage, or an entry of its batch, says."""
    text = entry.get("MessageBody")
    if not text:
        raise missing("MessageBody")
    if not isinstance(text, str):
        raise bad_parameter("MessageBody", text, "Must be a string.")
    body = _encoded(text)
    attributes, attribute_bytes, md5_attributes = None, 0, None
    if sent := entry.get("MessageAttributes"):
        attributes, attribute_bytes = _checked_attributes(sent)
        md5_attributes = md5_of_attributes(attributes)
    size = len(body) + attribute_bytes
    if size > queue.size_max:
        raise invalid_value(
            f"One or more parameters are invalid. Reason: Message must be shorter than {queue.size_max} bytes."
        )
    trace, md5_system = None, None
    if system := entry.get("MessageSystemAttributes"):
        trace = _checked_trace(system)
        md5_system = md5_of_attributes(system)
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    _check_ids(queue, group, deduplication)
    if queue.fifo and deduplication is None:
        if not queue.content_deduplication:
            raise invalid_value(_NO_DEDUPLICATION)
        deduplication = content_id(body)
    delay_s = _delay(queue, entry.get("DelaySeconds"))
    if queue.kms_key is not None:
        check_key(queue.kms_key)
    return Draft(
        body, md5(body), delay_s, size, group, deduplication, attributes, md5_attributes, trace, md5_system
    )


def check_in_order(queue: Queue, entries: Sequence[Mapping[str, Any]]) -> None:
    """What a batch for a FIFO queue must say of each message: else AWS refuses the batch, not the entry."""
    for entry in entries:
        if not entry.get("MessageGroupId"):
            raise invalid_value("The request must contain the parameter MessageGroupId.")
        if not queue.content_deduplication and entry.get("MessageDeduplicationId") is None:
            raise invalid_value(_NO_DEDUPLICATION)


def size_of(entry: Mapping[str, Any]) -> int:
    """What an entry counts, also one that is refused."""
    size = len(str(entry.get("MessageBody") or "").encode("utf-8", "surrogatepass"))
    for name, attribute in (entry.get("MessageAttributes") or {}).items():
        value = attribute.get("BinaryValue") or str(attribute.get("StringValue") or "").encode(
            "utf-8", "surrogatepass"
        )
        size += len(name) + len(str(attribute.get("DataType") or "")) + len(value)
    return size


def refuse_lists(attributes: Mapping[str, Any], operation: str) -> None:
    """AWS refuses lists of values before it looks at anything else, empty ones too."""
    for attribute in attributes.values():
        if attribute.get("StringListValues") is not None or attribute.get("BinaryListValues") is not None:
            raise SERVICE.error(
                "UnsupportedOperation",
                f"Message attribute list values in {operation} operation are not supported.",
            )


def check_key(key: str) -> None:
    """Whether messages can be encrypted with that KMS key: not with one that fogbank would have to ask."""
    if key not in AWS_KEYS and not (key.startswith("arn:") and key.endswith(":alias/aws/sqs")):
        raise NotSupported("SQS messages encrypted with a customer's KMS key")


def _encoded(text: str) -> bytes:
    if text.isascii():
        body = text.encode()
        if len(body.translate(None, _CONTROLS)) == len(body):  # a quarter of the time of the search
            return body
    if (found := _BAD_CHARACTERS.search(text)) is not None:
        raise SERVICE.error("InvalidMessageContents", _not_allowed(found[0], "message body"))
    return text.encode()


def _not_allowed(character: str, where: str) -> str:
    return (
        f"Invalid binary character '#x{ord(character):X}' was found in the {where}, the set of allowed characters is "
        "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]."
    )


def _delay(queue: Queue, delay_s: Any) -> int:
    if delay_s is None:
        return queue.delay_s
    if type(delay_s) is not int or not 0 <= delay_s <= limits.DELAY_S_MAX:
        raise bad_parameter("DelaySeconds", delay_s, "DelaySeconds must be >= 0 and <= 900.")
    if queue.fifo:  # its messages wait as the queue says; a delay of none may be asked for all the same
        if delay_s:
            raise bad_parameter("DelaySeconds", delay_s, f"{_NOT_FOR_THIS_TYPE}.")
        return queue.delay_s
    return delay_s


def _check_ids(queue: Queue, group: Any, deduplication: Any) -> None:
    if queue.fifo and not group:
        raise missing("MessageGroupId")
    if not queue.fifo and deduplication is not None:
        raise bad_parameter(
            "MessageDeduplicationId",
            deduplication,
            "The request includes a parameter that is not valid for this queue type.",
        )
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value is not None:
            check_id(name, value)


def check_id(name: str, value: Any) -> None:
    if not isinstance(value, str) or not _ID.match(value):
        raise bad_parameter(
            name,
            value,
            f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def _checked_attributes(sent: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The attributes as they are kept, and what they count."""
    if len(sent) > limits.ATTRIBUTES_MAX:
        raise invalid_value(
            f"Number of message attributes [{len(sent)}] exceeds the allowed maximum [{limits.ATTRIBUTES_MAX}]."
        )
    kept, size = {}, 0
    for name, attribute in sent.items():
        _check_name(name)
        kept[name], value_bytes = _checked_value(name, attribute)
        size += len(name) + len(attribute["DataType"].encode()) + value_bytes
    return kept, size


def _check_name(name: str) -> None:
    if not name:
        raise invalid_value("The request must contain non-empty message attribute name.")
    if len(name) > limits.ATTRIBUTE_NAME_CHARS_MAX:
        raise invalid_value("Message (user) attribute name can not be longer than 256 characters.")
    if not _ATTRIBUTE_NAME.match(name):
        raise invalid_value(
            f"Invalid non-alphanumeric character was found in the message attribute name '{name}'. Can only include "
            "alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.lower().startswith(("aws.", "amazon.")):
        raise invalid_value(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved "
            "for internal use."
        )
    if name.startswith(".") or name.endswith("."):
        raise invalid_value("You can't use message attribute names starting or ending with a period.")
    if ".." in name:
        raise invalid_value("You can't use message attribute names containing successive '.' characters.")


def _checked_value(name: str, attribute: Any) -> tuple[dict[str, Any], int]:
    kind = attribute.get("DataType") if isinstance(attribute, Mapping) else None
    if not kind:
        raise invalid_value(f"The message attribute '{name}' must contain non-empty message attribute type.")
    base, _, _ = kind.partition(".")
    if base not in _TYPES:
        raise invalid_value(
            f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported type "
            "prefixes: Binary, Number, String."
        )
    if len(kind) > limits.ATTRIBUTE_NAME_CHARS_MAX:
        raise invalid_value("Message (user) attribute type can not be longer than 256 characters.")
    value = attribute.get("BinaryValue" if base == "Binary" else "StringValue")
    if not value:
        other = attribute.get("StringValue" if base == "Binary" else "BinaryValue")
        if other:
            raise invalid_value(
                f"The message attribute '{name}' with type '{base}' must use field '{'Binary' if base == 'Binary' else 'String'}'."
            )
        raise invalid_value(
            f"Message (user) attribute '{name}' must contain a non-empty value of type '{base}'."
        )
    if base == "Binary":
        raw = value if isinstance(value, bytes) else base64.b64decode(value)
        return {"DataType": kind, "BinaryValue": base64.b64encode(raw).decode()}, len(raw)
    if (found := _BAD_CHARACTERS.search(value)) is not None:  # the wording for attributes is a guess
        raise invalid_value(_not_allowed(found[0], f"message attribute '{name}' value"))
    encoded = value.encode()
    if base == "Number":
        _check_number(name, value)
    return {"DataType": kind, "StringValue": value}, len(encoded)


def _check_number(name: str, value: str) -> None:
    if not _NUMBER.match(value):
        raise invalid_value(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _checked_trace(system: Mapping[str, Any]) -> str:
    for name, attribute in system.items():
        if name != "AWSTraceHeader":
            raise invalid_value(f"Message system attribute name '{name}' is invalid.")
        if attribute.get("DataType") != "String" or not attribute.get("StringValue"):
            raise invalid_value("The message system attribute 'AWSTraceHeader' must be a non-empty String.")
    return str(system["AWSTraceHeader"]["StringValue"])


def number_between(name: str, value: Any, low: int, high: int, reason: str) -> int:
    """`value`, if it is an integer in the range; InvalidParameterValue with AWS's reason otherwise."""
    if type(value) is not int or not low <= value <= high:
        raise bad_parameter(name, value, reason)
    return value


def batch_error(entry_id: str, error: AwsError) -> dict[str, Any]:
    """A failed entry of a batch. Of "Value x for parameter y is invalid. Reason: z." AWS says but z there."""
    _, is_reasoned, reason = error.message.rpartition(" Reason: ")
    return {
        "Id": entry_id,
        "SenderFault": error.status < 500,
        "Code": error.code,
        "Message": reason.removesuffix(".") if is_reasoned else error.message,
    }
