"""Tells customers of their orders; what it could not tell stays in the queue."""

import json


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            print(f"notified {order['customer']} of {order['order']}: {order['cents'] / 100:.2f}")
        except (KeyError, ValueError) as error:
            print(f"cannot notify: {error!r} in {record['body']}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
