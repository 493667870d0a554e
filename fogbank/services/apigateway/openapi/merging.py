"""A `Definition` onto the draft of an API: names become ids, paths become resources, everything in one transaction."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.gateway.records import Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import endpoints, keys
from fogbank.services.apigateway.authorizers import check_authorizer
from fogbank.services.apigateway.cloning import put_resource
from fogbank.services.apigateway.default_models import EMPTY
from fogbank.services.apigateway.documentation_parts import check_properties, location_of, place_key, put_part
from fogbank.services.apigateway.drafts import new_id, no_room
from fogbank.services.apigateway.gateway_defaults import STATUS
from fogbank.services.apigateway.gateway_responses import gateway_response
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import DOCUMENTATION_PARTS_PER_API_MAX, RESOURCES_PER_API_MAX
from fogbank.services.apigateway.methods import authorization_type_of, check_scopes
from fogbank.services.apigateway.openapi.definition import Definition
from fogbank.services.apigateway.openapi.typed import mapping, text, texts
from fogbank.services.apigateway.resource_policies import policy_of
from fogbank.services.apigateway.resources import check_path_part
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Transaction

#: Members of a RestApi that only a definition sets: an overwrite without them removes them.
OPTIONAL = ("description", "version", "binaryMediaTypes", "minimumCompressionSize", "policy")
NOUNS = ("resource", "child", "model", "validator", "authorizer", "gatewayresponse")


class Merging:
    """One import. `before` is the draft as it was (`draft_snapshot`), with `api` as it is to be changed."""

    def __init__(self, ctx: Call[ApiGateway], before: Wire, found: Definition, *, overwrite: bool) -> None:
        self._ctx = ctx
        self._before = before
        self._found = found
        self._overwrite = overwrite
        self.api: Wire = before["api"]
        self._id: str = self.api["id"]

    def write(self, tx: Transaction) -> None:
        """Everything but the API's own record and the documentation. Raises BadRequestException."""
        self._merge_api()
        if self._overwrite:
            for noun in NOUNS:
                tx.delete_prefix(keys.part(self._id, noun))
        self._write_models(tx)
        for kind, response in self._found.gateway_responses.items():
            tx.put(keys.part(self._id, "gatewayresponse", kind), pack(_gateway_response(kind, response)))
        validators = self._write_named(
            tx, "validator", self._before["requestValidators"], self._found.validators
        )
        for authorizer in self._found.authorizers.values():
            check_authorizer(authorizer | {"id": ""})
        by_name = {each["name"]: each for each in self._found.authorizers.values()}
        authorizers = self._write_named(tx, "authorizer", self._before["authorizers"], by_name)
        scheme_ids = {name: authorizers[each["name"]] for name, each in self._found.authorizers.items()}
        self._write_resources(tx, validators, scheme_ids)

    def _merge_api(self) -> None:
        asked = dict(self._found.api)
        endpoint = asked.pop("endpointConfiguration", None)
        if self._overwrite:
            for member in OPTIONAL:
                self.api.pop(member, None)
        if "policy" in asked:
            asked["policy"] = policy_of(asked["policy"], place_of(self._ctx), self._id)
        self.api |= asked
        if endpoint:
            merged = self.api.get("endpointConfiguration", {}) | endpoint
            if "ipAddressType" not in endpoint:
                merged.pop("ipAddressType", None)
            self.api["endpointConfiguration"] = endpoints.endpoint_of(merged)
        if self.api.get("apiKeySource") not in ("HEADER", "AUTHORIZER"):
            raise bad_request("Invalid API key source specified. Must be one of: [HEADER, AUTHORIZER]")

    def _write_models(self, tx: Transaction) -> None:
        ids = {model["name"]: model["id"] for model in self._before["models"]}
        for name, model in self._found.models.items():
            model["id"] = ids.get(name) or new_id(self._ctx)
            tx.put(keys.part(self._id, "model", name), pack(model))

    def _write_named(
        self, tx: Transaction, noun: str, held: list[Wire], asked: dict[str, Wire]
    ) -> dict[str, str]:
        """Ids by name: those that are there keep theirs."""
        ids = {each["name"]: each["id"] for each in held}
        for name, each in asked.items():
            ids[name] = ids.get(name) or new_id(self._ctx)
            tx.put(keys.part(self._id, noun, ids[name]), pack(each | {"id": ids[name]}))
        return ids

    # --- resources

    def _write_resources(
        self, tx: Transaction, validators: dict[str, str], authorizers: dict[str, str]
    ) -> None:
        tree = Tree(self._ctx, self._before["resources"], keep_methods=not self._overwrite)
        models = set(self._found.models) | {EMPTY}
        if not self._overwrite:
            models |= {model["name"] for model in self._before["models"]}
        for path, methods in self._found.methods.items():
            resource = tree.at(path)
            for http_method, method in methods.items():
                _connect(method, resource, validators, authorizers, models)
                resource.setdefault("resourceMethods", {})[http_method] = method
        for resource in tree.used if self._overwrite else tree.all:
            put_resource(tx, self._id, resource)


