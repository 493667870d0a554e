"""What every part of the drive needs: clients, the server, what was deployed, the mark of this run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
import urllib3
from deploy import Deployed
from deploy.apis_v2 import STAGE

from drive.server import Server


def apis_at(url: str) -> str:
    """Where a fogbank's APIs answer, for clients that resolve no names under execute-api."""
    return url + "/_aws/execute-api/{id}/{stage}"


@dataclass
class Drive:
    """One run against one server. `mark` makes names of this run its own."""

    session: boto3.Session
    server: Server
    app: Deployed
    mark: str
    http: urllib3.PoolManager

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.server.url)

    def api_url(self, api: str) -> str:
        """Where the stage of an API answers."""
        return apis_at(self.server.url).format(id=api, stage=STAGE)

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Call the REST API; status and body. `key` names a usage plan."""
        api = self.app.rest_api
        headers = {"x-api-key": api.keys[key]} if key else {}
        answer = self.http.request(
            method, self.api_url(api.id) + path, json=body, headers=headers, retries=False
        )
        return answer.status, answer.json()
