"""JSON Schema in words: what type a value has, and a table of an object's parts. Pages are made from it."""

from collections.abc import Mapping
from typing import Any, Final

from tradeul.domain.fields import BY_NAME
from tradeul.web.reference.markup import Markup, joined, prose, table, tag

Json = Mapping[str, Any]

REF: Final = "#/components/schemas/"
WORDS: Final = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
MOMENT: Final = "unix-time-ms"


def type_of(schema: Json) -> Markup:
    """Say what a value is."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(REF)
        return tag("a", name, href=f"#shape-{name}")
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _or([type_of(each) for each in schema[key]])
    if "const" in schema:
        return tag("code", _plain(schema["const"]))
    if "enum" in schema:
        return _or([tag("code", _plain(each)) for each in schema["enum"]])
    return _simple(schema)


def _simple(schema: Json) -> Markup:
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return _or([type_of({**schema, "type": each}) for each in kind])
    if kind == "array":
        return joined("list of ", type_of(schema.get("items", {})))
    if kind == "object":
        values = schema.get("additionalProperties")
        return joined("object of ", type_of(values)) if isinstance(values, Mapping) else joined("object")
    if kind == "integer" and schema.get("format") == MOMENT:
        return joined("moment, ms")
    if schema.get("format") == "date-time":
        return joined("ISO 8601 with an offset")
    return joined(WORDS.get(str(kind), str(kind)), _bounds(schema))


def _bounds(schema: Json) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None:
        return f", {least:,} to {most:,}" if most is not None else f", {least:,} or more"
    longest = schema.get("maxLength")
    return "" if longest is None else f", {longest:,} characters at most"


def _or(words: list[Markup]) -> Markup:
    unique = list(dict.fromkeys(words))
    return joined(*(joined(" or ", word) if place else word for place, word in enumerate(unique)))


def _plain(value: object) -> str:
    return "null" if value is None else str(value)


def parts_of(schema: Json) -> Markup:
    """Show an object's parts. The fields of a symbol, which have a table of their own, are named in one line."""
    known = schema.get("properties", {})
    every = len(BY_NAME.keys() & known.keys()) == len(BY_NAME)
    rows: list[tuple[str, ...]] = [
        (_name(name, schema), type_of(part), prose(part.get("description", "")))
        for name, part in known.items()
        if not (every and name in BY_NAME and name != "symbol")
    ]
    shown = table(("part", "type", "meaning"), rows) if rows else Markup("")
    if not every:
        return shown
    which = "all of the" if "lists" in known else "of the"
    return joined(shown, tag("p", f"And {which} ", tag("a", "fields", href="#fields"), " by their names."))


def _name(name: str, schema: Json) -> Markup:
    sometimes = name not in schema.get("required", ())
    return joined(tag("code", name), tag("small", " optional") if sometimes else "")
