"""SQS's bounds, with the AWS quota that each follows; "ours" where AWS has none."""

from __future__ import annotations

MESSAGE_BYTES_MAX = (
    1_048_576  # of one message with its attributes, and of a whole batch (1 MiB since August 2025)
)
MESSAGE_BYTES_MIN = 1024  # the least MaximumMessageSize
BATCH_ENTRIES_MAX = 10
RECEIVED_MAX = 10  # messages in one ReceiveMessage
ATTRIBUTES_MAX = 10  # message attributes of one message
ATTRIBUTE_NAME_CHARS_MAX = 256
DELAY_S_MAX = 900
VISIBILITY_S_MAX = 43_200
WAIT_S_MAX = 20
RETENTION_S_MIN, RETENTION_S_MAX, RETENTION_S_DEFAULT = 60, 1_209_600, 345_600
KMS_REUSE_S_MIN, KMS_REUSE_S_MAX = 60, 86_400
IN_FLIGHT_MAX = 120_000  # of one queue; FIFO queues as well since November 2024
RECEIVE_COUNT_MAX = 1000  # maxReceiveCount
DEDUPLICATION_MS = 300_000
PURGE_MS = 60_000  # one PurgeQueue in so long
DELETED_MS = 60_000  # a deleted queue's name rests so long
TAGS_MAX = 50
SOURCE_QUEUES_MAX = 10  # queues that RedriveAllowPolicy names
PAGE_MAX = 1000  # ListQueues, ListDeadLetterSourceQueues
PERMISSION_ACTIONS_MAX = 7  # of one statement
POLICY_STATEMENTS_MAX = 20
POLICY_BYTES_MAX = 8192
MOVE_TASKS_MAX = 100  # active in one account and region
MOVE_RATE_MAX = 500  # messages a second
MOVE_TASKS_SHOWN_MAX = 10

INLINE_BODY_BYTES_MAX = (
    16 * 1024
)  # ours: longer bodies are records of their own, which a receive does not rewrite
SHELF_MAX = 128  # ours: messages that a node has looked up ahead of those who receive
RETRIES_MAX = 100  # ours: attempts of one read-decide-commit
SWEEP_S = 60  # ours: how often expired messages are looked for
SWEPT_AT_ONCE = 200  # ours: expired messages deleted in one transaction
DEDUPLICATION_SWEPT = 3  # ours: forgotten deduplication ids that each send deletes
CHANNELS_MAX = 10_000  # ours: queues of which a node keeps counts
URLS_CACHED_MAX = 1024  # queue URLs whose path is known
WAITERS_MAX = 5000  # ours: long polls on one queue at once

FIFO_CALLS = 300  # a second, of each action on a FIFO queue; of each message group with high throughput
FIFO_CALLS_BY_REGION = {  # of a queue with high throughput, by AWS's quotas without batching
    "us-east-1": 70_000,
    "us-west-2": 70_000,
    "eu-west-1": 70_000,
    "us-east-2": 19_000,
    "eu-central-1": 19_000,
    "ap-south-1": 9_000,
    "ap-southeast-1": 9_000,
    "ap-southeast-2": 9_000,
    "ap-northeast-1": 9_000,
    "eu-west-2": 4_500,
    "sa-east-1": 4_500,
}
FIFO_CALLS_ELSEWHERE = 2_400
FIFO_REFILL_MS = 1000
FIFO_BUCKETS_MAX = 20_000  # ours: then those that are full are forgotten
FAIR_SHARE = 0.1  # of what is in flight, or of the consumers' time, beyond which a group is noisy
FAIR_FLYING_MIN = 30  # messages in flight that make a group noisy by its share of them
FAIR_QUIET_MS = 300_000  # without a message sent, and a group is noisy no more
FAIR_HALF_LIFE_MS = 60_000  # ours: AWS says "recent"
FAIR_SPENT_MS_MIN = 1000  # ours: less time than that makes nobody noisy
FAIR_GROUPS_MAX = 10_000  # ours: groups of one queue that a node keeps figures of
FAIR_LOOKED_MAX = 64  # ours: groups looked at for one receive
