"""The document of the HTTP API (OpenAPI 3.1), made from the routes that are served and what each declares.

Nothing is listed here a second time. `routes/reference` serves it; the page at `/docs` is made from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import hdrs, web

from tradeul.web import shapes
from tradeul.web.api import FORM, JSON, Operation, operation_of
from tradeul.web.failures import ANYWHERE, BAD_PARAMETER, Failure
from tradeul.web.parameters import Parameter
from tradeul.web.shapes.form import schemas_of

Json = dict[str, Any]
Route = tuple[str, str, Operation]
"""Method, path and what is declared."""
Schemas = Mapping[object, Json]

VERSION: Final = "3.1.0"
API: Final = "1"
"""The version of the API, which is in its paths."""
EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""Bodies, and what a program answered once, by the operation's id; a test holds them against the shapes."""
SHOWN: Final = (
    "Where tokens are on: what `python -m tradeul token new` shows once. What changes anything takes an operator's."
)
GROUPS: Final = {
    "Lists": "The ranked lists, and the market that they are made of.",
    "Live": "The same, as it changes.",
    "Symbols": "One symbol, whichever lists it is in.",
    "Market": "The market's day, and the fields that everything speaks of.",
    "Your own": "Lists of your own, and pinned symbols.",
    "Alerts": "Rules that ring, and what became of it.",
    "History": "What was in which list when.",
    "Program": "How the program is doing, and what it loads.",
    "Reference": "What you read now.",
    "Page": "What is for people.",
}
"""What belongs together, in the order in which it is read."""
ABOUT: Final = (
    "The lists of a real-time scanner of US equities, and what is behind them. All moments are integer milliseconds "
    "since 1970, UTC, unless said otherwise. What is unknown is null, never 0. Every error has one shape."
)


def declared_routes(routes: Iterable[web.AbstractRoute]) -> tuple[Route, ...]:
    """List the routes that declare something; of what HEAD answers, GET tells."""
    found = []
    for route in routes:
        promise = operation_of(route.handler)
        if promise is not None and route.resource is not None and route.method != hdrs.METH_HEAD:
            found.append((route.method, route.resource.canonical, promise))
    return tuple(found)


def openapi_of(routes: Sequence[Route]) -> Json:
    """Make the document."""
    wanted = [shape for _, _, promise in routes for shape in (promise.answer, promise.body) if shape is not None]
    schemas, components = schemas_of((shapes.Error, *wanted))
    examples = orjson.loads(EXAMPLES.read_bytes())
    paths: dict[str, Json] = {}
    for method, path, promise in routes:
        paths.setdefault(path, {})[method.lower()] = _operation(promise, schemas, examples)
    used = {promise.group for _, _, promise in routes}
    return {
        "openapi": VERSION,
        "info": {"title": "tradeul", "version": API, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in GROUPS.items() if name in used],
        "paths": paths,
        # Where there are no tokens, which is so on one's own machine, none is needed.
        "security": [{}, {"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": SHOWN}},
            "schemas": components,
            "responses": {"AnyOther": _refusal(f"Any other error, of the one shape: {_listed(ANYWHERE)}", schemas)},
        },
    }


def id_of(promise: Operation) -> str:
    """Name an operation as no other is: after its handler."""
    return promise.name.replace(".", "_")


def summary_of(text: str) -> str:
    """Take the first sentence."""
    return text.replace("\n", " ").partition(". ")[0].rstrip(".")


def failures_of(promise: Operation) -> list[Failure]:
    """All the ways in which it refuses, but for those that everything has."""
    reads = promise.body is not None or (
        bool(promise.media) and not all(parameter.in_path for parameter in promise.parameters)
    )
    return [*((BAD_PARAMETER,) if reads else ()), *promise.failures]


def _operation(promise: Operation, schemas: Schemas, examples: Mapping[str, Json]) -> Json:
    described: Json = {
        "operationId": id_of(promise),
        "tags": [promise.group],
        "summary": summary_of(promise.text),
        "description": promise.text,
        "parameters": [_parameter(parameter) for parameter in promise.parameters],
        "responses": {
            str(int(promise.status)): _success(promise, schemas, examples["answers"].get(id_of(promise))),
            **({"304": {"description": "Who asks holds the newest version."}} if promise.etag else {}),
            **dict(_refusals(failures_of(promise), schemas)),
            "default": {"$ref": "#/components/responses/AnyOther"},
        },
    }
    if promise.body is not None:
        example = examples["bodies"].get(id_of(promise))
        described["requestBody"] = {"content": {JSON: _described(schemas[promise.body], example)}}
    if promise.form is not None:
        parts = {name: {"type": "string", "description": words} for name, words in promise.form.items()}
        form = {"type": "object", "properties": parts, "required": list(parts)}
        described["requestBody"] = {"content": {FORM: {"schema": form}}}
    return described


def _parameter(parameter: Parameter) -> Json:
    schema = dict(parameter.schema)
    if parameter.default is not None:
        schema["default"] = parameter.default
    described: Json = {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described if parameter.required else {**described, "allowEmptyValue": True}


def _success(promise: Operation, schemas: Schemas, example: object) -> Json:
    content: Json = {kind: {"schema": {"type": "string"}} for kind in promise.media}
    if promise.answer is not None:
        content[JSON] = _described(schemas[promise.answer], example)
    words = promise.answer.__doc__ if isinstance(promise.answer, type) else None
    return {"description": words or promise.status.phrase, **({"content": content} if content else {})}


def _described(schema: Json, example: object) -> Json:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _refusals(failures: Iterable[Failure], schemas: Schemas) -> Iterator[tuple[str, Json]]:
    by_status = sorted(failures, key=lambda failure: failure.status)
    for status, group in groupby(by_status, lambda failure: failure.status):
        yield str(int(status)), _refusal(_listed(group), schemas)


def _refusal(words: str, schemas: Schemas) -> Json:
    return {"description": words, "content": {JSON: {"schema": schemas[shapes.Error]}}}


def _listed(failures: Iterable[Failure]) -> str:
    return "; ".join(f"`{failure.code}`: {failure.words}" for failure in failures)
