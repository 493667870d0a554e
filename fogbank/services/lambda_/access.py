"""Functions of other accounts. Resource policies are not evaluated yet, so nobody reaches them but open mode's callers."""

from __future__ import annotations

from fogbank.model.call import Call
from fogbank.services.lambda_.errors import access_denied
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.state import Lambda


def check_access(ctx: Call[Lambda], name: FunctionName, action: str) -> None:
    """AccessDeniedException for a function of another account, unless the caller may do everything anyway."""
    if name.account != ctx.account and not ctx.principal.acts_as_root:
        raise access_denied(ctx.principal.arn, action, name.qualified_arn)
