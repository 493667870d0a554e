"""The checksums that come with content: which one, whether it is right. And how a stored one is shown."""

from __future__ import annotations

from typing import Any

from fogbank.model import checksums
from fogbank.services.s3.records import Checksum
from fogbank.services.s3.service import failure, invalid_request

DEFAULT = "CRC64NVME"  # what S3 keeps of content that came without one


def sent_checksum(sent: dict[str, str | None], named: str | None) -> tuple[str, str] | None:
    """(algorithm, value) of the one checksum that came; `sent` by algorithm, `named` in x-amz-sdk-checksum-algorithm."""
    given = [(algorithm, value) for algorithm, value in sent.items() if value is not None]
    if len(given) > 1:
        raise invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if named is not None and named.upper() not in checksums.ALGORITHMS:
        raise invalid_request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            f"[{', '.join(checksums.ALGORITHMS)}]"
        )
    if not given:
        if named is not None:
            raise invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                "headers were found."
            )
        return None
    algorithm, value = given[0]
    if named is not None and named.upper() != algorithm:
        raise invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    if checksums.read(algorithm, value) is None:
        raise invalid_request(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
    return algorithm, value


def check_digests(md5: str, digest: bytes, content_md5: str | None, given: tuple[str, str] | None) -> None:
    """Raises BadDigest, InvalidDigest when the content is not what the client says."""
    if content_md5 is not None:
        wanted = checksums.read_md5(content_md5)
        if wanted is None:
            raise failure("InvalidDigest", "The Content-MD5 you specified was invalid.")
        if wanted.hex() != md5:
            raise failure(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                ExpectedDigest=content_md5,
                CalculatedDigest=checksums.written(bytes.fromhex(md5)),
            )
    if given is not None and checksums.written(digest) != given[1]:
        raise failure("BadDigest", f"The {given[0]} you specified did not match the calculated checksum.")


def shown(checksum: Checksum | None, *, with_type: bool = True) -> dict[str, Any]:
    """A checksum as members of an output."""
    if checksum is None:
        return {}
    found = {checksums.member_of(checksum.algorithm): checksum.value}
    return found | ({"ChecksumType": checksum.type} if with_type else {})
