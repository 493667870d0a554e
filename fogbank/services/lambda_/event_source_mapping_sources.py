"""Queues and streams as the loops of `streams/` read them: by the calls that AWS's pollers make, as the function's role."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.services.lambda_.errors import invalid_parameter, not_permitted
from fogbank.services.lambda_.event_source_mapping_records import Mapping
from fogbank.services.lambda_.role_permissions import OPERATIONS, may, may_send
from fogbank.streams.api import Message, Record, Shard, SourceBusy, SourceUnavailable
from fogbank.streams.checkpoints import DONE, Checkpoint, Checkpoints

_BATCH = 10


class SqsSource:
    """A queue. `nulls`: AWS's pollers of mappings with a batching window write absent digests as null."""

    def __init__(self, mapping: Mapping, calls: Calls, caller: Callable[[], Caller]) -> None:
        self._calls = calls
        self._caller = caller
        self._arn = mapping.source_arn
        self._nulls = mapping.window_s > 0
        arn = parse_arn(mapping.source_arn)
        assert arn is not None  # checked when the mapping was made
        self._region = arn.region
        self._url = f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}"

    async def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        answer = await self._call(
            "ReceiveMessage",
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait_s,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [self._message(message) for message in answer.get("Messages", ())]

    async def delete(self, messages: Sequence[Message]) -> None:
        for at in range(0, len(messages), _BATCH):
            entries = [
                {"Id": str(n), "ReceiptHandle": message.handle}
                for n, message in enumerate(messages[at : at + _BATCH])
            ]
            await self._call("DeleteMessageBatch", Entries=entries)

    async def release(self, messages: Sequence[Message]) -> None:
        for at in range(0, len(messages), _BATCH):
            entries = [
                {"Id": str(n), "ReceiptHandle": message.handle, "VisibilityTimeout": 0}
                for n, message in enumerate(messages[at : at + _BATCH])
            ]
            await self._call("ChangeMessageVisibilityBatch", Entries=entries)

    async def _call(self, operation: str, **params: Any) -> dict[str, Any]:
        try:
            return await self._calls.call("sqs", operation, {"QueueUrl": self._url, **params}, self._caller())
        except AwsError as error:
            if error.code == "RequestThrottled":
                raise SourceBusy(f"{self._arn}: {error.message}") from error
            raise SourceUnavailable(f"{self._arn}: {error.message}") from error

    def _message(self, message: dict[str, Any]) -> Message:
        body, attributes = message["Body"], message.get("Attributes", {})
        event: dict[str, Any] = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": body,
            "attributes": attributes,
            "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
            },
        }
        digest = message.get("MD5OfMessageAttributes")
        if digest is not None or self._nulls:
            event["md5OfMessageAttributes"] = digest
        event |= {
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._region,
        }
        size = len(body.encode()) + 1024
        return Message(
            message["MessageId"],
            message["ReceiptHandle"],
            event,
            {**event, "body": _parsed(body)},
            size,
            attributes.get("AWSTraceHeader", ""),
            attributes.get("MessageGroupId", ""),
        )


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "StringValue" in value:
        shown["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        shown["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return shown | {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def _parsed(body: str) -> Any:
    """A body that is a JSON object or array as what it says: what filters look into."""
    if body[:1] not in "{[" and not body[:1].isspace():
        return body
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return found if isinstance(found, dict | list) else body


class DynamoDbSource:
    """A table's stream. Shards are looked up as AWS's pollers do; records come from the table's service directly."""

    def __init__(self, mapping: Mapping, calls: Calls, caller: Callable[[], Caller], start: str) -> None:
        self._calls = calls
        self._caller = caller
        self._arn = mapping.source_arn
        self._start = start
        self._hash_key = ""
        self._by_key = mapping.parallel > 1  # else one batch is under way at a time, in the order of all

    async def shards(self) -> Sequence[Shard]:
        found: list[Shard] = []
        params: dict[str, Any] = {"StreamArn": self._arn}
        while True:
            try:
                answer = await self._calls.call("dynamodbstreams", "DescribeStream", params, self._caller())
            except AwsError as error:
                raise SourceUnavailable(f"{self._arn}: {error.message}") from error
            description = answer["StreamDescription"]
            self._hash_key = next(
                key["AttributeName"] for key in description["KeySchema"] if key["KeyType"] == "HASH"
            )
            found += [Shard(shard["ShardId"], shard.get("ParentShardId")) for shard in description["Shards"]]
            last = description.get("LastEvaluatedShardId")
            if last is None:
                return found
            params["ExclusiveStartShardId"] = last

    async def begin(self, checkpoints: Checkpoints) -> None:
        """Note where a reader begins that wants only what comes from now on: once, for all shards that there are.

        What comes later in new shards is all read, also when the mapping was away while they came.
        """
        if self._start != "LATEST" or await checkpoints.are_there():
            return
        found: dict[str, Checkpoint] = {}
        for shard in await self.shards():
            position = await self._internal("stream_position", shard_id=shard.id, type="LATEST")
            _, after = await self._internal("stream_records", shard_id=shard.id, after=position, limit=1)
            found[shard.id] = Checkpoint(DONE if after is None else position)
        await checkpoints.begin(found)

    async def start(self, shard: str) -> int:
        found: int = await self._internal("stream_position", shard_id=shard, type="TRIM_HORIZON")
        return found

    async def read(self, shard: str, after: int, limit: int) -> tuple[Sequence[Record], int | None]:
        asked = {"shard_id": shard, "after": after, "limit": limit, "source": self._arn}
        changes, position = await self._internal("stream_records", **asked)
        return [
            Record(
                change.seq,
                change.sequence,
                self._key(change.keys) if self._by_key else b"",
                change.time_ms,
                change.json,
                len(change.json) + 1,
            )
            for change in changes
        ], position

    async def watch(self, news: Callable[[], None]) -> Callable[[], None]:
        end: Callable[[], None] = await self._internal("watch_stream", callback=news)
        return end

    def _key(self, keys: bytes) -> bytes:
        """What keeps records in order: the hash key's value."""
        return orjson.dumps(orjson.loads(keys).get(self._hash_key))

    async def _internal(self, name: str, **arguments: Any) -> Any:
        try:
            return await self._calls.internal(
                "dynamodb", name, self._caller(), stream_arn=self._arn, **arguments
            )
        except AwsError as error:
            raise SourceUnavailable(f"{self._arn}: {error.message}") from error


async def check_source(mapping: Mapping, calls: Calls, caller: Caller, timeout_s: int) -> None:
    """The source must be there and fit, and the role must be allowed to read it. Raises Lambda's errors, in AWS's words."""
    if mapping.kind.is_stream:
        await _check_stream(mapping.source_arn, calls, caller)
        return
    for operation in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        if not await may(calls, caller, operation, mapping.source_arn):
            raise not_permitted(operation, "SQS")
    arn = parse_arn(mapping.source_arn)
    assert arn is not None
    url = f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}"
    try:
        answer = await calls.call(
            "sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["VisibilityTimeout"]}, caller
        )
    except AwsError as error:
        raise invalid_parameter(
            f"Error occurred while ReceiveMessage. SQS Error Code: {error.code}. SQS Error Message: {error.message}"
        ) from None
    visibility_s = int(answer["Attributes"]["VisibilityTimeout"])
    if visibility_s < timeout_s:
        raise invalid_parameter(
            f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
        )


async def _check_stream(source_arn: str, calls: Calls, caller: Caller) -> None:
    actions = ("DescribeStream", "GetRecords", "GetShardIterator")
    if not all([await may(calls, caller, action, source_arn) for action in actions]):
        raise invalid_parameter(
            f"Cannot access stream {source_arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
            "DescribeStream, and ListStreams Actions on your stream in IAM."
        )
    try:
        await calls.call("dynamodbstreams", "DescribeStream", {"StreamArn": source_arn}, caller)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise invalid_parameter(error.message) from None
        raise invalid_parameter(f"Stream not found: {source_arn}") from None


async def check_destination(mapping: Mapping, calls: Calls, caller: Caller) -> None:
    """The role must be allowed to send what failed. The words are those for queues that are read: a guess."""
    destination = mapping.destination
    arn = parse_arn(destination) if destination is not None else None
    if destination is None or arn is None:
        return
    calls.find(arn.service, OPERATIONS[arn.service])  # 501 while that service is not there
    if not await may_send(calls, caller, destination, f"aws/lambda/{mapping.uuid}/-"):
        raise not_permitted(OPERATIONS[arn.service], arn.service.upper())
