"""The composition root: the only place where things are built and joined.

`app.py` is one fogbank with its listening socket, `house.py` everything that holds state for one life of the store,
`services.py` how each service is built. ARCHITECTURE.md follows one request from here.
"""

from fogbank.app.app import App as App

__all__ = ["App"]
