"""What all shapes have in common, and how they are put into JSON Schema.

A shape says what an answer or a frame looks like; nothing is made from it but the documents, and tests hold answers
against those. Every docstring below an attribute is what strangers read.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from tradeul.domain.fields import CATALOGUE, Kind
from tradeul.domain.fields import Field as CatalogueField

Milliseconds = Annotated[int, Field(json_schema_extra={"format": "unix-time-ms"})]
"""A moment: integer milliseconds since 1970, UTC."""
SessionName = Literal["PRE_MARKET", "MARKET_OPEN", "POST_MARKET", "CLOSED"]
MarketName = Literal["live", "delayed", "simulated", "replay"]
FeedName = Literal["live", "stale", "partial", "closed", "starting"]

JSON_TYPES: Final = {
    Kind.NUMBER: "number",
    Kind.TIME: "integer",
    Kind.FLAG: "boolean",
    Kind.CODE: "string",
    Kind.TEXT: "string",
}


class Shape(BaseModel):
    """An object of an answer.

    Nothing is checked against it while the program runs, so what a check takes, 0.05 s of each start over all shapes,
    is not built before the documents are asked for.
    """

    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=True)


def sometimes() -> Any:
    """A part that is there at times only, and then is never null for that."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


def field_schema(field: CatalogueField) -> dict[str, Any]:
    """Describe the values of a field of the catalogue; all may be unknown."""
    unit = f" ({field.unit})" if field.unit else ""
    described = {"description": f"{field.meaning}{unit}."}
    if field.kind is Kind.CODE:
        return {"enum": [*field.labels, None], **described}
    more = {"format": "unix-time-ms"} if field.kind is Kind.TIME else {}
    return {"type": [JSON_TYPES[field.kind], "null"], **more, **described}


def _with_fields(schema: dict[str, Any]) -> None:
    known = schema.setdefault("properties", {})
    known.update({field.name: field_schema(field) for field in CATALOGUE if field.name not in known})


def _with_all_fields(schema: dict[str, Any]) -> None:
    _with_fields(schema)
    schema["required"] = list(schema["properties"])


class Row(Shape):
    """A row of a list: its rank, its symbol, and of the other fields those that are the list's columns."""

    model_config = ConfigDict(json_schema_extra=_with_fields)

    rank: int = Field(ge=1)
    """From 1, without a gap."""
    symbol: str
    """The ticker symbol, case-sensitive."""


class Values(Shape):
    """Values of columns by their field's name."""

    model_config = ConfigDict(json_schema_extra=_with_fields)


class AllValues(Shape):
    """Every field of the catalogue; what is unknown is null."""

    model_config = ConfigDict(json_schema_extra=_with_all_fields)

    symbol: str
    """The ticker symbol, case-sensitive."""


class _Plain(GenerateJsonSchema):
    """Without a title for every property, which would only say its name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  the signature is the library's
        return False


@lru_cache(maxsize=4)
def schemas_of(shapes: tuple[Any, ...]) -> tuple[Mapping[object, dict[str, Any]], dict[str, Any]]:
    """Put shapes into JSON Schema: the schema of each, and the definitions that those refer to as components.

    It takes 40 ms, so it is done once for the routes of a program.
    """
    wanted = list(dict.fromkeys(shapes))
    found, shared = TypeAdapter.json_schemas(
        [(number, "validation", TypeAdapter(shape)) for number, shape in enumerate(wanted)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Plain,
    )
    by_shape = {wanted[number]: schema for (number, _), schema in found.items()}
    return by_shape, dict(sorted(shared.get("$defs", {}).items()))


class Played(Shape):
    """How a recording is played."""

    file: str
    market: str
    """Which one was recorded."""
    first: Milliseconds
    last: Milliseconds
    at: Milliseconds
    """Where it stands."""
    speed: float | None
    """Market seconds per second; null: as fast as it goes."""
    paused: bool
    seeking: bool
    """Whether it is on its way to another moment."""
    ended: bool
    leaps: int
    """How often it went on elsewhere."""
