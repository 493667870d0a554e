"""As whom a task calls: a session of the machine's role, or of the role that the state's Credentials name."""

from __future__ import annotations

from dataclasses import replace

from fogbank.core.arn import parse_arn, partition_of
from fogbank.core.config import AuthMode
from fogbank.core.ids import Ids
from fogbank.model.call import Caller
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.stepfunctions.engine.api import TaskCall

ROLES_CACHED_MAX = 1024  # sessions kept; ours


class Callers:
    """Makes the caller of one task."""

    def __init__(self, ids: Ids, mode: AuthMode) -> None:
        self._ids = ids
        self._open = mode is AuthMode.OPEN
        self._sessions: dict[tuple[str, str, str, bool], Principal] = {}

    def of(self, call: TaskCall) -> Caller:
        """The caller of a task: Credentials name another account on purpose."""
        named = call.credentials_role_arn is not None
        caller = self.of_role(call.effective_role_arn, call.account, call.region, named=named)
        return replace(caller, trace=call.trace_header or "")

    def of_role(self, role_arn: str, account: str, region: str, *, named: bool = False) -> Caller:
        """A session of a role; its name is drawn once on this node. In open mode a machine's own role of another account (a made-up ARN, as in many
        examples) stands for one of the machine's account."""
        key = (role_arn, account, region, named)
        principal = self._sessions.get(key)
        if principal is None:
            if len(self._sessions) >= ROLES_CACHED_MAX:
                self._sessions.clear()  # rare, and cheap to fill again
            principal = self._sessions[key] = self._session(role_arn, account, region, named=named)
        return Caller(principal.account, region, principal, self._ids.uuid(), user_agent="AWS Step Functions")

    def _session(self, role_arn: str, account: str, region: str, *, named: bool) -> Principal:
        role = parse_arn(role_arn)
        role_name = role.resource.rsplit("/", 1)[-1] if role is not None else "states"
        if role is not None and (named or not self._open):
            account = role.account
        partition = partition_of(region)
        session = self._ids.alnum(32)
        return Principal(
            type=PrincipalType.ASSUMED_ROLE,
            account=account,
            arn=f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session}",
            user_id=f"AROA{role_name}:{session}",
            issuer_arn=f"arn:{partition}:iam::{account}:{role.resource if role else f'role/{role_name}'}",
            acts_as_root=self._open,
        )
