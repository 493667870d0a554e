"""What every generation of API Gateway is made of: routing, throttles, caches, JSON Schema, JWT, an HTTP client, formats.

Knows HTTP messages (`core/http.py`) and no AWS API: REST, HTTP and WebSocket APIs put these parts together in their services.
"""
