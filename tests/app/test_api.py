"""The HTTP API of the whole program, held against its own document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import aiohttp
import pytest

from tests.support.contract import complaints
from tests.support.eventually import PATIENT_S
from tests.support.shared import shared_program
from tests.support.whole import whole
from tradeul.web.api import operation_of
from tradeul.web.reference.openapi import GROUPS

pytestmark = pytest.mark.slow(6)

JSON = "application/json"
ORDER = ("post", "put", "get", "delete")
LOOKED_UP = ("list", "q")
"""What any text may be asked for as; what there is not is a 404, or not found."""
ELSEWHERE = ("Login_sign_in", "ReplayRoutes_told", "ReplayRoutes_move")
"""What is refused where there are no tokens, or no recording is played."""
NOT_YET = ("RvolAuditRoutes_audit",)
"""What may be refused, as documented, until a night has passed."""
NONSENSE = ("\x00", "\u0663 \u0663", "x" * 3_000)
INJECTIONS = (
    "'",
    "' OR '1'='1",
    "x'; DROP TABLE list_events CASCADE; --",
    "x'); SELECT pg_sleep(9); --",
    "1 UNION SELECT symbol FROM ticker_metadata",
    "\\'; --",
    "$1",
    "%27%20OR%201=1",
    "2026-11-18T09:30:00-05:00'; --",
)
KEPT = "/api/v1/history/scans?list=gappers_up&limit=1"
MULTIPLE = 300
"""The first status that is no success."""
EXPECTED = {"hello", "status", "subscribed", "snapshot", "delta", "heartbeat"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with shared_program() as address:
        yield address


async def test_every_route_declares_what_it_promises(tmp_path: Path) -> None:
    """No route of the whole program is without a declaration, and each has words for people and a known group."""
    async with whole(tmp_path, "09:45", 20, history={"data_dir": str(tmp_path), "dsn": "off"}) as app:
        assert app.server is not None
        routes = [route for route in app.server.routes if route.method != "HEAD"]

    promises = {
        f"{route.method} {route.resource.canonical if route.resource else ''}": operation_of(route.handler)
        for route in routes
    }
    assert [name for name, promise in promises.items() if promise is None] == []
    assert [name for name, promise in promises.items() if promise and not promise.text] == []
    assert {promise.group for promise in promises.values() if promise} <= set(GROUPS)


def ask(url: str, method: str, path: str, body: object = None) -> tuple[int, str, bytes]:
    """Status, kind and content of an answer."""
    content = None if body is None else json.dumps(body).encode()
    request = Request(url + path, content, {"Content-Type": JSON}, method=method.upper())  # noqa: S310  # ours
    try:
        with urlopen(request) as answer:  # noqa: S310  # ours
            return answer.status, answer.headers.get_content_type(), answer.read()
    except HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), refused.read()


def told(url: str, path: str) -> Any:
    return json.loads(ask(url, "get", path)[2])


@dataclass(frozen=True)
class Case:
    """One operation of the document, with what it takes to ask for it."""

    document: dict[str, Any]
    path: str
    method: str
    described: dict[str, Any]
    symbol: str
    """One that the market has, of a company that is known by now."""

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    def where(self, url: str, **asked: object) -> str:
        """Its address, of a symbol and a moment that there are; what it must be asked for and what else is wanted."""
        path = self.path
        for each in self.described["parameters"]:
            name, example = each["name"], each["example"] if each["required"] else ""
            if name == "symbol" and each["in"] == "path":
                example = self.symbol
            if name == "at":
                example = told(url, "/api/v1/scanner/categories/gappers_up")["timestamp"]
            if each["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(example, safe=""))
            elif each["required"]:
                asked = {name: example, **asked}
        return f"{path}?{urlencode(asked)}"

    def injected(self, url: str, name: str, words: str) -> str:
        """Its address with these words in the place of one parameter."""
        if f"{{{name}}}" in self.path:
            return replace(self, path=self.path.replace(f"{{{name}}}", quote(words, safe=""))).where(url)
        return self.where(url, **{name: words})

    @property
    def body(self) -> object:
        return self.described.get("requestBody", {}).get("content", {}).get(JSON, {}).get("example")

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return [each for each in self.described["parameters"] if each["in"] == "query"]

    def complaints(self, status: int, kind: str, content: bytes) -> list[str]:
        """What of an answer is not as documented."""
        kinds = self.described["responses"].get(str(status), {}).get("content", {})
        if kind not in kinds:
            return [f"{status} {kind} {content[:200]!r}"]
        schema = kinds[kind]["schema"]
        return complaints(self.document, schema, json.loads(content)) if kind == JSON else []


def cases(url: str) -> list[Case]:
    """All that can be asked over HTTP, first what makes something, last what deletes it."""
    document = told(url, "/openapi.json")
    symbol = next(
        row["symbol"]
        for row in told(url, "/api/v1/scanner/filtered?limit=1000")["rows"]
        if ask(url, "get", f"/api/v1/ticker/{row['symbol']}/metadata")[0] == HTTPStatus.OK
    )
    found = [
        Case(document, path, method, described, symbol)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if "101" not in described["responses"] and described["operationId"] not in ELSEWHERE
    ]
    return sorted(found, key=lambda case: ORDER.index(case.method))


def test_every_operation_answers_as_documented(url: str) -> None:
    """Asked as its examples have it, each answers with its status and its kind, and nothing but what its shape says."""
    wrong = {}
    for case in cases(url):
        status, kind, content = ask(url, case.method, case.where(url), case.body)
        name = f"{case.method} {case.path}"
        wrong[name] = case.complaints(status, kind, content)
        if status >= MULTIPLE and case.name not in NOT_YET:
            wrong[name].append(content.decode())

    assert len(wrong) > 40
    assert {name: found for name, found in wrong.items() if found} == {}


def test_every_parameter_is_read_as_documented(url: str) -> None:
    """Its example, its default and nothing at all are taken; what its schema rules out is a 400 that names it."""
    wrong = []
    for case in cases(url):
        for each in case.parameters:
            name, schema = each["name"], each["schema"]
            good = [value for value in (each.get("example"), schema.get("default"), "") if value is not None]
            for value in good if not each["required"] else good[:1]:
                status, _, content = ask(url, case.method, case.where(url, **{name: value}))
                if b"bad_parameter" in content or status not in (200, 404):
                    wrong.append((case.name, name, value, status))
            for value in NONSENSE if name not in LOOKED_UP else ():
                status, _, content = ask(url, case.method, case.where(url, **{name: value}))
                if status != 400 or json.loads(content)["error"]["details"] != {"parameter": name}:
                    wrong.append((case.name, name, value, status))

    assert wrong == []


def test_no_words_get_into_the_database(url: str) -> None:
    """Of no parameter of any address: it is refused or found nowhere, finds nothing more, and all is still there."""
    wrong = []
    for case in cases(url):
        if case.method not in ("get", "delete"):
            continue
        for each in case.described["parameters"]:
            for words in INJECTIONS:
                path = case.injected(url, each["name"], words)
                status, _, content = ask(url, case.method, path)
                if status not in (200, 400, 404) or (status == 200 and json.loads(content).get("rows")):
                    wrong.append((case.name, each["name"], words, status, content[:200]))

    assert wrong == []
    assert told(url, KEPT)["rows"]
    assert ask(url, "get", "/api/v1/history/events?list=gappers_up")[0] == 200


async def test_what_the_whole_program_tells_is_as_documented(url: str) -> None:
    """All frames that a viewer of every list gets until one of each kind came keep to the document of the protocol."""
    document = told(url, "/asyncapi.json")
    messages = document["components"]["messages"]
    wrong: dict[str, list[str]] = {}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws/scanner", max_msg_size=0) as socket:
        for name in [each["name"] for each in told(url, "/api/v1/scanner/categories")["categories"]]:
            await socket.send_json({"action": "subscribe_list", "list": name})
        await socket.send_json({"action": "ping", "id": 1})
        while not wrong.keys() >= EXPECTED:
            frame = await socket.receive_json(timeout=PATIENT_S)
            found = complaints(document, messages[frame["type"]]["payload"], frame)
            wrong.setdefault(frame["type"], []).extend(found)

    assert {kind: found for kind, found in wrong.items() if found} == {}
