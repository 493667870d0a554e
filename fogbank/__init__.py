"""fogbank: AWS's serverless stack as one Python program that you own.

The tree is a house of floors; ARCHITECTURE.md draws it and tests/test_floors.py enforces it.
"""

__version__ = "0.1.0"
