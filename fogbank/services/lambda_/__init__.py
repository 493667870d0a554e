"""AWS Lambda. Importing this package declares every operation; `SERVICE` and the state class `Lambda` are what app.py joins."""

from fogbank.services.lambda_ import creation as creation
from fogbank.services.lambda_ import functions as functions
from fogbank.services.lambda_ import invoke as invoke
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda

__all__ = ["SERVICE", "Lambda"]
