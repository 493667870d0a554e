"""From a request to the operation it calls.

In the order of the marks that clients leave: `X-Amz-Target` (JSON), `smithy-protocol` (CBOR), `Action` (query), else
method and path (REST), where the credential scope says which service is meant, and the path alone when there is none.
Nothing here raises: what cannot be routed is a `Routed` with a `problem`, in the protocol that the request looks like.
"""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.config import DEFAULT_ACCOUNT
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Request
from fogbank.core.limits import ROUTE_PATH_BYTES_MAX, ROUTES_CACHED_MAX
from fogbank.model.shapes import OperationModel, spoken_in
from fogbank.protocol.cbor import CborCodec
from fogbank.protocol.codec import Codec, plain_body
from fogbank.protocol.json import JsonCodec
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.query import NO_ACTION, OWN_WORDS, PATHS, RESOURCE_PATH, QueryCodec
from fogbank.protocol.query_json import QueryJsonCodec
from fogbank.protocol.rest_json import RestJsonCodec
from fogbank.protocol.rest_request import parse_query
from fogbank.protocol.rest_xml import RestXmlCodec
from fogbank.protocol.routed import Declared, Endpoint, Routed
from fogbank.protocol.scope import signing_name
from fogbank.protocol.uri import Marks, UriTable
from fogbank.protocol.virtual_hosts import bucket_path

CODECS: dict[str, type[Codec]] = {
    "json": JsonCodec,
    "rest-json": RestJsonCodec,
    "rest-xml": RestXmlCodec,
    "query": QueryCodec,
    "smithy-rpc-v2-cbor": CborCodec,
}
FORM = "application/x-www-form-urlencoded"
CATCH_ALL = "s3"  # its patterns match any path: only asked by name, or when nothing else fits
JSON_CONTENT = "application/x-amz-json-"


