"""What tests use, ours and yours: a fogbank in a thread of the test process, and a pytest plugin.

    def test_orders(fogbank):                       # a fogbank in memory, emptied before each test
        client = fogbank.client("lambda")
        fogbank.advance(3600)                       # an hour passes

pytest loads the plugin of every installed package, so importing this costs nothing until `Fogbank` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fogbank.testing.server import Fogbank

__all__ = ["Fogbank"]


def __getattr__(name: str) -> Any:
    if name == "Fogbank":
        from fogbank.testing.server import Fogbank

        return Fogbank
    raise AttributeError(name)
