"""Distributed Map: where its items come from (ItemReader), how they are batched, where its results go (ResultWriter)."""

from __future__ import annotations

from fogbank.services.stepfunctions.distributed.batches import batches
from fogbank.services.stepfunctions.distributed.port import Maps

__all__ = ["Maps", "batches"]
