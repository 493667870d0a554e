"""The tables, and what their changes set off: event source mappings from the stream and from the queue."""

from __future__ import annotations

import time
from typing import Any

ON_HAND = {"tea": 1000, "lamp": 1000, "map": 1000}
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
DEADLINE_S = 120.0  # until a mapping is enabled: AWS takes up to a minute


def put_tables(dynamodb: Any) -> str:
    """Create what is not there and fill the shelves; the ARN of the stream of `orders`."""
    _put_table(dynamodb, "orders", "id", StreamSpecification=STREAM)
    _put_table(dynamodb, "orders-by-customer", "customer")
    _put_table(dynamodb, "orders-stock", "article")
    _put_table(dynamodb, "orders-feed", "connection")
    for article, count in ON_HAND.items():
        dynamodb.put_item(
            TableName="orders-stock", Item={"article": {"S": article}, "left": {"N": str(count)}}
        )
    return str(dynamodb.describe_table(TableName="orders")["Table"]["LatestStreamArn"])


def _put_table(dynamodb: Any, name: str, key: str, **more: Any) -> None:
    try:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass  # it is there
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def put_mappings(client: Any, aliases: dict[str, str], stream: str, queues: dict[str, str]) -> None:
    """The stream of `orders` → `orders-view`; the queue of notifications → `orders-notify`."""
    identifiers = [
        _put_mapping(
            client,
            aliases["orders-view"],
            stream,
            {"StartingPosition": "TRIM_HORIZON"},
            BatchSize=100,
            MaximumBatchingWindowInSeconds=1,
            # A record that the function cannot take is cut out of its batch, tried once more, and reported.
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=1,
            DestinationConfig={"OnFailure": {"Destination": queues["orders-poison"]}},
        ),
        _put_mapping(
            client,
            aliases["orders-notify"],
            queues["orders-notifications.fifo"],
            {},
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        ),
    ]
    deadline = time.monotonic() + DEADLINE_S
    for identifier in identifiers:
        while (state := client.get_event_source_mapping(UUID=identifier)["State"]) != "Enabled":
            if time.monotonic() > deadline:
                raise TimeoutError(f"event source mapping {identifier} is still {state}")
            time.sleep(0.1)


def _put_mapping(client: Any, function: str, source: str, initial: dict[str, Any], **settings: Any) -> str:
    found = client.list_event_source_mappings(FunctionName=function, EventSourceArn=source)
    for mapping in found["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], FunctionName=function, **settings)
        return str(mapping["UUID"])
    made = client.create_event_source_mapping(
        FunctionName=function, EventSourceArn=source, **initial, **settings
    )
    return str(made["UUID"])
