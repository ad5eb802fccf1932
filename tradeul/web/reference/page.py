"""The page at `/docs`: the guide, then every route and every frame, made from the two documents when a program starts.

Plain HTML; nothing on it comes from elsewhere, and what is in the documents is escaped.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import starmap
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from tradeul.domain.fields import CATALOGUE
from tradeul.domain.instruments import INSTRUMENTS
from tradeul.web.reference import worked
from tradeul.web.reference.markup import Markup, joined, paragraphs, prose, table, tag
from tradeul.web.reference.schemas import parts_of, type_of

Json = Mapping[str, Any]

GUIDE: Final = Path(__file__).with_name("guide.html")
WRITTEN_FOR: Final = "127.0.0.1:8000"
"""The address on the page, which whoever serves it replaces by the program's own."""
JSON: Final = "application/json"
MANY_KINDS: Final = 3
ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 12l4-5 3 3 5-7' "
    "fill='none' stroke='%2335c28f' stroke-width='2'/%3E%3C/svg%3E"
)


def page_of(api: Json, live: Json) -> bytes:
    """Make the page."""
    guide = GUIDE.read_text(encoding="utf-8")
    for mark, made in (("conversation", _conversation()), ("routes", _routes(api)), ("live", _live(live))):
        guide = guide.replace(f"<!-- {mark} -->", made)
    shapes = {**live["components"]["schemas"], **api["components"]["schemas"]}
    main = tag("main", Markup(guide), _fields(), _metrics(), _shapes(shapes))
    body = tag("body", _contents(api), main, class_="docs")
    return ("<!doctype html>\n" + tag("html", _head(), body, lang="en")).encode()


def _head() -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="dark light"),
        tag("title", "tradeul: API and live protocol"),
        tag("link", rel="icon", href=ICON),
        tag("link", rel="stylesheet", href="/static/style.css"),
        tag("link", rel="stylesheet", href="/static/docs.css"),
        tag("script", type_="module", src="/static/docs.js"),
    )


def _contents(api: Json) -> Markup:
    groups = [
        tag("li", tag("a", group, href=f"#{_slug(group)}"), tag("ul", *_entries(operations)))
        for group, operations in _groups(api).items()
    ]
    chapters = [
        _entry("start", "Start"), _entry("rules", "What holds everywhere"), _entry("follow", "Follow a list live"),
        tag("li", tag("a", "HTTP", href="#http"), tag("ul", *groups)),
        _entry("protocol", "The live protocol"), _entry("fields", "Fields"), _entry("metrics", "Metrics"),
        _entry("shapes", "Shapes"),
    ]  # fmt: skip
    top = tag(
        "header", tag("a", "tradeul", href="/"), tag("button", "◐", type_="button", id_="theme", title="Dark or light")
    )
    return tag("nav", top, tag("ul", *chapters), class_="contents", aria_label="Contents")


def _entry(target: str, words: str) -> Markup:
    return tag("li", tag("a", words, href=f"#{target}"))


def _entries(operations: list[tuple[str, str, Json]]) -> Iterator[Markup]:
    for path, method, operation in operations:
        yield _entry(operation["operationId"], f"{method.upper()} {path}")


