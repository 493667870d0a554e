"""Distributed Map: where its items come from (ItemReader), and where its results go (ResultWriter)."""

from __future__ import annotations

from fogbank.services.stepfunctions.distributed.port import Maps

__all__ = ["Maps"]
