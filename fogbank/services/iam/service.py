"""The IAM service object that every noun module of this folder declares its operations on."""

from __future__ import annotations

from fogbank.model.service import Service
from fogbank.services.iam.state import Iam

SERVICE: Service[Iam] = Service("iam")
