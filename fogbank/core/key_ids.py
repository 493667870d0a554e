"""Access key ids as AWS makes them since 2019: the account lies in the id itself.

Behind the four letters of the kind (`AKIA`, `ASIA`) stand 80 bits in base 32: a one, the account in 40 bits, and 39
bits of randomness. So the owner of any key is known without a look-up.
"""

from __future__ import annotations

import base64
import binascii

from fogbank.core.ids import Ids

LONG_TERM = "AKIA"
TEMPORARY = "ASIA"
_RANDOM_BITS = 39
_ACCOUNT_BITS = 40
_ID_BYTES = 10
_ACCOUNT_DIGITS = 12


def make_key_id(prefix: str, account: str, ids: Ids) -> str:
    """A new key id of 20 characters for a 12-digit account."""
    noise = int(ids.hex(10), 16) & ((1 << _RANDOM_BITS) - 1)
    bits = (1 << (_RANDOM_BITS + _ACCOUNT_BITS)) | (int(account) << _RANDOM_BITS) | noise
    return prefix + base64.b32encode(bits.to_bytes(_ID_BYTES, "big")).decode()


def account_of_key_id(access_key_id: str) -> str | None:
    """The account in a key id; None for what AWS would not have made."""
    kind, coded = access_key_id[:4], access_key_id[4:]
    if kind not in (LONG_TERM, TEMPORARY):
        return None
    try:
        bits = int.from_bytes(base64.b32decode(coded), "big")
    except (binascii.Error, ValueError):
        return None
    if len(coded) != 16 or not bits >> (_RANDOM_BITS + _ACCOUNT_BITS):
        return None
    account = (bits >> _RANDOM_BITS) & ((1 << _ACCOUNT_BITS) - 1)
    return f"{account:012d}" if account < 10**_ACCOUNT_DIGITS else None
