"""The layers that a function refers to: found, checked together, in AWS's words."""

from __future__ import annotations

import re

from fogbank.core.limits import LAYERS_MAX
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import access_denied, invalid_parameter
from fogbank.services.lambda_.records import LayerUse, decode_layer_version
from fogbank.services.lambda_.state import Lambda

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:"
    r"(?P<name>[a-zA-Z0-9-_]+):(?P<version>[0-9]{1,18})"
)


async def resolve_layers(ctx: Call[Lambda], arns: list[str]) -> tuple[LayerUse, ...]:
    """The layer versions that `arns` name, in order. Raises AWS's errors."""
    if len(arns) > LAYERS_MAX:
        raise invalid_parameter(f"Cannot reference more than {LAYERS_MAX} layers.")
    seen: dict[str, str] = {}
    uses: list[LayerUse] = []
    for arn in arns:
        found = _ARN.fullmatch(arn)
        if found is None:
            raise invalid_parameter(f"Layer version {arn} does not exist.")
        if found["region"] != ctx.region:
            raise invalid_parameter(
                f"Layers are not in the same region as the function. Layers are expected to be in region {ctx.region}."
            )
        layer = arn.rpartition(":")[0]
        if layer in seen:
            raise invalid_parameter(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[layer]} and {arn}."
            )
        seen[layer] = arn
        uses.append(await _resolve(ctx, arn, found))
    return tuple(uses)


async def _resolve(ctx: Call[Lambda], arn: str, found: re.Match[str]) -> LayerUse:
    if found["account"] != ctx.account and not ctx.principal.acts_as_root:
        raise access_denied(ctx.principal.arn, "lambda:GetLayerVersion", arn)
    key = keys.layer_version(found["account"], ctx.region, found["name"], int(found["version"]))
    record = await ctx.state.store.get(key)
    if record is None:
        raise invalid_parameter(f"Layer version {arn} does not exist.")
    version = decode_layer_version(record.value)
    return LayerUse(arn, version.code_sha, version.code_bytes, version.unzipped_bytes)
