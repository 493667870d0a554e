"""DynamoDB Streams: reading what changed. The streams are DynamoDB's own; this service is their reading side.

Importing this package declares every operation. `SERVICE` and the state class `Streams` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.dynamodbstreams import needs as needs
from fogbank.services.dynamodbstreams import records, streams
from fogbank.services.dynamodbstreams.service import SERVICE
from fogbank.services.dynamodbstreams.state import Streams

__all__ = ["SERVICE", "Streams", "records", "streams"]
