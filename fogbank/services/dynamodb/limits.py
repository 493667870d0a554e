"""DynamoDB's bounds, each with the AWS quota it follows."""

from __future__ import annotations

ITEM_BYTES_MAX = 400 * 1024  # an item, names included
PAGE_BYTES_MAX = 1024 * 1024  # what one Query or Scan reads
BATCH_GET_BYTES_MAX = 16 * 1024 * 1024  # a BatchGetItem's answer; the rest is unprocessed
BATCH_GET_KEYS_MAX = 100
BATCH_WRITE_REQUESTS_MAX = 25
BATCH_BYTES_MAX = 16 * 1024 * 1024  # a BatchWriteItem's request
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024
ATTRIBUTE_NAME_BYTES_MAX = 65_535
HASH_KEY_BYTES_MAX = 2048
RANGE_KEY_BYTES_MAX = 1024
NESTING_MAX = 32  # levels of lists and maps
NUMBER_DIGITS_MAX = 38
NUMBER_EXPONENT_MAX = 125
NUMBER_EXPONENT_MIN = -130
EXPRESSION_BYTES_MAX = 4096
EXPRESSION_OPERATORS_MAX = 300
EXPRESSION_NAME_BYTES_MAX = 255
IN_OPERANDS_MAX = 100
LSI_MAX = 5
GSI_MAX = 20
PROJECTED_ATTRIBUTES_MAX = 100  # NonKeyAttributes of all indexes together
TABLES_MAX = 2500
TAGS_MAX = 50
LIST_TABLES_MAX = 100
TABLE_CAPACITY_MAX = 40_000
ON_DEMAND_WARM = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4000}
FREE_DECREASES_MAX = 4  # of provisioned throughput, in a day; then one in
DECREASE_PAUSE_MS = 3_600_000
TTL_CHANGE_PAUSE_MS = (
    31 * 60_000
)  # between two changes of TTL: AWS documents an hour and was seen to wait so long
ACCOUNT_CAPACITY_MAX = 80_000
TOKEN_KEPT_MS = 10 * 60_000  # ClientRequestToken of transactions
STREAM_KEPT_MS = 24 * 3_600_000
SHARD_SPAN_MS = 4 * 3_600_000  # AWS rolls shards over about every four hours
ITERATOR_KEPT_MS = 15 * 60_000
GET_RECORDS_MAX = 1000
GET_RECORDS_BYTES_MAX = 1024 * 1024
TTL_AGE_S_MAX = 5 * 365 * 86_400  # an expiry further back than five years is taken for a mistake
SEGMENTS_MAX = 1_000_000

BURST_S = 300  # unused capacity that can be used later

# --- ours ------------------------------------------------------------------------------------------------------------
EXPRESSIONS_CACHED_MAX = 4096  # compiled expressions
TABLES_CACHED_MAX = 4096  # metadata of tables
PARTITIONS_CACHED_MAX = 1024  # digests of partition keys
CONFLICT_RETRIES_MAX = 100  # attempts of one write against other nodes
NEW_ITEMS_BEFORE_GUESS = 16  # looked for in vain, one after another, before the next is taken to be new
WRITES_JOINED_MAX = 64  # waiting writes to one item that share a commit
READ_AHEAD_ROWS = 128  # rows of one read of the store while a page is put together
BUCKETS_MAX = 10_000  # tables and indexes whose throughput a node keeps count of
TTL_BATCH = 100  # items deleted before the lane looks at the clock again
TTL_PAUSE_MS = 30_000  # between two looks at a table's expired items; AWS promises days
BACKFILL_BATCH = 100
PURGE_BATCH = 1000
DAY_MS = 86_400_000
CLASS_CHANGES_MAX = 2  # of a table in 30 days
CLASS_CHANGES_MS = 30 * DAY_MS
RECOVERY_DAYS_MAX = 35
CONTROLS_AT_ONCE_MAX = 50  # backups and restores of one table under way
BACKUPS_LISTED_MAX = 100
COPY_BATCH = 50  # items of one step of a copy: at most 20 MB
JOURNAL_PAUSE_MS = 3_600_000  # between two looks at a journal's old end
JOURNAL_SLACK_MS = 600_000  # kept longer than can be asked for, so that a restore about to begin finds it
TRIM_STEP = 1000  # entries of a log dropped at once
REPLICAS_MAX = 40  # of a table: more than AWS has regions
REPLICATION_BATCH = 100  # changes that a region takes over in one transaction
LINKS_MAX = 10_000
TOMBSTONE_KEPT_MS = 24 * 3_600_000
TOMBSTONE_PAUSE_MS = 3_600_000
REGIONS_CUT_MAX = 100
SYSTEM_BACKUP_DAYS = 35  # the backup that a table with point-in-time recovery leaves when it is deleted
