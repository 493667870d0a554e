"""Where S3's records lie in the store. Bucket names are one name space for all accounts, as on AWS.

s3 bucket NAME                    the bucket; `id` is another for each bucket that has had the name
s3 owner ACCOUNT NAME             the buckets of one account
s3 object BUCKET-ID KEY           what a key holds now
s3 upload BUCKET-ID KEY UPLOAD    an upload of parts under way
s3 part OWNER NUMBER              the parts of an upload, and of the object that it became (OWNER: its generation)
s3 use SHA OWNER                  who uses a blob
"""

from __future__ import annotations

from fogbank.services.s3.limits import KEY_BYTES_MAX
from fogbank.store.api import Key

COLLECT_QUEUE = "s3 collect"
_LAST = "\U0010ffff"


def bucket(name: str) -> Key:
    return ("s3", "bucket", name)


def owned(account: str) -> Key:
    return ("s3", "owner", account)


def objects(bucket_id: str) -> Key:
    return ("s3", "object", bucket_id)


def uploads(bucket_id: str) -> Key:
    return ("s3", "upload", bucket_id)


def parts(owner: str) -> Key:
    return ("s3", "part", owner)


def uses(sha: str) -> Key:
    return ("s3", "use", sha)


def behind(prefix: str) -> str:
    """A text that sorts behind every key that begins with `prefix`, and before all that sort after those."""
    return prefix + _LAST * ((KEY_BYTES_MAX - len(prefix.encode("utf-8", "surrogatepass"))) // 4 + 1)
