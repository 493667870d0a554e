"""`/_fogbank/dynamodb/replication`: cutting regions off from DynamoDB's replication, for tests of what an app does then.

GET                                                     {"cut_off": [regions], "links": [{…, "waiting": changes}]}
POST {"region": "eu-west-1", "connected": false}        the same, after the change
"""

from __future__ import annotations

import re

import orjson

from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.edge.internal import answer
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import root_of

PATH = "/_fogbank/dynamodb/replication"
_REGION = re.compile(r"[a-z0-9-]{1,64}\Z")


class ReplicationPage:
    """The route, for whoever edge/internal.py lets through."""

    def __init__(self, calls: Calls, ids: Ids) -> None:
        self._calls = calls
        self._ids = ids

    async def handle(self, request: Request) -> Response:
        if request.path != PATH:
            raise AwsError("NotFoundException", f"fogbank has no route {request.path[:128]}", status=404)
        caller = Caller(
            DEFAULT_ACCOUNT, DEFAULT_REGION, root_of(DEFAULT_ACCOUNT, open_mode=True), self._ids.uuid()
        )
        if request.method == "POST":
            region, connected = _asked(request.body)
            await self._calls.internal(
                "dynamodb", "set_connected", caller, region=region, connected=connected
            )
        elif request.method not in ("GET", "HEAD"):
            raise AwsError("MethodNotAllowedException", f"{request.method} is not allowed here", status=405)
        return answer(await self._calls.internal("dynamodb", "replication_state", caller))


def _asked(body: bytes) -> tuple[str, bool]:
    try:
        given = orjson.loads(body)
        region, connected = given["region"], given["connected"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise AwsError(
            "ValidationException", 'the body must be {"region": <name>, "connected": <true or false>}'
        ) from None
    if not isinstance(region, str) or not _REGION.match(region):
        raise AwsError("ValidationException", "region must be the name of a region")
    if type(connected) is not bool:
        raise AwsError("ValidationException", "connected must be true or false")
    return region, connected