def _groups(api: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {tag_["name"]: [] for tag_ in api["tags"]}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append((path, method, operation))
    return found


def _routes(api: Json) -> Markup:
    words = {each["name"]: each["description"] for each in api["tags"]}
    return joined(
        *(
            tag("section", tag("h3", group), tag("p", words[group]), *starmap(_route, operations), id_=_slug(group))
            for group, operations in _groups(api).items()
        )
    )


def _route(path: str, method: str, operation: Json) -> Markup:
    title = tag("h4", tag("b", method.upper(), class_=f"method {method}"), " ", tag("code", path))
    asked = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    body = joined(tag("h5", "Body"), tag("p", type_of(asked["schema"])), _example(asked)) if asked else ""
    return tag(
        "article",
        title,
        paragraphs(operation["description"]),
        _parameters(operation["parameters"]),
        body,
        *(_answer(status, answer) for status, answer in operation["responses"].items() if status[0] in "12"),
        _refusals(operation["responses"]),
        _try(path, method, operation),
        id_=operation["operationId"],
    )


def _parameters(parameters: list[Json]) -> Markup:
    if not parameters:
        return Markup("")
    rows: list[tuple[str, ...]] = [
        (joined(tag("code", each["name"]), _place(each)), joined(type_of(each["schema"]), _default(each["schema"])),
         prose(each["description"]))
        for each in parameters
    ]  # fmt: skip
    return joined(tag("h5", "Parameters"), table(("name", "type", "meaning"), rows))


def _place(parameter: Json) -> str:
    words = " in the path" if parameter["in"] == "path" else " required" if parameter["required"] else ""
    return tag("small", words) if words else ""


def _default(schema: Json) -> str:
    return tag("small", f" else {schema['default']}") if "default" in schema else ""


def _answer(status: str, answer: Json) -> Markup:
    content = answer.get("content", {})
    kinds = ", ".join(content) if len(content) < MANY_KINDS else "a file"
    schema = content.get(JSON, {}).get("schema")
    shape = joined(": ", type_of(schema)) if schema else ""
    words = tag("p", kinds, shape, ". ", prose(answer["description"]))
    return joined(tag("h5", f"Answer {status}"), words, _example(content.get(JSON, {})))


def _example(content: Json) -> Markup:
    if "example" not in content:
        return Markup("")
    shown = orjson.dumps(content["example"], option=orjson.OPT_INDENT_2).decode()
    return tag("details", tag("summary", "An example"), tag("pre", tag("code", shown, class_="json")))


def _refusals(responses: Json) -> Markup:
    rows: list[tuple[str, ...]] = [
        (status, prose(answer["description"])) for status, answer in responses.items() if status[0] in "345"
    ]
    return joined(tag("h5", "Otherwise"), table(("status", "why"), rows)) if rows else Markup("")


def _try(path: str, method: str, operation: Json) -> Markup:
    """Show the line that asks for it, where asking changes nothing."""
    if method != "get" or "101" in operation["responses"]:
        return Markup("")
    asked = {}
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
        elif parameter["required"]:
            asked[parameter["name"]] = parameter["example"]
    query = f"?{urlencode(asked)}" if asked else ""
    return tag("pre", tag("code", f"curl 'http://{WRITTEN_FOR}{path}{query}'"))


def _conversation() -> Markup:
    steps = [
        tag("li", tag("p", tag("b", step.by), " ", prose(step.words)), _frame(step.message), class_=step.by)
        for step in worked.conversation()
    ]
    hashed = tag("pre", tag("code", worked.hashed()))
    return joined(
        tag("ol", *steps, class_="conversation"),
        tag("p", prose("The checksum of the first heartbeat is the CRC-32 of these lines, `rank:symbol:price`, the "
                       "price times 10,000 as a whole number and empty where it is unknown, joined by line feeds:")),
        hashed,
    )  # fmt: skip


def _live(live: Json) -> Markup:
    messages = live["components"]["messages"]
    sections = [
        tag("section", tag("h3", title), *(_message(messages[name]) for name in _names(live, operation)))
        for operation, title in (("ask", "What you can say"), ("hear", "What you are told"))
    ]
    errors = [(tag("code", code), prose(words)) for code, words in live["x-errors"].items()]
    closes = [
        (code, prose(each["meaning"]), "yes" if each["come_back"] else "no")
        for code, each in live["x-close-codes"].items()
    ]
    limits = [(tag("code", name), f"{value:,}") for name, value in live["x-limits"].items()]
    return joined(
        *sections,
        tag("h3", "Errors"), table(("code", "meaning"), list(errors)),
        tag("h3", "Close codes"), table(("code", "meaning", "come back?"), list(closes)),
        tag("h3", "Limits"), table(("limit", "value"), list(limits)),
    )  # fmt: skip


def _names(live: Json, operation: str) -> list[str]:
    return [each["$ref"].rpartition("/")[2] for each in live["operations"][operation]["messages"]]


def _message(message: Json) -> Markup:
    shown = [_frame(each["payload"]) for each in message.get("examples", ())]
    return tag(
        "article",
        tag("h4", tag("code", message["name"])),
        paragraphs(message["summary"]),
        tag("p", "Its parts: ", type_of(message["payload"]), "."),
        *shown,
    )


def _fields() -> Markup:
    rows: list[tuple[str, ...]] = [
        (tag("code", field.name), field.kind.value, field.unit, field.meaning) for field in CATALOGUE
    ]
    words = "What a row, a condition or a column can name; `/api/v1/fields` has it for programs. All may be null."
    shown = table(("name", "type", "unit", "meaning"), rows)
    return tag("section", tag("h2", "Fields"), tag("p", prose(words)), shown, id_="fields")


def _metrics() -> Markup:
    rows: list[tuple[str, ...]] = [
        (tag("code", each.shown), each.kind, ", ".join(each.labels), each.meaning) for each in INSTRUMENTS
    ]
    words = (
        "What `/metrics` shows, to this machine and to operators, for Prometheus; beside it `process_*`, which is what "
        "the process takes. Each part of `tradeul_trouble` has its words in `/health`."
    )
    shown = table(("name", "kind", "labels", "meaning"), rows)
    return tag("section", tag("h2", "Metrics"), tag("p", prose(words)), shown, id_="metrics")


def _shapes(schemas: Mapping[str, Json]) -> Markup:
    return tag("section", tag("h2", "Shapes"), *(_shape(*each) for each in sorted(schemas.items())), id_="shapes")


def _shape(name: str, schema: Json) -> Markup:
    words = paragraphs(schema.get("description", ""))
    shown = parts_of(schema) if "properties" in schema else tag("p", type_of(schema))
    return tag("article", tag("h4", name), words, shown, id_=f"shape-{name}")


def _frame(message: Json) -> Markup:
    """Show a message as it travels, but with spaces, and a line for each object of a list in it."""
    parts = [f'"{name}": {_laid_out(value)}' for name, value in message.items()]
    return tag("pre", tag("code", "{" + ", ".join(parts) + "}", class_="json"))


def _laid_out(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"  {json.dumps(each)}" for each in value) + "\n]"
    return json.dumps(value)


def _slug(words: str) -> str:
    return "group-" + words.lower().replace(" ", "-")
