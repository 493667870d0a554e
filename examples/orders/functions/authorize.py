"""Lets in whoever has the shop's token, and says who it is: a Lambda authorizer's simple response."""

import hmac
import os


def handler(event, context):
    given = event["headers"].get("authorization", "")
    allowed = hmac.compare_digest(given, f"Bearer {os.environ['TOKEN']}")
    print(f"{'let in' if allowed else 'refused'} a caller of {event['routeKey']}")
    return {"isAuthorized": allowed, "context": {"customer": "shop"}}