def _connect(
    method: Wire, resource: Wire, validators: dict[str, str], authorizers: dict[str, str], models: set[str]
) -> None:
    """Names in a method become ids; what it names is there."""
    if "requestValidatorId" in method:
        method["requestValidatorId"] = validators[method["requestValidatorId"]]
    if "authorizerId" in method:
        method["authorizerId"] = authorizers[method["authorizerId"]]
    method["authorizationType"] = authorization_type_of(method["authorizationType"])
    check_scopes(method)
    for model in (method.get("requestModels") or {}).values():
        if model not in models:
            raise bad_request(f"Invalid model identifier specified: {model}")
    integration = method.get("methodIntegration")
    if integration is not None:
        integration.setdefault("cacheNamespace", resource["id"])


def _gateway_response(kind: str, given: Any) -> Wire:
    if kind not in STATUS:
        raise bad_request(f"Errors found during import:\n\tInvalid gateway response type specified: {kind}")
    given = mapping(given, kind)
    return gateway_response(
        kind,
        text(given.get("statusCode"), f"{kind}.statusCode"),
        texts(given.get("responseParameters"), f"{kind}.responseParameters"),
        texts(given.get("responseTemplates"), f"{kind}.responseTemplates"),
    )


class Tree:
    """The resources of an API by path; makes those that are missing."""

    def __init__(self, ctx: Call[ApiGateway], resources: list[Wire], *, keep_methods: bool) -> None:
        self._ctx = ctx
        self._by_path = {resource["path"]: resource for resource in resources}
        self._used = {"/": self._by_path["/"]}
        if not keep_methods:
            for resource in resources:
                resource.pop("resourceMethods", None)

    @property
    def all(self) -> list[Wire]:
        return list(self._by_path.values())

    @property
    def used(self) -> list[Wire]:
        """Those that were asked for, and what leads to them."""
        return list(self._used.values())

    def at(self, path: str) -> Wire:
        """The resource of a path. Raises BadRequestException, LimitExceededException."""
        resource, walked = self._by_path["/"], ""
        for step in (step for step in path.split("/") if step):
            walked = f"{walked}/{step}"
            child = self._by_path.get(walked)
            if child is None:
                child = self._by_path[walked] = self._new(resource, step, walked)
            resource = self._used[walked] = child
        return resource

    def _new(self, parent: Wire, step: str, path: str) -> Wire:
        try:
            check_path_part(step)
        except AwsError as error:
            raise bad_request(
                f"Errors found during import:\n\tUnable to create resource at path '{path}': {error.message}"
            ) from None
        if parent.get("pathPart", "").endswith("+}"):
            raise bad_request(
                f"Errors found during import:\n\tUnable to create resource at path '{path}': Cannot create a child of "
                f"a resource with a greedy path variable: {parent['pathPart']}"
            )
        for other in self._used.values() if step.startswith("{") else ():
            if other.get("parentId") == parent["id"] and other["pathPart"].startswith("{"):
                raise bad_request(
                    f"Errors found during import:\n\tUnable to create resource at path '{path}': A sibling "
                    f"({other['pathPart']}) of this resource already has a variable path part -- only one is allowed"
                )
        if len(self._by_path) >= RESOURCES_PER_API_MAX:
            raise no_room("resources")
        return {"id": new_id(self._ctx), "parentId": parent["id"], "pathPart": step, "path": path}


async def write_documentation(
    ctx: Call[ApiGateway], tx: Transaction, api_id: str, parts: list[Wire], *, overwrite: bool
) -> list[str]:
    """Add parts to `tx`: a location that has one keeps its id. The ids, in order."""
    store = ctx.state.store
    checked = [
        {"location": location_of(part["location"]), "properties": part["properties"]} for part in parts
    ]
    for part in checked:
        check_properties(part["properties"])
    if len(checked) > DOCUMENTATION_PARTS_PER_API_MAX:
        raise no_room("documentation parts")
    if overwrite:
        tx.delete_prefix(keys.part(api_id, "docpart")).delete_prefix(keys.part(api_id, "doclocation"))
    ids = []
    for part in checked:
        known = await scan(store, place_key(api_id, part["location"]), limit=1)
        part["id"] = known[0].wire["id"] if known else new_id(ctx)
        put_part(tx, api_id, part, expect=None)
        ids.append(part["id"])
    return ids
