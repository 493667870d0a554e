"""Packs one item of an order."""


def handler(event, context):
    item = event["item"]
    return {
        "article": item["article"],
        "count": item["count"],
        "parcel": f"{event['order']}/{item['article']}",
    }
