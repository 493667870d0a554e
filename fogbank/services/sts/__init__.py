"""STS: who a caller is, and temporary credentials. Nothing is kept; the session token carries all."""

from fogbank.services.sts import assume_role, identity, tokens
from fogbank.services.sts import needs as needs
from fogbank.services.sts import service_roles as service_roles
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.state import Sts

__all__ = ["SERVICE", "Sts", "assume_role", "identity", "tokens"]
