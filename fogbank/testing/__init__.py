"""What tests use, ours and yours: a fogbank in a thread of the test process, and a pytest plugin.

def test_orders(fogbank):                       # a fogbank in memory, emptied before each test
    client = fogbank.client("lambda")
    fogbank.advance(3600)                       # an hour passes
"""

from fogbank.testing.server import Fogbank

__all__ = ["Fogbank"]
