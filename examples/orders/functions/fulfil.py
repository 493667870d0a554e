"""Fulfils an order in the background."""

import logging

log = logging.getLogger()
log.setLevel("INFO")


def handler(event, context):
    for item in event["items"]:
        log.info("packing %s x %s for order %s", item.get("count", 1), item["article"], event["id"])
    print(f"fulfilled {event['id']} in {context.log_stream_name}")
    return {"id": event["id"], "fulfilled": True}
