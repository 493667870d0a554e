"""The condition keys of one call, worked out when the first policy asks for one: most policies have no conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.model.call import Caller
from fogbank.model.permissions import Need, Permissions
from fogbank.model.principal import Principal
from fogbank.policies.names import keys_of

#: Global keys whose values fogbank does not know: a resource's tags are its service's.
_NOT_KNOWN = ("aws:resourcetag/",)


class CallKeys(Mapping[str, Sequence[str]]):
    """`aws:…` keys of the caller, those that the service's table makes of the request's members, and the need's own."""

    __slots__ = ("_caller", "_declared", "_found", "_need", "_now_ms", "_params")

    def __init__(
        self, caller: Caller, need: Need, params: Mapping[str, Any], declared: Permissions | None, now_ms: int
    ) -> None:
        self._caller = caller
        self._need = need
        self._params = params
        self._declared = declared
        self._now_ms = now_ms
        self._found: dict[str, Sequence[str]] | None = None

    def know(self, principal: Principal) -> None:
        """The caller with all that IAM knows of it. Before the first key is asked for."""
        self._caller = replace(self._caller, principal=principal)

    def __getitem__(self, key: str) -> Sequence[str]:
        return self._all()[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self._all().get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def understands(self, key: str) -> bool:
        """Whether a key that is not here is known to have no value. Keys of other services never have one."""
        if key in self._all():
            return True
        prefix = key.partition(":")[0]
        if prefix == "aws":
            return not key.startswith(_NOT_KNOWN)
        if prefix != self._need.action.partition(":")[0]:
            return True
        return self._declared is not None and key in self._declared.keys

    def _all(self) -> dict[str, Sequence[str]]:
        found = self._found
        if found is None:
            found = self._found = dict(keys_of(self._caller, self._now_ms))
            arn = parse_arn(self._need.resource)
            found["aws:resourceaccount"] = [arn.account if arn and arn.account else self._caller.account]
            found.update(_tag_keys(self._params))
            if self._declared is not None:
                for key, member in self._declared.keys.items():
                    if values := self._values(member):
                        found[key] = values
            found.update(self._need.keys)
        return found

    def _values(self, member: str) -> list[str]:
        assert self._declared is not None
        read = self._declared.members.get(member)
        value: Any = read(self._caller, self._params) if read is not None else self._params.get(member)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [str(item) for item in items if isinstance(item, str | int)]


def _tag_keys(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """`aws:RequestTag/…` and `aws:TagKeys` of tags in the request, in either of AWS's shapes."""
    tags: dict[str, str] = {}
    for name in ("Tags", "tags"):
        given = params.get(name)
        if isinstance(given, Mapping):
            tags |= {str(key): str(value) for key, value in given.items()}
        elif isinstance(given, list):
            for each in given:
                if isinstance(each, Mapping):
                    key = each.get("Key", each.get("key", each.get("TagKey")))
                    value = each.get("Value", each.get("value", each.get("TagValue", "")))
                    tags[str(key)] = str(value)
    keys = [*tags]
    for name in ("TagKeys", "tagKeys"):
        if isinstance(params.get(name), list):
            keys += [str(each) for each in params[name]]
    found = {f"aws:requesttag/{key.lower()}": [value] for key, value in tags.items()}
    return found | {"aws:tagkeys": keys} if keys else found
