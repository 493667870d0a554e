"""What is sold, as the REST API's answer. `served_by` is the invocation: an answer from the cache repeats it."""

import json

from pricing import CENTS


def handler(event, context):
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"cents": CENTS, "served_by": context.aws_request_id}),
    }
