"""SSESpecification. The only key there is beside AWS's own is the one that AWS manages for the account. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.core.arn import partition_of
from fogbank.core.errors import NotSupported
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.service import bad_value

_ALIAS = "alias/aws/dynamodb"


def managed_key(place: Place) -> str:
    """The ARN of `alias/aws/dynamodb` of an account in a region: always the same."""
    text = hashlib.blake2b("/".join((*place, _ALIAS)).encode(), digest_size=16).hexdigest()
    key_id = "-".join((text[:8], text[8:12], f"4{text[13:16]}", f"a{text[17:20]}", text[20:]))
    return f"{_kms(place)}key/{key_id}"


def _kms(place: Place) -> str:
    return f"arn:{partition_of(place.region)}:kms:{place.region}:{place.account}:"


def sse_of(given: dict[str, Any] | None, place: Place) -> dict[str, str] | None:
    """SSEDescription; None for the key that AWS owns. Raises ValidationException."""
    given = given or {}
    if not given.get("Enabled", "SSEType" in given):
        for member in ("SSEType", "KMSMasterKeyId"):
            if member in given:
                raise bad_value(f"{member} can not be specified if Enabled is false")
        return None
    if "KMSMasterKeyId" in given and "SSEType" not in given:
        raise bad_value("SSEType KMS is required if KMSMasterKeyId is specified")
    if given.get("SSEType", "KMS") != "KMS":
        raise bad_value(f"SSEType {given['SSEType']} is not supported")
    managed = managed_key(place)
    own = (_ALIAS, _kms(place) + _ALIAS, managed, managed.rpartition("/")[2])
    if given.get("KMSMasterKeyId", _ALIAS) not in own:
        # Whoever holds such a key can take the table away by it: a promise that nothing here would keep.
        raise NotSupported("dynamodb SSESpecification with KMSMasterKeyId of a customer's key")
    return {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": managed}


def changed_sse(before: dict[str, str] | None, given: dict[str, Any], place: Place) -> dict[str, str] | None:
    """The same for UpdateTable, which refuses what is so already."""
    after = sse_of(given, place)
    if after is None and before is None:
        raise bad_value("Table is already encrypted by default")
    if after is not None and before == after and given.get("KMSMasterKeyId") == after["KMSMasterKeyArn"]:
        raise bad_value(
            "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change "
            "Master Key"
        )
    return after
