"""Makes the first boto3 client of a function cheap, without giving it anything of anybody else's.

What botocore computes again for every session, always with the same result, is computed once in the zygote and kept: parsed
model files, the list of services in its own data folder, whether its own handlers take keyword arguments, the aliases of
event names. All of it is data that ships with botocore; the session that computed it is dropped. Each piece is left
alone where this botocore is built otherwise.
"""

# What functions call most; parsed in the zygote, shared by all environments.
WARM_SERVICES = ("s3", "dynamodb", "sqs", "sns")


class _Filling:
    """Whether the caches still take what they see. Ends before the first fork, so no function's data is ever kept."""

    on = True


def warm():
    """Fill the caches. Does nothing where there is no boto3."""
    try:
        import boto3
        import botocore.hooks
        import botocore.loaders
    except ImportError:
        return
    filling = _Filling()
    _keep_parsed_files(botocore.loaders, filling)
    _keep_service_lists(botocore.loaders, filling)
    _keep_signatures(botocore.hooks, filling)
    _keep_aliases(botocore.hooks)
    session = boto3.session.Session(
        aws_access_key_id="warm", aws_secret_access_key="warm", region_name="us-east-1"
    )
    for service in WARM_SERVICES:
        session.client(service)
    filling.on = False
    boto3.DEFAULT_SESSION = None


def _keep_parsed_files(loaders, filling):
    loader = getattr(loaders, "JSONFileLoader", None)
    original = getattr(loader, "load_file", None)
    if original is None:
        return
    parsed = {}

    def load_file(self, file_path):
        value = parsed.get(file_path)
        if value is None:
            value = original(self, file_path)
            if filling.on:
                parsed[file_path] = value
        return value

    loader.load_file = load_file


def _keep_service_lists(loaders, filling):
    """Only botocore's own folder is kept; with models of the function's own (AWS_DATA_PATH) it is searched anew."""
    loader = getattr(loaders, "Loader", None)
    original = getattr(loader, "list_available_services", None)
    if original is None or not hasattr(loader, "_potential_locations"):
        return
    lists = {}

    def list_available_services(self, type_name):
        where = (type_name, *self._potential_locations())
        found = lists.get(where)
        if found is None:
            found = original(self, type_name)
            if filling.on:
                lists[where] = found
        return list(found)

    loader.list_available_services = list_available_services


def _keep_signatures(hooks, filling):
    original = getattr(hooks, "accepts_kwargs", None)
    if original is None:
        return
    known = {}

    def accepts_kwargs(function):
        plain = getattr(function, "__func__", function)
        try:
            value = known.get(plain)
        except TypeError:
            return original(function)
        if value is None:
            value = original(function)
            if filling.on:
                known[plain] = value
        return value

    hooks.accepts_kwargs = accepts_kwargs


def _keep_aliases(hooks):
    """Pure: event names in, event names out. After a fork the dictionary is the environment's own."""
    aliaser = getattr(hooks, "EventAliaser", None)
    standard = getattr(hooks, "EVENT_ALIASES", None)
    if aliaser is None or standard is None:
        return
    original = aliaser.__init__
    names = {}

    def __init__(self, *arguments, **named):
        original(self, *arguments, **named)
        if hasattr(self, "_alias_name_cache") and getattr(self, "_event_aliases", None) == standard:
            self._alias_name_cache = names

    aliaser.__init__ = __init__
