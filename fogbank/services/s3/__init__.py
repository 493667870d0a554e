"""S3: buckets and objects, durable. What it lacks answers 501 by name (versioning, policies, notifications, …).

Importing this package declares every operation. `SERVICE` and the state class `S3` are what app.py joins.
"""

from __future__ import annotations

from fogbank.services.s3 import (
    bucket_settings,
    bucket_tags,
    buckets,
    complete_upload,
    copy_object,
    delete_objects,
    get_object,
    list_objects,
    object_attributes,
    object_tags,
    parts,
    put_object,
    uploads,
)
from fogbank.services.s3 import needs as needs
from fogbank.services.s3.service import SERVICE
from fogbank.services.s3.state import S3

__all__ = [
    "S3",
    "SERVICE",
    "bucket_settings",
    "bucket_tags",
    "buckets",
    "complete_upload",
    "copy_object",
    "delete_objects",
    "get_object",
    "list_objects",
    "object_attributes",
    "object_tags",
    "parts",
    "put_object",
    "uploads",
]
