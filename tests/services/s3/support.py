"""What the tests of S3 share: errors as data, and S3 in a house on the virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.services import s3
from fogbank.store.blobs import FileBlobs
from tests.support.house import House


def refused(call: Callable[..., Any], **params: Any) -> dict[str, Any]:
    """The Error element of a call that fails."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error: dict[str, Any] = caught.value.response["Error"]
    return error


def storage(folder: Path) -> House:
    return House(
        {
            s3.SERVICE: lambda h: s3.S3(
                store=h.store, blobs=FileBlobs(folder), clock=h.clock, ids=h.ids, lanes=h.lanes
            )
        }
    )


def blobs_in(folder: Path) -> int:
    """How many blobs there are."""
    return sum(1 for path in folder.rglob("*") if path.is_file() and path.parent.name != "tmp")
