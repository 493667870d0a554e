"""OpenAPI 3.0 in and out, with the extensions of HTTP APIs."""
