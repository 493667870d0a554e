"""The data plane of HTTP APIs and WebSocket APIs."""