class Router:
    """Routes for the services that are mounted. Build a new one when services are added."""

    def __init__(self, services: Mapping[str, Declared]) -> None:
        self._targets: dict[str, Routed] = {}
        self._cbor: dict[str, Routed] = {}
        self._actions: dict[str, list[tuple[Declared, Routed]]] = {}
        self._rest: dict[str, UriTable[tuple[str, Endpoint]]] = {}  # by signing name; "" is all of them
        self._signing: dict[str, list[Declared]] = {}
        self._cache: dict[tuple[str | None, str, str], Routed] = {}
        self._json_codecs: dict[str, QueryJsonCodec] = {}  # of query services that also answer in JSON
        self._json_endpoints: dict[tuple[str, str], Routed] = {}
        self._strangers: dict[str, Codec] = {name: codec(None) for name, codec in CODECS.items()}
        for service in sorted(services.values(), key=lambda service: service.name == CATCH_ALL):
            self._add(service)

    def _add(self, service: Declared) -> None:
        model = service.model
        self._signing.setdefault(model.signing_name, []).append(service)
        for protocol in model.protocols:
            if protocol not in CODECS:
                continue
            spoken = spoken_in(model, protocol)
            codec = CODECS[protocol](spoken)
            if protocol == "query" and service.name in PATHS:
                self._json_codecs[service.name] = QueryJsonCodec(spoken)
            for operation in sorted(spoken.operations.values(), key=_is_deprecated):
                endpoint = Endpoint(codec, operation, service)
                self._add_operation(protocol, service, operation, endpoint)

    def _add_operation(
        self, protocol: str, service: Declared, operation: OperationModel, endpoint: Endpoint
    ) -> None:
        model = service.model
        routed = Routed(endpoint.codec, service.name, endpoint)
        match protocol:
            case "json":
                self._targets[f"{model.metadata['targetPrefix']}.{operation.name}"] = routed
            case "smithy-rpc-v2-cbor":
                self._cbor[f"/service/{model.metadata['targetPrefix']}/operation/{operation.name}"] = routed
            case "query":
                self._actions.setdefault(operation.name, []).append((service, routed))
            case _:
                tables = [model.signing_name] if service.name == CATCH_ALL else [model.signing_name, ""]
                for name in tables:
                    table = self._rest.setdefault(name, UriTable())
                    table.add(operation.method, operation.uri, (service.name, endpoint), _marks(operation))

    def route(self, request: Request) -> Routed:
        """Where a request goes. Never raises."""
        headers = request.headers
        target = headers.get("x-amz-target")
        if target is not None:
            found = self._targets.get(target)
            return found if found is not None else self._unknown_target(target, request)
        if headers.get("smithy-protocol") == "rpc-v2-cbor":
            found = self._cbor.get(request.path)
            return found if found is not None else self._unknown_cbor(request)
        scope = signing_name(request)
        if scope is None and (found := self._by_resource(request)) is not None:
            return found
        may_name_bucket = CATCH_ALL in self._signing and scope in (None, CATCH_ALL)
        if may_name_bucket and (path := bucket_path(request, signed=scope is not None)) is not None:
            return self._by_path(request, CATCH_ALL, path)
        if request.path in ("/", "") and (found := self._by_action(request)) is not None:
            return found
        return self._by_path(request, scope, request.path)

    # --- REST -------------------------------------------------------------------------------------------------------

    def _by_path(self, request: Request, scope: str | None, path: str) -> Routed:
        """`path` is the request's, with the bucket that its host names in front."""
        key = (scope, request.method, path)
        kept = self._cache.get(key)
        if kept is not None:
            return kept
        table = self._rest.get(scope or "")
        if table is None and scope in self._signing:
            return self._by_action(request) or self._unknown_path(request, scope)
        if table is None:
            return self._stranger(request, scope)
        try:
            found = table.find(request, path)
            if found is None and scope is None and (catch_all := self._rest.get(CATCH_ALL)) is not None:
                found = catch_all.find(request, path)
        except Malformed as problem:
            error = AwsError("SerializationException", str(problem))
            return Routed(self._strangers["rest-json"], scope or "", problem=error)
        if found is None:
            return self._by_action(request) or self._unknown_path(request, scope)
        service, endpoint = found.target
        routed = Routed(endpoint.codec, service, endpoint, found.labels)
        if found.sure and len(path) <= ROUTE_PATH_BYTES_MAX and len(scope or "") < ROUTE_PATH_BYTES_MAX:
            if len(self._cache) >= ROUTES_CACHED_MAX:
                self._cache.clear()  # rare, cheap to fill again, and needs no bookkeeping on the hot path
            self._cache[key] = routed
        return routed

    def _unknown_path(self, request: Request, scope: str | None) -> Routed:
        services = self._signing.get(scope or "", [])
        service = services[0] if services else None
        protocol = service.model.protocols[0] if service else "rest-json"
        codec = self._strangers.get(protocol, self._strangers["rest-json"])
        table = self._rest.get(scope or "")
        if service is not None and service.name in PATHS and "x-amz-target" not in request.headers:
            return Routed(
                QueryCodec(service.model), service.name, problem=AwsError(NO_ACTION, "", status=404)
            )
        known = table.methods(request.path) if table is not None else set()
        if known:
            error = AwsError("MethodNotAllowedException", f"{request.method} is not allowed here", status=405)
        else:
            message = f"Unable to determine service/operation name to be authorized: {request.method} {request.path[:128]}"
            error = AwsError("UnknownOperationException", message, status=404)
        return Routed(codec, service.name if service else "", problem=error)

    # --- query ------------------------------------------------------------------------------------------------------

    def _by_resource(self, request: Request) -> Routed | None:
        """An unsigned request to a resource's own URL: its form says whose. None when it may as well be an object's in a bucket
        that is called so."""
        for name in PATHS:
            if name in self._signing and RESOURCE_PATH.match(request.path):
                found = self._by_action(request, name)
                is_bare = request.method == "GET" and not request.query
                if found is None and is_bare and request.path[1:13] == DEFAULT_ACCOUNT:
                    return self._unknown_path(request, name)
                return found
        return None

    def _by_action(self, request: Request, scope: str | None = None) -> Routed | None:
        """The route of a query request; None when the request is not one. `scope`: who is meant when it is not signed."""
        is_form = (request.headers.get("content-type") or "").startswith(FORM)
        if not is_form and "Action=" not in request.query:
            return None
        try:
            fields = parse_query(request.query) if "Action=" in request.query else _form_fields(request)
        except Malformed as problem:
            return Routed(self._strangers["query"], "", problem=AwsError("MalformedInput", str(problem)))
        if fields is None:
            return None
        action = fields["Action"][0]
        version = fields.get("Version", [""])[0]
        scope = signing_name(request) or scope
        found = _pick(self._actions.get(action, []), scope, version)
        wants_json = _prefers_json(request.headers.get("accept"))
        if found is None:
            return self._unknown_action(action, version, scope, wants_json)
        return self._in_json(found) if wants_json and found.service in self._json_codecs else found

    def _in_json(self, routed: Routed) -> Routed:
        """The same, answered in JSON."""
        endpoint = routed.endpoint
        assert endpoint is not None  # those of actions have one
        key = routed.service, endpoint.model.name
        found = self._json_endpoints.get(key)
        if found is None:
            codec = self._json_codecs[routed.service]
            found = Routed(codec, routed.service, Endpoint(codec, endpoint.model, endpoint.service))
            self._json_endpoints[key] = found
        return found

    def _unknown_action(self, action: str, version: str, scope: str | None, wants_json: bool) -> Routed:
        services = self._signing.get(scope or "", [])
        if scope is not None and not services:
            return Routed(self._strangers["query"], scope, problem=NotSupported(f"{scope} {action[:128]}"))
        codec: Codec = self._strangers["query"]
        if services and "query" in services[0].model.protocols:
            kept = self._json_codecs.get(services[0].name) if wants_json else None
            codec = kept or QueryCodec(services[0].model)
        message = (
            f"Could not find operation {action[:128]} for version {version[:32] or 'NO_VERSION_SPECIFIED'}"
        )
        if services and services[0].name in OWN_WORDS:
            message = OWN_WORDS[services[0].name].format(action=action[:128])
        return Routed(codec, services[0].name if services else "", problem=AwsError("InvalidAction", message))

    # --- what is not known ------------------------------------------------------------------------------------------

    def _unknown_target(self, target: str, request: Request) -> Routed:
        scope = signing_name(request)
        prefix, _, action = target[:256].rpartition(".")
        content = request.headers.get("content-type") or ""
        version = content.removeprefix(JSON_CONTENT)[:3] if content.startswith(JSON_CONTENT) else None
        version = version if version in ("1.0", "1.1") else None
        codec = JsonCodec(None, version)
        mounted = self._signing.get(scope or "")
        if scope is not None and mounted is None and prefix:
            return Routed(codec, scope, problem=NotSupported(f"{scope[:64]} {action}"))
        service = mounted[0].name if mounted else ""
        if (
            mounted and scope == "dynamodb"
        ):  # with its framework's namespace, and its words as boto3#1542 has them
            codec = JsonCodec(mounted[0].model, version)
            error = AwsError("UnknownOperationException", "Unknown operation exception")
            return Routed(codec, service, problem=error)
        return Routed(codec, service, problem=AwsError("UnknownOperationException", ""))

    def _unknown_cbor(self, request: Request) -> Routed:
        scope, codec = signing_name(request), self._strangers["smithy-rpc-v2-cbor"]
        if scope is not None and scope not in self._signing:
            action = request.path.rpartition("/")[2][:128]
            return Routed(codec, scope, problem=NotSupported(f"{scope[:64]} {action}"))
        return Routed(codec, "", problem=AwsError("UnknownOperationException", "", status=404))

    def _stranger(self, request: Request, scope: str | None) -> Routed:
        """A REST request to a service that is not mounted."""
        if scope is None:
            return self._unknown_path(request, None)
        if (by_action := self._by_action(request)) is not None:
            return by_action
        codec = self._strangers["rest-xml" if scope == CATCH_ALL else "rest-json"]
        return Routed(
            codec, scope, problem=NotSupported(f"{scope[:64]} {request.method} {request.path[:128]}")
        )


