"""Takes an order: prices it, counts it, and hands it on to `orders-fulfil` without waiting."""

import json
import os

import boto3
from pricing import total_cents

lambda_client = boto3.client("lambda")
cloudwatch = boto3.client("cloudwatch")


def handler(event, context):
    order = {"id": event["id"], "items": event["items"], "total_cents": total_cents(event["items"])}
    lambda_client.invoke(
        FunctionName=os.environ["FULFIL"], InvocationType="Event", Payload=json.dumps(order).encode()
    )
    cloudwatch.put_metric_data(
        Namespace="Orders",
        MetricData=[{"MetricName": "Value", "Value": order["total_cents"] / 100, "Unit": "None"}],
    )
    print(f"placed {order['id']}: {order['total_cents'] / 100:.2f}")
    return order
