"""Tells customers of their orders, on the feed where they watch it; what it could not tell stays in the queue."""

import json
import os

import boto3

dynamodb = boto3.client("dynamodb")
connections = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CONNECTIONS"])


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            told = tell(order)
            print(
                f"notified {order['customer']} of {order['order']}: {order['cents'] / 100:.2f}, on {told} screens"
            )
        except (KeyError, ValueError) as error:
            print(f"cannot notify: {error!r} in {record['body']}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def tell(order):
    """Send it to whoever watches; how many they are."""
    watching = dynamodb.scan(
        TableName=os.environ["FEED"],
        FilterExpression="customer = :customer",
        ExpressionAttributeValues={":customer": {"S": order["customer"]}},
    )["Items"]
    told = 0
    for item in watching:
        connection = item["connection"]["S"]
        try:
            connections.post_to_connection(ConnectionId=connection, Data=json.dumps(order).encode())
            told += 1
        except connections.exceptions.GoneException:  # it broke off without a farewell
            dynamodb.delete_item(TableName=os.environ["FEED"], Key={"connection": item["connection"]})
    return told
