"""MOCK: the mapped request says which integration response to give; there is no backend."""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.core.http import Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.services.apigateway.execution.bodies import RequestBody
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import misconfigured
from fogbank.services.apigateway.execution.mapping import Answer
from fogbank.services.apigateway.execution.responses import IntegrationResponses, answer_client

_LENIENT = re.compile(rb"""\s*\{(?:[^{}]*,)?\s*['"]?statusCode['"]?\s*:\s*['"]?(\d{3})\b""")


class Mock:
    """One method's MOCK integration."""

    def __init__(self, method: dict[str, Any], binary: MediaTypes) -> None:
        self._body = RequestBody(method["methodIntegration"], binary)
        self._responses = IntegrationResponses(method)
        self._binary = binary
        self._statuses: dict[bytes, str] = {}

    async def run(self, x: Exchange) -> Response:
        body = self._body.make(x)
        status = self._statuses.get(body) or self._status(body)
        if x.log is not None:
            x.log.append(f"Method request body after transformations: {body.decode('utf-8', 'replace')}")
        chosen = self._responses.select(status)
        return answer_client(x, chosen, Answer(int(status), [], b""), self._binary, traced=False)

    def _status(self, body: bytes) -> str:
        """`statusCode` of the mapped request. Nearly always a template without variables: remembered.

        AWS reads it leniently: names without quotes (`{statusCode: 200}`) are common."""
        try:
            status = str(int(orjson.loads(body)["statusCode"]))
        except orjson.JSONDecodeError:
            found = _LENIENT.match(body)
            status = "" if found is None else found[1].decode()
        except (ValueError, TypeError, KeyError):
            status = ""
        if not status:
            raise misconfigured(
                "Unable to parse statusCode. It should be an integer and defined in request template."
            )
        if len(self._statuses) < 64 and len(body) < 256:
            self._statuses[body] = status
        return status
