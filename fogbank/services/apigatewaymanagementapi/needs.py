"""The permissions that `@connections` needs: execute-api:ManageConnections on API, stage, method and connection."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.arn import partition_of
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Needs, Params, Permissions
from fogbank.services.apigatewaymanagementapi.service import SERVICE


def _manage(method: str) -> Needs:
    def needs(caller: Caller, params: Params) -> Iterable[Need]:
        stage = caller.source_arn  # of the address that was called; none but under the API's own
        if not stage:
            stage = f"arn:{partition_of(caller.region)}:execute-api:{caller.region}:{caller.account}:*/*"
        yield Need(
            "execute-api:ManageConnections", f"{stage}/{method}/@connections/{params.get('ConnectionId')}"
        )

    return needs


SERVICE.needs(
    Permissions(
        "execute-api",
        special={
            "DeleteConnection": _manage("DELETE"),
            "GetConnection": _manage("GET"),
            "PostToConnection": _manage("POST"),
        },
    )
)
