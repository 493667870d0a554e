"""The server name in the first message of a TLS connection, read before OpenSSL gets it.

Whether a client is asked for a certificate is decided when its connection is made, not in OpenSSL's callback for server names: that
one can change the certificate shown, not what is asked for.
"""

from __future__ import annotations

from fogbank.core.limits import TLS_HELLO_BYTES_MAX

_RECORD_HEAD = 5
_HANDSHAKE = 22
_CLIENT_HELLO = 1
_SERVER_NAME = 0


class Incomplete(Exception):
    """More bytes are needed."""


def server_name(data: bytes) -> str | None:
    """The name (lower case), or None when there is none or what is there is no ClientHello: OpenSSL will say so. Raises
    Incomplete."""
    try:
        return _name_in(_hello(data))
    except (IndexError, UnicodeDecodeError):
        return None


def _hello(data: bytes) -> bytes:
    """The handshake message, out of the records that carry it."""
    message, at = b"", 0
    while True:
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
            return message
        if at > TLS_HELLO_BYTES_MAX or (len(message) >= 1 and message[0] != _CLIENT_HELLO):
            raise IndexError
        if len(data) < at + _RECORD_HEAD:
            raise Incomplete
        end = at + _RECORD_HEAD + int.from_bytes(data[at + 3 : at + 5])
        if data[at] != _HANDSHAKE or end == at + _RECORD_HEAD:
            raise IndexError
        if len(data) < end:
            raise Incomplete
        message += data[at + _RECORD_HEAD : end]
        at = end


def _name_in(hello: bytes) -> str | None:
    at = 4 + 2 + 32  # head, version, random
    at += 1 + hello[at]  # session id
    at += 2 + int.from_bytes(hello[at : at + 2])  # cipher suites
    at += 1 + hello[at]  # compression methods
    end = at + 2 + int.from_bytes(hello[at : at + 2])
    at += 2
    while at + 4 <= end:
        kind, size = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        if kind == _SERVER_NAME:
            # A list of one: its length, the kind of name, the name's length, the name.
            length = int.from_bytes(hello[at + 7 : at + 9])
            return hello[at + 9 : at + 9 + length].decode("ascii").lower() if hello[at + 6] == 0 else None
        at += 4 + size
    return None
