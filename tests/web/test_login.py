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
HTML = "/static/login.html"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_the_form_and_what_it_needs_are_open() -> None:
    """The page, its script and its style are served to whoever comes; nothing else of the page is."""
    page = read_page(page_folder())
    async with served(rules=TOKENS, page=page) as world:
        needed = ("/login", "/static/login.css", "/static/login.js", "/static/own_address.js")
        opened = {path: (await ask(world, path))[0] for path in needed}
        rest = {(await ask(world, f"/static/{name}"))[0] for name in page if f"/static/{name}" not in (*needed, HTML)}
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


@pytest.mark.parametrize(("behind_proxy", "name"), [(False, "tradeul"), (True, "__Host-tradeul")])
async def test_signing_out_takes_the_cookie_away(behind_proxy: bool, name: str) -> None:
    """A viewer can, and who shows nothing or what opens no more; a stranger's page signs nobody out."""
    async with served(rules=Rules(tokens=KeptTokens(), behind_proxy=behind_proxy)) as world:
        shown: list[dict[str, str]] = [{}, {"Cookie": f"{name}={VIEWER}"}, {"Cookie": f"{name}=old"}]
        answers = [await ask(world, "/logout", headers, "POST") for headers in shown]
        by_link = await ask(world, "/logout", {"Cookie": f"{name}={VIEWER}", "Accept": "text/html"})
        foreign = await ask(world, "/logout", {"Origin": "http://host.evil"}, "POST")

    for status, headers, body in answers:
        cookie = SimpleCookie(headers["set-cookie"])[name]
        assert (status, json.loads(body)) == (200, {"signed_out": True})
        assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")
        assert bool(cookie["secure"]) == behind_proxy
    assert by_link[0] == 405
    assert code_of(foreign) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/login"),
        ("/?list=winners&symbol=BRK.B", "/login?next=/%3Flist%3Dwinners%26symbol%3DBRK.B"),
        ("/docs", "/login?next=/docs"),
        ("/%0d%0aSet-Cookie:x", "/login?next=/%250d%250aSet-Cookie%3Ax"),
        ("//evil.example.com", "/login?next=//evil.example.com"),
        ("/" + "x" * 3_000, "/login"),
    ],
)
async def test_a_browser_is_led_to_the_form_and_told_whence(path: str, where: str) -> None:
    """Within this server whatever was asked for, as one parameter of the form's address; too long a one is left out."""
    async with served(rules=TOKENS) as world:
        status, headers, _ = await ask(world, path, {"Accept": "text/html"})

    assert (status, headers["location"]) == (303, where)
