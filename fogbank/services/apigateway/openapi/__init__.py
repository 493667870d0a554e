"""OpenAPI 3.0 and Swagger 2.0, both ways: definitions into the parts of an API, and a deployment into a definition."""
