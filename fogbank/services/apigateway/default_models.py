"""The two models that every new API begins with, as AWS answers them."""

from __future__ import annotations

from fogbank.gateway.records import Wire

EMPTY = "Empty"
EMPTY_SCHEMA = """{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
}"""
ERROR_SCHEMA = """{
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
}"""


def default_models(empty_id: str, error_id: str) -> list[Wire]:
    return [
        {
            "id": empty_id,
            "name": EMPTY,
            "description": "This is a default empty schema model",
            "schema": EMPTY_SCHEMA,
            "contentType": "application/json",
        },
        {
            "id": error_id,
            "name": "Error",
            "description": "This is a default error schema model",
            "schema": ERROR_SCHEMA,
            "contentType": "application/json",
        },
    ]
