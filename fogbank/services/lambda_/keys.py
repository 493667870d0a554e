"""Where Lambda's records lie in the store. Every key begins with the service, the account and the region."""

from __future__ import annotations

from fogbank.services.lambda_.names import FunctionName
from fogbank.store.api import Key

#: What the metadata cache of every node watches.
ALL: Key = ("lambda",)


def functions(account: str, region: str) -> Key:
    return ("lambda", account, region, "function")


def function(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "function", name.name)


def versions(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "version", name.name)


def version(name: FunctionName, number: str) -> Key:
    return (*versions(name), int(number))


def aliases(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "alias", name.name)


def alias(name: FunctionName, alias_name: str) -> Key:
    return (*aliases(name), alias_name)


def policies(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "policy", name.name)


def policy(name: FunctionName) -> Key:
    """The resource policy of the function, version or alias that `name` names."""
    return (*policies(name), name.qualifier or "")


def event_invoke_configs(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "event-invoke", name.name)


def event_invoke_config(name: FunctionName, qualifier: str) -> Key:
    return (*event_invoke_configs(name), qualifier)


def urls(name: FunctionName) -> Key:
    return ("lambda", name.account, name.region, "url", name.name)


def url(name: FunctionName) -> Key:
    """The URL of the function or alias that `name` names."""
    return (*urls(name), name.qualifier or "")


def url_owner(url_id: str) -> Key:
    """Whose URL it is, whatever account and region."""
    return ("lambda", "", "", "url-id", url_id)


def account(account: str, region: str) -> Key:
    """What an account uses in a region: sums kept with the functions they are of."""
    return ("lambda", account, region, "account")


def layers(account: str, region: str) -> Key:
    return ("lambda", account, region, "layer")


def layer(account: str, region: str, name: str) -> Key:
    return ("lambda", account, region, "layer", name)


def all_layer_versions(account: str, region: str) -> Key:
    return ("lambda", account, region, "layer-version")


def layer_versions(account: str, region: str, name: str) -> Key:
    return ("lambda", account, region, "layer-version", name)


def layer_version(account: str, region: str, name: str, number: int) -> Key:
    return ("lambda", account, region, "layer-version", name, number)


def layer_policy(account: str, region: str, name: str, number: int) -> Key:
    return ("lambda", account, region, "layer-policy", name, number)


def code_uses(code_sha: str) -> Key:
    """Who refers to a package: outside of `ALL`, since no invocation depends on it."""
    return ("lambda-code", code_sha)


def code_use(code_sha: str, owner: str) -> Key:
    return ("lambda-code", code_sha, owner)


def all_provisioned() -> Key:
    """The functions with provisioned concurrency: what a starting node makes environments for. Outside of `ALL`."""
    return ("lambda-provisioned",)


def provisioned(name: FunctionName) -> Key:
    return ("lambda-provisioned", name.account, name.region, name.name)


def event_queues() -> Key:
    """The functions that ever had an asynchronous event: whose queues a starting node looks into."""
    return ("lambda-events",)


def event_queue(name: FunctionName, uid: str) -> Key:
    return ("lambda-events", name.account, name.region, name.name, uid)
