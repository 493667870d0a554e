"""Who watches the feed: a record for each connection, made when it opens, gone when it closes."""

import json
import os

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    connection, route = event["requestContext"]["connectionId"], event["requestContext"]["routeKey"]
    key = {"connection": {"S": connection}}
    print(f"{route} {connection}")
    if route == "$connect":
        dynamodb.put_item(TableName=os.environ["FEED"], Item=key)
    elif route == "$disconnect":
        dynamodb.delete_item(TableName=os.environ["FEED"], Key=key)
    else:
        customer = json.loads(event["body"])["customer"]
        dynamodb.update_item(
            TableName=os.environ["FEED"],
            Key=key,
            UpdateExpression="SET customer = :customer",
            ExpressionAttributeValues={":customer": {"S": customer}},
        )
        return {"statusCode": 200, "body": json.dumps({"watching": customer})}
    return {"statusCode": 200}
