"""What the sandbox needs of Lambda: the temporary credentials of a function's role. app.py joins the rest of `Platform`."""

from __future__ import annotations

from fogbank.core.arn import parse_arn, partition_of
from fogbank.core.config import AuthMode, Settings
from fogbank.core.ids import Ids
from fogbank.model.principal import Principal, PrincipalType, SessionIssuer
from fogbank.sandbox.api import Credentials, FunctionConfig

_DURATION_S = 12 * 3600  # longer than an environment lives
_UNIQUE_ID_PREFIX = "AROA"
_SESSION_NAME_CHARS_MIN = 2


class FunctionCredentials:
    """Issues sessions of the functions' roles. Stateless."""

    def __init__(self, sessions: SessionIssuer, ids: Ids, settings: Settings) -> None:
        self._sessions = sessions
        self._ids = ids
        self._settings = settings

    async def credentials(self, config: FunctionConfig) -> Credentials:
        """Credentials of the function's role, as `assumed-role/<role>/<function>`."""
        principal = role_session(config, open_mode=self._settings.auth_mode is AuthMode.OPEN)
        issued = self._sessions.issue(principal, duration_s=_DURATION_S)
        return Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)


def role_session(config: FunctionConfig, *, open_mode: bool) -> Principal:
    """The principal a function acts as."""
    return session_of(config.role_arn, config.account, config.region, config.name, open_mode=open_mode)


def session_of(role_arn: str, function_account: str, region: str, name: str, *, open_mode: bool) -> Principal:
    """The principal that a function called `name` acts as with the role `role_arn`.

    In open mode a role of another account (a made-up ARN, as in many examples) stands for one of the function's own, so
    that the function sees the resources that were created beside it."""
    role = parse_arn(role_arn)
    role_name = role.resource.rsplit("/", 1)[-1] if role is not None else "lambda"
    account = function_account if role is None or open_mode else role.account
    partition = partition_of(region)
    session = name if len(name) >= _SESSION_NAME_CHARS_MIN else f"{name}@lambda_function"  # as AWS pads it
    path = role.resource if role is not None else f"role/{role_name}"
    return Principal(
        type=PrincipalType.ASSUMED_ROLE,
        account=account,
        arn=f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session}",
        user_id=f"{_UNIQUE_ID_PREFIX}{role_name}:{session}",
        issuer_arn=f"arn:{partition}:iam::{account}:{path}",
        acts_as_root=open_mode,
    )
