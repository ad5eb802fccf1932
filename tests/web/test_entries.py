"""How a viewer comes in where tokens are, by upgrade or first frame; how it is sent away, and how many may stay."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.entering import ELSEWHERE, OPERATOR, VIEWER, BriskClock, Headers, KeptTokens, ask, bearer
from tests.support.eventually import PATIENT_S, eventually, running
from tests.support.web import Served, TestViewer, row, served
from tests.web.test_gate import UPGRADE, code_of
from tradeul.access import Role
from tradeul.web import entries
from tradeul.web.entries import MOST_OF_A_TOKEN, MOST_OF_AN_ADDRESS
from tradeul.web.gate import Rules

NOBODY: Headers = {}


@contextlib.asynccontextmanager
async def connected(world: Served, headers: Headers = NOBODY, *protocols: str) -> AsyncIterator[TestViewer]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{world.url}/ws/scanner", headers=headers, protocols=protocols) as socket,
    ):
        yield TestViewer(socket)


def guarded() -> Rules:
    return Rules(tokens=KeptTokens())


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        (bearer(VIEWER), ()),
        ({"Cookie": f"tradeul={OPERATOR}"}, ()),
        (NOBODY, ("tradeul", VIEWER)),
        (NOBODY, (VIEWER, "tradeul")),
    ],
)
async def test_an_upgrade_that_shows_a_token_is_greeted(headers: Headers, protocols: tuple[str, ...]) -> None:
    """By header, cookie or subprotocol; the answer never repeats the token."""
    async with served(rules=guarded()) as world, connected(world, headers, *protocols) as viewer:
        await viewer.hear("hello")
        assert viewer.socket.protocol == ("tradeul" if protocols else None)


async def test_the_first_frame_may_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told before; afterwards it is a viewer like any other, also to what all are told."""
    monkeypatch.setattr(entries, "AUTH_S", PATIENT_S)
    async with served(rules=guarded()) as world, connected(world) as viewer:
        world.hub.tell(b'{"type":"alert"}')
        await eventually(lambda: len(world.hub) == 0)
        await viewer.say(action="auth", token=VIEWER)
        await viewer.hear("hello")
        await viewer.subscribe()
        world.publish([row("A")])
        await viewer.hear("subscribed")
        assert (await viewer.hear("snapshot"))["rows"]


@pytest.mark.parametrize(
    "message",
    [
        {"action": "auth", "token": "wrong"},
        {"action": "auth"},
        {"action": "subscribe_list", "list": "alpha"},
        {"action": "ping"},
        {"token": VIEWER},
    ],
)
@pytest.mark.parametrize("headers", [NOBODY, {"Cookie": "tradeul=old"}])
async def test_any_other_first_frame_ends_it(
    message: dict[str, object], headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told why, and that coming back is of no use."""
    monkeypatch.setattr(entries, "AUTH_S", PATIENT_S)
    async with served(rules=guarded(), clock=BriskClock()) as world, connected(world, headers) as viewer:
        await viewer.say(**message)

        assert (await viewer.hear("error"))["code"] == "unauthorised"
        assert await viewer.close_code() == 4501
        await eventually(lambda: len(world.hub) == 0)


async def test_silence_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says nothing does not stay."""
    monkeypatch.setattr(entries, "AUTH_S", 0.01)
    async with served(rules=guarded()) as world, connected(world) as viewer:
        assert await viewer.close_code() == 4001


async def test_a_wrong_token_in_a_header_opens_no_socket() -> None:
    """A program is told before the upgrade; so is who offers what would be logged."""
    async with served(rules=guarded(), clock=BriskClock()) as world:
        wrong = await ask(world, "/ws/scanner", {**UPGRADE, **bearer("wrong")})
        offered = await ask(world, "/ws/scanner", UPGRADE | {"Sec-WebSocket-Protocol": VIEWER})

    assert code_of(wrong) == (401, "unauthorised")
    assert code_of(offered) == (400, "unknown_subprotocol")


async def test_where_no_tokens_are_showing_one_does_no_harm() -> None:
    """A client that always begins with its token works anywhere."""
    async with served() as world, connected(world, bearer(VIEWER), "tradeul", VIEWER) as viewer:
        await viewer.say(action="auth", token=VIEWER)
        await viewer.hear("hello")
        await viewer.subscribe()
        await viewer.hear("subscribed")


async def test_revoking_a_token_ends_what_it_opened() -> None:
    """Those that came by another stay."""
    tokens = KeptTokens()
    async with served(rules=Rules(tokens=tokens), clock=BriskClock()) as world, contextlib.AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(connected(world, bearer(each))) for each in (VIEWER, OPERATOR)]
        for viewer in viewers:
            await viewer.hear("hello")
        tokens.change(otto=(OPERATOR, Role.OPERATOR))
        async with running(world.server.run):
            code = await viewers[0].close_code()

        assert code == 4501
        await viewers[1].subscribe()
        await viewers[1].hear("subscribed")


@pytest.mark.parametrize(("tokens", "most"), [(True, MOST_OF_A_TOKEN), (False, MOST_OF_AN_ADDRESS)])
async def test_so_many_may_stay(tokens: bool, most: int) -> None:
    """Off loopback 16 by one token and 64 from one address; one more is told not to come back. A place is freed."""
    rules = Rules(KeptTokens() if tokens else None, behind_proxy=True, trusted_proxies=("127.0.0.1",))
    headers = {"X-Forwarded-For": ELSEWHERE, **bearer(VIEWER)}
    async with served(rules=rules) as world, contextlib.AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(connected(world, headers)) for _ in range(most)]
        for viewer in viewers:
            await viewer.hear("hello")
        async with connected(world, headers) as surplus:
            assert await surplus.close_code() == 4503
        await viewers[0].socket.close()
        await eventually(lambda: len(world.hub) == most - 1)
        async with connected(world, headers) as successor:
            await successor.hear("hello")
