"""The STS service object that this folder declares its operations on."""

from __future__ import annotations

from fogbank.model.service import Service
from fogbank.services.sts.state import Sts

SERVICE: Service[Sts] = Service("sts")
