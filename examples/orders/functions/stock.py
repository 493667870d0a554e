"""Reserves the goods of an order, all or none, or releases them. Idempotent by the order: retries count once."""

import os
from collections import Counter

import boto3
from pricing import total_cents

dynamodb = boto3.client("dynamodb")


def handler(event, context):
    reserve = event["action"] == "reserve"
    counts = Counter()
    for item in event["items"]:
        counts[item["article"]] += item["count"]
    dynamodb.transact_write_items(
        # At most 36 characters; a token holds for ten minutes, longer than any retry here.
        ClientRequestToken=f"{event['action'][:3]}-{event['order']}"[:36],
        TransactItems=[change(article, count, reserve) for article, count in counts.items()],
    )
    print(f"{event['action']} {dict(counts)} for order {event['order']}")
    return {"cents": total_cents(event["items"])}


def change(article, count, reserve):
    update = {
        "TableName": os.environ["STOCK"],
        "Key": {"article": {"S": article}},
        "ExpressionAttributeNames": {"#left": "left"},
        "ExpressionAttributeValues": {":count": {"N": str(count)}},
        "UpdateExpression": f"SET #left = #left {'-' if reserve else '+'} :count",
    }
    if reserve:
        update["ConditionExpression"] = "#left >= :count"
    return {"Update": update}
