"""The layers that a function refers to: found, checked together, in AWS's words."""

from __future__ import annotations

from fogbank.core.limits import LAYERS_MAX
from fogbank.model.call import Call
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import invalid_parameter
from fogbank.services.lambda_.layers import LAYER_ARN, LayerName, check_layer_access
from fogbank.services.lambda_.records import LayerUse, decode_layer_version
from fogbank.services.lambda_.state import Lambda


async def resolve_layers(ctx: Call[Lambda], arns: list[str]) -> tuple[LayerUse, ...]:
    """The layer versions that `arns` name, in order. Raises AWS's errors."""
    if len(arns) > LAYERS_MAX:
        raise invalid_parameter(f"Cannot reference more than {LAYERS_MAX} layers.")
    seen: dict[str, str] = {}
    uses: list[LayerUse] = []
    for arn in arns:
        found = LAYER_ARN.fullmatch(arn)
        if found is None or found["version"] is None:
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
        name = LayerName(found["account"], found["region"], found["name"])
        uses.append(await _resolve(ctx, arn, name, int(found["version"])))
    return tuple(uses)


async def _resolve(ctx: Call[Lambda], arn: str, name: LayerName, number: int) -> LayerUse:
    record = await ctx.state.store.get(keys.layer_version(name.account, name.region, name.name, number))
    if record is None:
        raise invalid_parameter(f"Layer version {arn} does not exist.")
    await check_layer_access(ctx, name, number)
    version = decode_layer_version(record.value)
    return LayerUse(arn, version.code_sha, version.code_bytes, version.unzipped_bytes)
