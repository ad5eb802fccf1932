"""Holds what is answered and told against the documents that strangers read."""

from typing import Any

import jsonschema_rs

Json = dict[str, Any]


def closed(schema: Any) -> Any:
    """The same schema, but that an object has no part that is not described: a part that is forgotten is then seen."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    # Where `properties` is a part's own name, what it holds is a schema and no object of schemas.
    if inner.get("type") == "object" and "properties" in inner:
        inner.setdefault("additionalProperties", False)
    return inner


def complaints(document: Json, schema: Json, value: object) -> list[str]:
    """What of a value is not as a schema of the document says, or is not in it at all."""
    schemas = closed(document["components"]["schemas"])
    validator = jsonschema_rs.validator_for({**closed(schema), "components": {"schemas": schemas}})
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(value)]
