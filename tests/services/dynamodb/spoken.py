"""DynamoDB in short: plain Python values for attribute values, `pk:S sk:N` for schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from tests.support.house import House

_TO, _FROM = TypeSerializer(), TypeDeserializer()


def av(value: Any) -> dict[str, Any]:
    """A Python value as an attribute value in the in-house form."""
    found: dict[str, Any] = _plain(_TO.serialize(Decimal(repr(value)) if type(value) is float else value))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | set):
        return [_plain(each) for each in value]
    return value


def item(values: dict[str, Any]) -> dict[str, Any]:
    return {name: av(value) for name, value in values.items()}


def plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _bytes(_FROM.deserialize(value)) for name, value in values.items()}


def _bytes(value: Any) -> Any:
    if isinstance(value, Binary):
        return value.value
    if isinstance(value, dict):
        return {key: _bytes(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_bytes(each) for each in value]
    return {_bytes(each) for each in value} if isinstance(value, set) else value


def schema(text: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(KeySchema, AttributeDefinitions) of `pk:S sk:N`."""
    parts = [part.split(":") for part in text.split()]
    kinds = ("HASH", "RANGE")
    return (
        [{"AttributeName": name, "KeyType": kind} for (name, _), kind in zip(parts, kinds, strict=False)],
        [{"AttributeName": name, "AttributeType": kind} for name, kind in parts],
    )


class Dynamo:
    """Calls of DynamoDB."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clock = house.clock
        self.state = house.states["dynamodb"]

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.house.call("dynamodb", operation, params)

    async def stream(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.house.call("dynamodbstreams", operation, params)

    async def fails(self, operation: str, **params: Any) -> tuple[str, str]:
        """(code, message) of the error."""
        error = await self.house.fails("dynamodb", operation, params)
        return error.code, error.message

    async def create(
        self,
        name: str,
        keys: str,
        gsi: dict[str, str] | None = None,
        lsi: dict[str, str] | None = None,
        stream: str | None = None,
        projection: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """`gsi={"by-b": "b:S c:N"}`; indexes project everything unless `projection` says otherwise."""
        key_schema, definitions = schema(keys)
        params: dict[str, Any] = {
            "TableName": name,
            "KeySchema": key_schema,
            "BillingMode": "PAY_PER_REQUEST",
        }
        for member, indexes in (("GlobalSecondaryIndexes", gsi), ("LocalSecondaryIndexes", lsi)):
            shown = []
            for index, text in (indexes or {}).items():
                index_schema, index_definitions = schema(text)
                definitions += [each for each in index_definitions if each not in definitions]
                shown.append(
                    {
                        "IndexName": index,
                        "KeySchema": index_schema,
                        "Projection": projection or {"ProjectionType": "ALL"},
                    }
                )
            if shown:
                params[member] = shown
        if stream:
            params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream}
        params["AttributeDefinitions"] = definitions
        return await self.call("CreateTable", **params | more)

    async def put(self, table: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
        return await self.call("PutItem", TableName=table, Item=item(values), **more)

    async def get(self, table: str, key: dict[str, Any], **more: Any) -> dict[str, Any] | None:
        answer = await self.call("GetItem", TableName=table, Key=item(key), **more)
        return plain(answer["Item"]) if "Item" in answer else None

    async def update(
        self, table: str, key: dict[str, Any], text: str, values: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        if values:
            more["ExpressionAttributeValues"] = item(values)
        answer = await self.call(
            "UpdateItem",
            TableName=table,
            Key=item(key),
            UpdateExpression=text,
            **{"ReturnValues": "ALL_NEW"} | more,
        )
        return plain(answer.get("Attributes", {}))

    async def query(
        self, table: str, condition: str, values: dict[str, Any], **more: Any
    ) -> list[dict[str, Any]]:
        """Every page's items."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.call(
                "Query",
                TableName=table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=item(values),
                **more,
            )
            found += [plain(each) for each in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def scan(self, table: str, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self.call("Scan", TableName=table, **more)
            found += [plain(each) for each in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            more["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def stream_arn(self, table: str) -> str:
        return str((await self.call("DescribeTable", TableName=table))["Table"]["LatestStreamArn"])

    async def shards(self, arn: str) -> list[dict[str, Any]]:
        description = await self.stream("DescribeStream", StreamArn=arn)
        return list(description["StreamDescription"]["Shards"])

    async def iterator(self, arn: str, shard: str, type: str = "TRIM_HORIZON", **more: Any) -> str:
        found = await self.stream(
            "GetShardIterator", StreamArn=arn, ShardId=shard, ShardIteratorType=type, **more
        )
        return str(found["ShardIterator"])

    async def records(self, arn: str, limit: int = 1000) -> list[dict[str, Any]]:
        """Every record of every shard, in order."""
        found: list[dict[str, Any]] = []
        for shard in await self.shards(arn):
            iterator: str | None = await self.iterator(arn, shard["ShardId"])
            while iterator is not None:
                page = await self.stream("GetRecords", ShardIterator=iterator, Limit=limit)
                found += page["Records"]
                if not page["Records"]:
                    break
                iterator = page.get("NextShardIterator")
        return found
