"""The one event-source loop: records of shards and messages of queues, filtered, batched and carried to a target.

An engine: it knows nothing of AWS's APIs. Sources, targets and checkpoints are the Protocols of `api.py`; who maps AWS's
services onto them is `services/lambda_/`.
"""
