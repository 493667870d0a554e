"""The app's queues."""

from __future__ import annotations

from typing import Any

# Visibility of a queue that a function reads: six times the function's timeout, as AWS advises.
QUEUES: dict[str, dict[str, str]] = {
    "orders-confirmations": {"VisibilityTimeout": "30"},
    "orders-notifications.fifo": {"FifoQueue": "true", "VisibilityTimeout": "60"},
    "orders-poison": {"MessageRetentionPeriod": "1209600"},
}


def put_queues(sqs: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Create what is not there; URLs and ARNs by name."""
    urls = {
        name: sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        for name, attributes in QUEUES.items()
    }
    arns = {
        name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, url in urls.items()
    }
    return urls, arns
