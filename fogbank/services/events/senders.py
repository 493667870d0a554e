"""How each kind of target gets its input."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fogbank.core.arn import Arn, parse_arn, partition_of, url_suffix_of
from fogbank.core.config import AuthMode
from fogbank.core.errors import AwsError
from fogbank.model.call import Call, Caller
from fogbank.model.calls import Calls
from fogbank.model.permissions import Need
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Policy
from fogbank.services.events.bus_access import ACTION
from fogbank.services.events.bus_records import BusPlace
from fogbank.services.events.destination_calls import call_destination
from fogbank.services.events.event import Owed
from fogbank.services.events.limits import HOPS_MAX
from fogbank.services.events.publishing import Given, publish
from fogbank.services.events.target_checks import kind_of
from fogbank.services.events.undelivered import Undelivered, refused

if TYPE_CHECKING:
    from fogbank.services.events.state import Events

PRINCIPAL = "events.amazonaws.com"


class Senders:
    """Sends as EventBridge, or as the target's role where it has one that counts."""

    def __init__(self, state: Events, calls: Calls, mode: AuthMode) -> None:
        self._state = state
        self._calls = calls
        self._open = mode is AuthMode.OPEN

    async def send(self, owed: Owed, text: str) -> None:
        """Raises Undelivered, Later."""
        arn = parse_arn(owed.target["Arn"])
        assert arn is not None  # checked when it was put
        try:
            match kind_of(arn):
                case "lambda":
                    await self._call(owed, arn, "lambda", "Invoke", _invocation(owed, text))
                case "sqs":
                    await self.send_message(owed, arn, _message(owed, text))
                case "states":
                    given = {"stateMachineArn": str(arn), "input": text}
                    await self._call(owed, arn, "stepfunctions", "StartExecution", given, by_role=True)
                case "logs":
                    await self._log(owed, arn, text)
                case "event-bus":
                    await self._put(owed, arn)
                case "api-destination":
                    await self._require(self._role(owed, arn.region), "events:InvokeApiDestination", str(arn))
                    await call_destination(self._state, owed, arn, text)
        except AwsError as error:
            raise refused(error) from None

    async def send_message(self, owed: Owed, queue: Arn, params: dict[str, Any]) -> None:
        """Raises AwsError."""
        host = f"sqs.{queue.region}.{url_suffix_of(queue.partition)}"
        params["QueueUrl"] = f"https://{host}/{queue.account}/{queue.resource}"
        caller = self._service(queue.account, queue.region, owed)
        await self._calls.call("sqs", "SendMessage", params, caller)

    async def _call(
        self,
        owed: Owed,
        arn: Arn,
        service: str,
        operation: str,
        params: dict[str, Any],
        *,
        by_role: bool = False,
    ) -> None:
        caller = self._role(owed, arn.region) if by_role else self._service(owed.account, arn.region, owed)
        await self._calls.call(service, operation, params, caller)

    async def _log(self, owed: Owed, arn: Arn, text: str) -> None:
        group = arn.resource.removeprefix("log-group:").removesuffix(":*")
        # AWS does not say how it names its streams: one for each rule and target here.
        unique = f"{owed.bus}/{owed.rule}/{owed.target['Id']}".encode()
        stream = {"logGroupName": group, "logStreamName": hashlib.blake2b(unique, digest_size=16).hexdigest()}
        caller = self._service(arn.account, arn.region, owed)
        try:
            await self._calls.call("logs", "CreateLogStream", stream, caller)
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        events = [{"timestamp": self._state.clock.now_ms(), "message": text}]
        await self._calls.call("logs", "PutLogEvents", stream | {"logEvents": events}, caller)

    async def _put(self, owed: Owed, arn: Arn) -> None:
        """The event itself goes on, with its id and account: inputs are for other targets."""
        place = BusPlace(arn.account, arn.region, arn.resource.removeprefix("event-bus/"))
        if owed.hops >= HOPS_MAX:
            raise Undelivered("TooManyHops", f"the event came by {owed.hops} buses", again=False)
        served = await self._state.rules.of(place)
        if served is None:
            raise Undelivered("RESOURCE_NOT_FOUND", f"Event bus {place.name} does not exist.", again=False)
        role = "RoleArn" in owed.target
        caller = self._role(owed, arn.region) if role else self._service(owed.account, arn.region, owed)
        if role:
            policy = None if served.bus is None else served.bus.policy
            policies = () if policy is None else (Policy(policy),)
            await self._require(caller, ACTION, place.arn, policies)
        ctx = Call(caller, caller.account, caller.region, caller.request_id, self._state, self._calls)
        await publish(ctx, [Given(place, owed.event, owed.trace)], check=True, hops=owed.hops + 1)

    async def _require(
        self, caller: Caller, action: str, resource: str, policies: Sequence[Policy] = ()
    ) -> None:
        """AccessDeniedException for what a target's role may not do."""
        refusal = await self._calls.refusal(caller, Need(action, resource), policies)
        if refusal is not None:
            raise AwsError(
                "AccessDeniedException",
                f"User: {caller.principal.arn} is not authorized to perform: {action} on resource: {resource} {refusal}",
            )

    def _service(self, account: str, region: str, owed: Owed) -> Caller:
        """EventBridge itself in the target's account, on behalf of the rule in its own."""
        principal = Principal(PrincipalType.SERVICE, owed.account, PRINCIPAL, PRINCIPAL)
        rule = BusPlace(owed.account, owed.region, owed.bus).rule_arn(owed.rule)
        return Caller(
            account,
            region,
            principal,
            self._state.ids.uuid(),
            user_agent=PRINCIPAL,
            trace=owed.trace,
            source_arn=rule,
        )

    def _role(self, owed: Owed, region: str) -> Caller:
        """A session of the target's role. In open mode a role of another account (a made-up ARN, as in many examples) stands for
        one of the rule's account."""
        role = parse_arn(owed.target["RoleArn"])
        account = owed.account if role is None or self._open else role.account
        name = "events" if role is None else role.resource.rsplit("/", 1)[-1]
        partition = partition_of(region)
        principal = Principal(
            PrincipalType.ASSUMED_ROLE,
            account,
            f"arn:{partition}:sts::{account}:assumed-role/{name}/{self._state.ids.hex(32)}",
            f"AROA{name}:events",
            issuer_arn=f"arn:{partition}:iam::{account}:{role.resource if role else f'role/{name}'}",
            acts_as_root=self._open,
        )
        return Caller(
            account, region, principal, self._state.ids.uuid(), user_agent=PRINCIPAL, trace=owed.trace
        )


def _invocation(owed: Owed, text: str) -> dict[str, Any]:
    return {"FunctionName": owed.target["Arn"], "InvocationType": "Event", "Payload": text.encode()}


def _message(owed: Owed, text: str) -> dict[str, Any]:
    params: dict[str, Any] = {"MessageBody": text}
    group = (owed.target.get("SqsParameters") or {}).get("MessageGroupId")
    if group:
        params["MessageGroupId"] = group
    if owed.trace:
        header = {"DataType": "String", "StringValue": owed.trace}
        params["MessageSystemAttributes"] = {"AWSTraceHeader": header}
    return params
