"""What the CloudFront distribution in front of an edge-optimized API adds to requests and responses.

Edge-optimized APIs are the default, so functions and clients see these headers on AWS. Here there is one edge location,
nobody's country or network is known, and every viewer is a desktop's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.ids import Ids

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.exchange import Exchange

POP = "FOG50-C1"  # ours: an edge location's code
ASN = "64512"  # ours: the first number for private networks
COUNTRY = "ZZ"  # ours: an unknown country (ISO 3166)


class CloudFront:
    """The one distribution of a node."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._via = f"1.1 {ids.hex(32)}.cloudfront.net (CloudFront)"

    def request_headers(self, headers: dict[str, list[str]], x: Exchange, *, secure: bool) -> None:
        """Add what backends see."""
        proto = ["https" if secure else "http"]
        headers["CloudFront-Forwarded-Proto"] = proto
        headers["CloudFront-Is-Desktop-Viewer"] = ["true"]
        headers["CloudFront-Is-Mobile-Viewer"] = ["false"]
        headers["CloudFront-Is-SmartTV-Viewer"] = ["false"]
        headers["CloudFront-Is-Tablet-Viewer"] = ["false"]
        headers["CloudFront-Viewer-ASN"] = [ASN]
        headers["CloudFront-Viewer-Country"] = [COUNTRY]
        headers["Via"] = [self._via]
        headers["X-Amz-Cf-Id"] = [self._ids.hex(54) + "=="]

    def response_headers(self, headers: list[tuple[str, str]], status: int) -> None:
        """Add what clients see."""
        headers.append(("X-Cache", "Miss from cloudfront" if status < 400 else "Error from cloudfront"))
        headers.append(("Via", self._via))
        headers.append(("X-Amz-Cf-Pop", POP))
        headers.append(("X-Amz-Cf-Id", self._ids.hex(54) + "=="))
