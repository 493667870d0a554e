"""When keys and roles are used: told to IAM in the background, at most once a minute for each, never on the way of a request."""

from __future__ import annotations

from fogbank.auth.lru import Lru
from fogbank.core.arn import partition_of
from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.core.limits import IAM_USAGE_RESOLUTION_S, METADATA_CACHED_MAX
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import PrincipalType


class KeyUsage:
    """Notes uses of what IAM made: users' keys by key id, roles by their unique id."""

    def __init__(self, calls: Calls, clock: Clock, lanes: Lanes) -> None:
        self._calls = calls
        self._clock = clock
        self._lanes = lanes
        self._noted_s: Lru[tuple[str, str], float] = Lru(METADATA_CACHED_MAX)

    def note(self, caller: Caller, service: str) -> None:
        """A request of `caller` for `service` was authenticated."""
        principal = caller.principal
        match principal.type:
            case PrincipalType.USER:
                id = principal.access_key_id
            case PrincipalType.ASSUMED_ROLE:
                id = principal.user_id.partition(":")[0]
            case _:
                return
        now_s = self._clock.monotonic_s()
        noted_s = self._noted_s.get((id, service))
        if noted_s is not None and now_s - noted_s < IAM_USAGE_RESOLUTION_S:
            return
        self._noted_s.put((id, service), now_s)
        realm = (partition_of(caller.region), principal.account)
        work = self._calls.internal(
            "iam", "note_use", caller, realm=realm, id=id, used_service=service, used_region=caller.region
        )
        self._lanes.spawn("iam usage", work)
