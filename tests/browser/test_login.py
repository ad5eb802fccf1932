"""Signing in with a real browser: to the form, past a wrong token, to the lists, and back when the token is revoked."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.page import open_page, until
from tests.support.shown import text_of
from tests.support.whole import whole
from tradeul.access import Role
from tradeul.history.token_file import TokenFile

pytestmark = pytest.mark.browser


async def test_a_person_signs_in_and_is_signed_out(browser: Browser, tmp_path: Path) -> None:
    """The form says what is wrong; the cookie is out of reach of scripts; without a token the page goes back there."""
    file = TokenFile(tmp_path / "tokens.json")
    _, token = file.make(Role.VIEWER, "vera", "")
    server = {"tokens_file": str(tmp_path / "tokens.json")}
    async with whole(tmp_path / "state", "10:00", 300, server=server, history={"dsn": "off"}) as app:
        assert app.server is not None
        home = f"http://127.0.0.1:{app.server.port}/"
        async with open_page(f"{home}docs?a=b#live", browser) as opened:
            page = opened.page
            assert page.url == f"{home}login?next=/docs%3Fa%3Db#live"
            await page.fill("#token", "wrong")
            await page.press("#token", "Enter")
            await until(page, "document.querySelector('#problem').textContent !== ''")
            refused = await text_of(page, "#problem")

            await page.fill("#token", token)
            await page.click("button")
            await page.wait_for_url(f"{home}docs?a=b#live")
            await page.goto(home)
            await until(page, "tradeul.state() === 'LIVE'")
            seen = await page.evaluate("document.cookie")
            cookies = await page.context.cookies()

            file.revoke("vera")
            await page.wait_for_url(f"{home}login*")
            await page.click("#sign-out")
            await until(page, "document.querySelector('#problem').textContent === 'this browser is signed out'")
            left = await page.context.cookies()

    assert left == []
    assert refused == "this token opens nothing"
    assert seen == ""
    assert [(each["name"], each["httpOnly"], each["sameSite"]) for each in cookies] == [("tradeul", True, "Strict")]
    assert opened.policy_reports == opened.external_requests == []
    assert token not in "".join(opened.errors)