def _is_deprecated(operation: OperationModel) -> bool:
    """Deprecated operations come last: S3's successors of some have the same method and path."""
    return bool(operation.raw.get("deprecated"))


def _marks(operation: OperationModel) -> Marks:
    """What an operation requires outside of its path and body."""
    query, headers = set(), set()
    shape = operation.input
    if shape is None:
        return Marks()
    for name in shape.required:
        member = shape.members[name]
        wire = member.trait("locationName", name)
        match member.trait("location"):
            case "querystring":
                query.add(wire)
            case "header":
                headers.add(wire.lower())
    return Marks(frozenset(query), frozenset(headers))


def _prefers_json(accept: str | None) -> bool:
    """Whether an Accept header names JSON, and before XML if that too; whether AWS weighs them so is a guess."""
    if accept is None or (at := accept.lower().find("json")) < 0:
        return False
    return "xml" not in accept[:at].lower()


def _pick(candidates: list[tuple[Declared, Routed]], scope: str | None, version: str) -> Routed | None:
    """The service that an action is meant for: as signed; unsigned, by version, else if there is but one."""
    if scope is not None:
        return next((routed for service, routed in candidates if service.model.signing_name == scope), None)
    for service, routed in candidates:
        if service.model.metadata["apiVersion"] == version:
            return routed
    return candidates[0][1] if len(candidates) == 1 else None


def _form_fields(request: Request) -> dict[str, list[str]] | None:
    """The fields of a form body that has an Action; None when it has none."""
    body = plain_body(request)
    if b"Action=" not in body:
        return None
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        return None
    if text.startswith("Action="):  # as every SDK sends it: the version is the second field then
        first, _, rest = text.partition("&")
        second = rest.partition("&")[0]
        fields = {"Action": [first[7:]]}
        return fields | {"Version": [second[8:]]} if second.startswith("Version=") else parse_query(text)
    fields = parse_query(text)
    return fields if "Action" in fields else None
