"""WebSocket APIs: connections, routes by what messages say, integrations, `@connections`."""
