"""Amazon SQS. Importing this package declares every operation; `SERVICE` and the state class `Sqs` are what app.py joins."""

from fogbank.services.sqs import deleting as deleting
from fogbank.services.sqs import move_tasks as move_tasks
from fogbank.services.sqs import needs as needs
from fogbank.services.sqs import queue_attributes as queue_attributes
from fogbank.services.sqs import queues as queues
from fogbank.services.sqs import receiving as receiving
from fogbank.services.sqs import sending as sending
from fogbank.services.sqs import visibility as visibility
from fogbank.services.sqs.service import SERVICE
from fogbank.services.sqs.state import Sqs

__all__ = ["SERVICE", "Sqs"]
