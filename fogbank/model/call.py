"""The context of one call: who calls what, where, and what the operation may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from fogbank.core.arn import partition_of
from fogbank.core.http import Request
from fogbank.core.records import hot_record
from fogbank.model.principal import Principal

if TYPE_CHECKING:
    from fogbank.model.calls import Calls

S = TypeVar("S")


@hot_record
class Caller:
    """Where a call comes from, before it is known what it calls."""

    account: str
    region: str
    principal: Principal
    request_id: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    secure: bool = False
    host: str = ""  # Host header: for URLs in answers
    trace: str = ""  # X-Amzn-Trace-Id header: functions' SDKs send on what they are part of
    request: Request | None = None  # None: it did not come over HTTP
    source_arn: str = ""  # of a service's calls: the resource on whose behalf

    @property
    def is_gone(self) -> bool:
        """Nobody waits for the answer any more, as far as is known."""
        return self.request is not None and self.request.gone


@dataclass(slots=True)
class Call(Generic[S]):
    """What an operation receives as `ctx`. `state` is the service's own object, built by app.py."""

    caller: Caller
    account: str
    region: str
    request_id: str
    state: S
    calls: Calls

    @property
    def principal(self) -> Principal:
        return self.caller.principal

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """An ARN in the call's account and region (IAM's have no region)."""
        return f"arn:{self.partition}:{service}:{self.region if region else ''}:{self.account}:{resource}"
