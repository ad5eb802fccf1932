"""The whole program with tokens: every route of its table, by role; no token where none belongs; room at the limit."""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.support.whole import whole
from tradeul.access import Role
from tradeul.app import App
from tradeul.history.token_file import TokenFile

OPEN = {("GET", "/health"), ("HEAD", "/health"), ("GET", "/login"), ("HEAD", "/login"), ("POST", "/login")}


@contextlib.asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[tuple[App, dict[str, str]]]:
    """The program with a token of each role."""
    file = TokenFile(folder / "tokens.json")
    tokens = {role.value: file.make(role, None, "")[1] for role in Role}
    server = {"tokens_file": str(folder / "tokens.json")}
    async with whole(folder / "state", "10:00", 50, server=server, history={"dsn": "off"}) as app:
        yield app, tokens


async def status_of(app: App, method: str, path: str, token: str | None) -> int:
    assert app.server is not None
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{app.server.port}{re.sub(r'{[^}]*}', 'x', path)}"
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status


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
