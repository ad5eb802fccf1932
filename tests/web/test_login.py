"""Signing in: the form, the cookie, and what is said when it does not work."""

import json
import re
from http.cookies import SimpleCookie
from urllib.parse import quote

import pytest

from tests.support.entering import OPERATOR, VIEWER, BriskClock, KeptTokens, ask, bearer
from tests.support.web import served
from tests.web.test_gate import code_of
from tradeul.web.gate import Rules
from tradeul.web.routes.page import read_page
from tradeul.world import page_folder

TOKENS = Rules(tokens=KeptTokens())
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_the_form_and_what_it_needs_are_open() -> None:
    """The page, its script and its style are served to whoever comes; nothing else of the page is."""
    page = read_page(page_folder())
    async with served(rules=TOKENS, page=page) as world:
        opened = {path: (await ask(world, path))[0] for path in ("/login", "/static/login.css", "/static/login.js")}
        rest = {(await ask(world, f"/static/{name}"))[0] for name in page if not name.startswith("login.")}
        form = (await ask(world, "/login"))[2].decode()

    assert set(opened.values()) == {200}
    assert rest == {401}
    assert set(re.findall(r'"(/static/[^"]+)"', form)) == set(opened) - {"/login"}


@pytest.mark.parametrize(("behind_proxy", "name"), [(False, "tradeul"), (True, "__Host-tradeul")])
async def test_a_right_token_becomes_a_cookie_that_opens(behind_proxy: bool, name: str) -> None:
    """No script reads it, no other site sends it, and over TLS it never goes without."""
    rules = Rules(tokens=KeptTokens(), behind_proxy=behind_proxy)
    async with served(rules=rules) as world:
        status, headers, body = await ask(world, "/login", FORM, "POST", f"token={quote(OPERATOR)}".encode())
        cookie = SimpleCookie(headers["set-cookie"])[name]
        opened = await ask(world, "/ready", {"Cookie": f"{name}={cookie.value}"})

    assert (status, json.loads(body)) == (200, {"name": "otto", "role": "operator"})
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert bool(cookie["secure"]) == behind_proxy
    assert cookie["domain"] == ""
    assert opened[0] == 200


@pytest.mark.parametrize("body", [b"", b"token=", b"other=x", b"\xff\xfe", b"token=a&" * 9, b"{}"])
async def test_no_token_is_a_bad_form(body: bytes) -> None:
    """What is missing is named."""
    async with served(rules=TOKENS) as world:
        assert code_of(await ask(world, "/login", FORM, "POST", body)) == (400, "bad_parameter")


async def test_guessing_is_slow_and_ends() -> None:
    """Five tries, no cookie, and no way around it by the other door."""
    clock = BriskClock()
    async with served(rules=TOKENS, clock=clock) as world:
        tries = [await ask(world, "/login", FORM, "POST", f"token=wrong{number}".encode()) for number in range(6)]
        other_door = await ask(world, "/ready", bearer("wrong-9"))

    assert [status for status, _, _ in tries] == [401] * 5 + [429]
    assert not any("set-cookie" in headers for _, headers, _ in tries)
    assert len(clock.pauses) == 5
    assert other_door[0] == 429


async def test_a_strangers_page_signs_nobody_in() -> None:
    """The form is a changing request like any other."""
    async with served(rules=TOKENS) as world:
        answer = await ask(world, "/login", FORM | {"Origin": "http://host.evil"}, "POST", f"token={VIEWER}".encode())

    assert code_of(answer) == (403, "foreign_origin")


async def test_without_tokens_there_is_nothing_to_sign_in_to() -> None:
    """The form leads to the lists, and a token is told that it is not needed."""
    async with served() as world:
        form = await ask(world, "/login")
        sent = await ask(world, "/login", FORM, "POST", b"token=x")

    assert (form[0], form[1]["location"]) == (303, "/")
    assert code_of(sent) == (404, "no_tokens")
