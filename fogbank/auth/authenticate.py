"""Who is calling: from the proof that a request brings to a principal, an account and a region.

*Open mode* (a developer's machine): a key that fogbank did not give out is taken at its word and acts as root of its
account (a 12-digit key id is the account, any other means the default account), because its secret is not known here; no
key at all acts as root of the default account. Keys that fogbank did give out are checked as in enforced mode.
*Enforced mode*: every request must prove a key that fogbank gave out.
"""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.auth.chunked import is_chunked, unchunk
from fogbank.auth.lru import Lru
from fogbank.auth.refusals import Family, Reason, refusal
from fogbank.auth.signature import Signature, read_signature
from fogbank.auth.sigv4 import ChunkSeed, Verifier
from fogbank.core.arn import partition_of
from fogbank.core.clock import Clock
from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_REGION, AuthMode
from fogbank.core.http import Request
from fogbank.core.limits import SIGNING_KEYS_CACHED_MAX
from fogbank.model.principal import KeyRing, Principal, root_of


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, and the region that the call is meant for."""

    principal: Principal
    region: str

    @property
    def account(self) -> str:
        return self.principal.account


class Authenticator:
    """Identifies callers. `clock` is fogbank's time, by which credentials expire; `wall` the machine's own, in which
    clients sign (they differ when fogbank's time was moved ahead)."""

    def __init__(self, keyring: KeyRing, mode: AuthMode, clock: Clock, wall: Clock) -> None:
        self._keyring = keyring
        self._enforced = mode is AuthMode.ENFORCE
        self._clock = clock
        self._verifier = Verifier(wall)
        self._strangers: Lru[tuple[str, str], Identity] = Lru(SIGNING_KEYS_CACHED_MAX)
        self._anonymous = Identity(root_of(DEFAULT_ACCOUNT, open_mode=True), DEFAULT_REGION)

    async def identify(
        self, request: Request, family: Family, service: str | None
    ) -> tuple[Identity, Request]:
        """The caller, and the request as services are to see it (a chunked body is plain now). `service` is the signing
        name that the signature must be for; None: any. Raises the AWS error of `family`."""
        claimed = read_signature(request, family)
        if claimed is None:
            if self._enforced:
                raise refusal(Reason.MISSING, family)
            return self._anonymous, unchunk(request, None, family) if is_chunked(request) else request
        found = await self._keyring.find(claimed.access_key_id, claimed.session_token)
        if found is None:
            if self._enforced:
                reason = Reason.UNKNOWN_TOKEN if claimed.session_token else Reason.UNKNOWN_KEY
                raise refusal(reason, family)
            seed: ChunkSeed | None = None
            identity = self._stranger(claimed)
        else:
            if not found.active:
                raise refusal(Reason.UNKNOWN_KEY, family)
            if found.expires_ms is not None and found.expires_ms <= self._clock.now_ms():
                raise refusal(Reason.EXPIRED_TOKEN, family)
            seed = self._verifier.verify(request, claimed, found.secret, family, service)
            identity = Identity(found.principal, claimed.region)
        if is_chunked(request):
            request = unchunk(request, seed, family)
        return identity, request

    def _stranger(self, claimed: Signature) -> Identity:
        """Open mode's root of whatever account the key names."""
        place = (claimed.access_key_id, claimed.region)
        identity = self._strangers.get(place)
        if identity is None:
            key = claimed.access_key_id
            account = key if len(key) == 12 and key.isascii() and key.isdigit() else DEFAULT_ACCOUNT
            partition = partition_of(claimed.region)
            identity = Identity(root_of(account, partition, key, open_mode=True), claimed.region)
            self._strangers.put(place, identity)
        return identity
