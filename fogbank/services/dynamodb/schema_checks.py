"""AttributeDefinitions and KeySchemas, as CreateTable and UpdateTable refuse them. Pure."""

from __future__ import annotations

from fogbank.core.errors import NotSupported
from fogbank.java.sets import grown_order
from fogbank.services.dynamodb.service import bad_value, invalid

Schema = list[dict[str, str]]


def attribute_types(definitions: list[dict[str, str]]) -> dict[str, str]:
    """Names and types of AttributeDefinitions. Raises ValidationException."""
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise invalid(f"Attribute Name is duplicated: {name}")
        types[name] = definition["AttributeType"]
    return types


def key_names(schema: Schema, *, is_global: bool = False) -> tuple[str, str | None]:
    """(hash, range) of a KeySchema. Raises ValidationException."""
    names = [element["AttributeName"] for element in schema]
    if len(schema) == 2 and names[0] == names[1]:
        raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if schema[0]["KeyType"] != "HASH":
        raise invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if is_global and (len(schema) > 2 or [each["KeyType"] for each in schema[1:]] == ["HASH"]):
        raise NotSupported("global secondary indexes with several attributes in a key")
    if len(schema) > 2:  # AWS shows the elements' addresses in its memory
        raise invalid(
            "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2"
        )
    if len(schema) == 1:
        return names[0], None
    if schema[1]["KeyType"] != "RANGE":
        raise invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    return names[0], names[1]


def check_is_defined(schema: Schema, types: dict[str, str]) -> None:
    """The attributes of one KeySchema are in AttributeDefinitions."""
    names = [element["AttributeName"] for element in schema]
    if len(names) > len(types):
        raise invalid("Invalid KeySchema: Some index key attribute have no definition")
    if any(name not in types for name in names):
        raise bad_value(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: {_list(names)}, AttributeDefinitions: {_list(grown_order(list(types)))}"
        )


def check_all_used(types: dict[str, str], used: set[str], *, has_indexes: bool) -> None:
    """CreateTable's AttributeDefinitions are those of the keys and nothing else."""
    if len(types) == len(used):
        return
    if has_indexes:
        keys_used = grown_order(sorted(used), 16)
        raise bad_value(
            f"Some AttributeDefinitions are not used. AttributeDefinitions: {_list(grown_order(list(types)))}, "
            f"keys used: {_list(keys_used)}"
        )
    raise bad_value(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
    )


def _list(names: list[str]) -> str:
    return f"[{', '.join(names)}]"
