"""Carries each change of the table `orders` into the view by customer and into the queue of notifications.

A batch may come again: whole, after a failure, or in halves. Each record counts once all the same, by its event id: in the
view through the transaction's token (ten minutes), in the queue through deduplication (five).
"""

import json
import os

import boto3
from pricing import total_cents

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def handler(event, context):
    records = event["Records"]
    print(f"batch of {len(records)}")
    for record in records:
        if record["eventName"] != "REMOVE":
            apply(record["eventID"], record["dynamodb"]["NewImage"], record["dynamodb"].get("OldImage"))


def apply(event_id, new, old):
    """KeyError when an article is not sold: the record is poison, whoever tries it."""
    order, customer = new["id"]["S"], new["customer"]["S"]
    cents = total_cents(items_of(new)) - (total_cents(items_of(old)) if old else 0)
    dynamodb.transact_write_items(
        ClientRequestToken=event_id,
        TransactItems=[
            {
                "Update": {
                    "TableName": os.environ["VIEW"],
                    "Key": {"customer": {"S": customer}},
                    "UpdateExpression": "ADD orders :one, cents :cents",
                    "ExpressionAttributeValues": {
                        ":one": {"N": "0" if old else "1"},
                        ":cents": {"N": str(cents)},
                    },
                }
            }
        ],
    )
    sqs.send_message(
        QueueUrl=os.environ["NOTIFICATIONS"],
        MessageBody=json.dumps({"order": order, "customer": customer, "cents": cents}),
        MessageGroupId=customer,
        MessageDeduplicationId=event_id,
    )


def items_of(image):
    return [
        {"article": item["M"]["article"]["S"], "count": int(item["M"]["count"]["N"])}
        for item in image["items"]["L"]
    ]
