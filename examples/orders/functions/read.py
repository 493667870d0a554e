"""What the view says of a customer: HTTP API, payload 2.0, where an answer without a status is 200 and JSON."""

import os

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    customer = event["pathParameters"]["customer"]
    found = dynamodb.get_item(TableName=os.environ["VIEW"], Key={"customer": {"S": customer}}).get("Item")
    if not found:
        return {"statusCode": 404, "body": "no orders"}
    return {
        "customer": customer,
        "orders": int(found["orders"]["N"]),
        "cents": int(found["cents"]["N"]),
        "asked_by": event["requestContext"]["authorizer"]["lambda"]["customer"],
    }
