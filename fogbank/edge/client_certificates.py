"""Certificates that clients show: contexts that ask for one, and what is read from it.

OpenSSL has verified the chain against the truststore and that the client has the key. What AWS asks beyond that is judged here.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from fogbank.core.http import ClientCertificate

_WEAK = (hashes.MD5, hashes.SHA1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MutualContext(ssl.SSLContext):
    """A server's context that asks the clients of one name for a certificate."""

    server_name: str
    issuers: frozenset[bytes]  # the subjects of the truststore, DER


def ask(context: MutualContext, server_name: str, truststore: str) -> None:
    """Have `context` verify against `truststore` (PEM). Without a certificate the handshake succeeds: the API answers 403."""
    context.server_name = server_name
    found = x509.load_pem_x509_certificates(truststore.encode())
    context.issuers = frozenset(each.subject.public_bytes() for each in found)
    context.load_verify_locations(cadata=truststore)
    context.verify_mode = ssl.CERT_OPTIONAL
    # A session resumed elsewhere would bring a certificate along that was verified against another truststore.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0


def certificate_of(tls: ssl.SSLObject) -> ClientCertificate | None:
    """What the client showed at the end of a handshake; None when it was not asked, or showed nothing."""
    context = tls.context
    if not isinstance(context, MutualContext):
        return None
    der = tls.getpeercert(binary_form=True)
    if der is None:
        return None
    found = x509.load_der_x509_certificate(der)
    return ClientCertificate(
        context.server_name,
        ssl.DER_cert_to_PEM_cert(der),
        found.subject.rfc4514_string(),
        found.issuer.rfc4514_string(),
        _serial(found.serial_number),
        _date(found.not_valid_before_utc),
        _date(found.not_valid_after_utc),
        _problem(found, context),
    )


def _problem(found: x509.Certificate, context: MutualContext) -> str | None:
    """In the words of AWS's execution logs."""
    if found.subject == found.issuer:
        return "self signed certificate"
    # Intermediates that the client itself brings are not trusted: each issuer is to be in the truststore.
    if found.issuer.public_bytes() not in context.issuers:
        return "Could not find issuer for certificate"
    if isinstance(found.signature_hash_algorithm, _WEAK):
        return "Client cert using an insecure Signature Algorithm"
    return None


def _serial(number: int) -> str:
    text = f"{number:x}"
    text = text.zfill(len(text) + len(text) % 2)
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2))


def _date(when: datetime) -> str:
    """`May 28 12:30:02 2019 GMT`, whatever the locale."""
    at = when.astimezone(UTC)
    return f"{_MONTHS[at.month - 1]} {at.day:2d} {at:%H:%M:%S} {at.year} GMT"
