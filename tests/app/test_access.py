"""The whole program with tokens: every route of its table, by role; no token where none belongs."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.support.whole import whole
from tradeul.access import Role, new_token
from tradeul.app import App
from tradeul.history.token_file import TokenFile
from tradeul.web.answers import SECURITY_HEADERS
from tradeul.web.gate import FOR_INSIDERS

STRANGERS = {"/health": ("GET", "HEAD"), "/login": ("GET", "HEAD", "POST"), "/logout": ("POST",)}
OPEN = {(method, path) for path, methods in STRANGERS.items() for method in methods}
OPEN |= {(method, path) for path in FOR_INSIDERS for method in ("GET", "HEAD")}
"""The insides too, as the test is on this machine."""


@contextlib.asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[tuple[App, dict[str, str]]]:
    """The program with a token of each role."""
    file = TokenFile(folder / "tokens.json")
    tokens = {role.value: file.make(role, None, "")[1] for role in Role}
    server = {"tokens_file": str(folder / "tokens.json")}
    async with whole(folder / "state", "10:00", 50, server=server, history={"dsn": "off"}) as app:
        yield app, tokens


async def answer_of(
    app: App, method: str, path: str, token: str | None, cookie: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, with a word in the place of each part of a path that stands for one."""
    assert app.server is not None
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    headers |= {"Cookie": f"tradeul={cookie}"} if cookie else {}
    url = f"http://127.0.0.1:{app.server.port}{re.sub(r'{[^}]*}', 'x', path)}"
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, dict(answer.headers), await answer.read()


async def status_of(app: App, method: str, path: str, token: str | None) -> int:
    return (await answer_of(app, method, path, token))[0]


async def test_every_route_asks_for_the_role_it_takes(tmp_path: Path) -> None:
    """By the program's own table: nobody gets 401 but where strangers may look, a viewer 403 where things change."""
    async with guarded(tmp_path) as (app, tokens):
        assert app.server is not None
        table = app.server.table()
        for method, path in table:
            reading = method in ("GET", "HEAD")
            nobody = await status_of(app, method, path, None)
            viewer = await status_of(app, method, path, tokens["viewer"])
            operator = await status_of(app, method, path, tokens["operator"])

            assert (nobody == 401) == ((method, path) not in OPEN), (method, path, nobody)
            assert (viewer == 403) == (not reading and (method, path) not in OPEN), (method, path, viewer)
            assert operator not in (401, 403), (method, path, operator)
    assert len(table) > 40
    assert {method for method, _ in table} >= {"GET", "HEAD", "POST", "PUT", "DELETE"}


async def test_every_answer_keeps_a_page_safe(tmp_path: Path) -> None:
    """By the same table, with every role: the headers are on each answer, and no page has anything inline."""
    async with guarded(tmp_path) as (app, tokens):
        assert app.server is not None
        for method, path in app.server.table():
            for token in (None, *tokens.values()):
                _, headers, body = await answer_of(app, method, path, token)
                assert SECURITY_HEADERS.items() <= headers.items(), (method, path, headers)
                assert "Cache-Control" in headers, (method, path)
                if headers.get("Content-Type", "").startswith("text/html"):
                    assert not re.search(rb"<style|style=|<script(?![^>]*\ssrc=)|\son\w+=", body), path


async def test_no_token_is_where_none_belongs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A right and a wrong token are in no answer and no line of any logger, shown rightly or wrongly, at any route."""
    caplog.set_level(logging.DEBUG)
    wrong = new_token()
    with capture_logs() as logs:
        async with guarded(tmp_path) as (app, tokens):
            assert app.server is not None
            table = [*app.server.table(), ("GET", "/metrics"), ("GET", "/nothing")]
            shown = [(method, path, tokens["operator"]) for method, path in table]
            # Each of these is thought about for a while.
            shown += [("GET", path, wrong) for path in ("/", "/health", "/api/v1/fields", "/ws/scanner")]
            asked = [
                answer_of(app, method, address, token, cookie=token)
                for method, path, token in shown
                for address in (path, f"{path}?token={token}", f"{path}/{token}")
            ]
            told = [f"{headers}{body!r}" for _, headers, body in await asyncio.gather(*asked)]
            told.append(str(app.settings))
            told.append((tmp_path / "tokens.json").read_text())
    lines = [*told, *map(str, logs), *caplog.messages]

    assert len(told) > 150
    for token in (*tokens.values(), wrong):
        assert [line for line in lines if token in line] == []
