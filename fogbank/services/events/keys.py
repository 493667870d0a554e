"""Where EventBridge's records lie. All of an account in a region under one prefix, by kind and name."""

from __future__ import annotations

from fogbank.store.api import Key

ROOT: Key = ("events",)


def connections(account: str, region: str) -> Key:
    return ("events", account, region, "connection")


def connection(account: str, region: str, name: str) -> Key:
    return ("events", account, region, "connection", name)


def token(account: str, region: str, name: str) -> Key:
    """The OAuth token of a connection, sealed."""
    return ("events", account, region, "token", name)


def destinations(account: str, region: str) -> Key:
    return ("events", account, region, "api-destination")


def destination(account: str, region: str, name: str) -> Key:
    return ("events", account, region, "api-destination", name)


def buses(account: str, region: str) -> Key:
    return ("events", account, region, "bus")


def bus(account: str, region: str, name: str) -> Key:
    return ("events", account, region, "bus", name)


def rules(account: str, region: str, bus: str) -> Key:
    return ("events", account, region, "rule", bus)


def rule(account: str, region: str, bus: str, name: str) -> Key:
    return ("events", account, region, "rule", bus, name)
