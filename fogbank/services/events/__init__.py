"""Amazon EventBridge. Importing this package declares every operation; `SERVICE` and the state class `Events` are what app.py joins."""

from fogbank.services.events import api_destinations as api_destinations
from fogbank.services.events import buses as buses
from fogbank.services.events import connections as connections
from fogbank.services.events import credentials as credentials
from fogbank.services.events import needs as needs
from fogbank.services.events import patterns as patterns
from fogbank.services.events import permissions as permissions
from fogbank.services.events import put_events as put_events
from fogbank.services.events import rules as rules
from fogbank.services.events import tags as tags
from fogbank.services.events import targets as targets
from fogbank.services.events.service import SERVICE
from fogbank.services.events.state import Events

__all__ = ["SERVICE", "Events"]
