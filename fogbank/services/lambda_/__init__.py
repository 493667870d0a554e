"""AWS Lambda. Importing this package declares every operation; `SERVICE` and the state class `Lambda` are what app.py joins."""

from fogbank.services.lambda_ import aliases as aliases
from fogbank.services.lambda_ import creation as creation
from fogbank.services.lambda_ import event_invoke_configs as event_invoke_configs
from fogbank.services.lambda_ import event_source_mappings as event_source_mappings
from fogbank.services.lambda_ import function_urls as function_urls
from fogbank.services.lambda_ import functions as functions
from fogbank.services.lambda_ import invoke as invoke
from fogbank.services.lambda_ import layer_permissions as layer_permissions
from fogbank.services.lambda_ import layers as layers
from fogbank.services.lambda_ import needs as needs
from fogbank.services.lambda_ import permissions as permissions
from fogbank.services.lambda_ import provisioned_concurrency as provisioned_concurrency
from fogbank.services.lambda_ import recursion as recursion
from fogbank.services.lambda_ import reservations as reservations
from fogbank.services.lambda_ import runtime_management as runtime_management
from fogbank.services.lambda_ import tags as tags
from fogbank.services.lambda_ import updates as updates
from fogbank.services.lambda_ import versions as versions
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda

__all__ = ["SERVICE", "Lambda"]
