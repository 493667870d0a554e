"""The bounds of S3, each with the AWS quota it follows."""

from __future__ import annotations

BUCKETS_MAX = 10_000  # of one account; AWS's default quota
KEY_BYTES_MAX = 1024
METADATA_BYTES_MAX = 2048  # user metadata: names and values together
TAGS_MAX = 10  # of one object
BUCKET_TAGS_MAX = 50
TAG_KEY_CHARS_MAX = 128
TAG_VALUE_CHARS_MAX = 256
LIST_KEYS_MAX = 1000  # one page of objects, versions, uploads or parts
LIST_BUCKETS_MAX = 10_000  # one page of buckets
DELETE_KEYS_MAX = 1000  # of one DeleteObjects
PARTS_MAX = 10_000  # of one upload
PART_BYTES_MIN = 5 * 1024 * 1024  # every part but the last
COPY_BYTES_MAX = 5 * 1024 * 1024 * 1024  # one CopyObject or UploadPartCopy
WHOLE_BYTES_MAX = 1024 * 1024  # ours: content up to this is read at once, more is streamed
PIECE_BYTES = 1024 * 1024  # ours: what is read of a blob at a time
CONFLICTS_MAX = 64  # ours: attempts of one read-decide-commit
CLOSING_MS = (
    10_000  # ours: how long DeleteBucket keeps writers out while it looks whether the bucket is empty
)
COLLECT_AFTER_MS = 15 * 60_000  # ours: how long unused content stays, for those who are reading it
COLLECT_BATCH = 100  # ours: records that one step of the collector looks at
