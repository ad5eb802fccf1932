"""Who is let in: by name, by origin, by token and role, by how often; and what is said to everybody else."""

import json

import pytest

from tests.support.entering import ELSEWHERE, OPERATOR, VIEWER, BriskClock, Headers, KeptTokens, ask, bearer
from tests.support.web import Answer, served
from tradeul.web.credentials import FAILURE_S
from tradeul.web.gate import REQUESTS_BURST, Rules

ORIGIN = "http://127.0.0.1:8000"
HOST = "127.0.0.1:8000"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
FOREIGN = [
    "http://host.evil",
    "http://127.0.0.1:8000.evil",
    "null",
    "",
    "http://127.0.0.1:8001",
    "http://127.0.0.1",
    "https://127.0.0.1:8000",
    "ftp://127.0.0.1:8000",
    "HTTP://127.0.0.1:8000",
    "http://localhost:8000",
    "http://evil@127.0.0.1:8000",
    "http://127.0.0.1:8000@evil",
    "http://127.0.0.1:8000/",
    "http://127.0.0.1.:8000",
    "127.0.0.1:8000",
    "http://[",
    "http://127.0.0.1:8000 http://evil",
    "file://",
]
MISLED = [
    "evil",
    "evil:8000",
    "127.0.0.1.evil",
    "localhost.evil:8000",
    "localhost.",
    "evil@127.0.0.1",
    "127.0.0.1:8000:9",
    "127.0.0.1/",
    "[::1",
    "0.0.0.0",  # noqa: S104
    "192.168.1.5",
    "",
]
BODIES = [("GET", "/health"), ("GET", "/nothing"), ("POST", "/logout"), ("POST", "/login"), ("PUT", "/api/v1/pins/X")]
TOKENS = Rules(tokens=KeptTokens())
PROXIED = Rules(tokens=KeptTokens(), behind_proxy=True, trusted_proxies=("127.0.0.1",))


def code_of(answer: Answer) -> tuple[int, str]:
    status, _, body = answer
    return status, json.loads(body)["error"]["code"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_strangers_page_opens_no_socket_and_changes_nothing(origin: str) -> None:
    """Another host, port or scheme, an opaque origin, another spelling, what is none: 403, before the upgrade."""
    async with served() as world:
        headers = {"Host": HOST, "Origin": origin}
        opened = await ask(world, "/ws/scanner", {**UPGRADE, **headers})
        changed = [await ask(world, "/api/v1/pins/X", headers, method) for method in ("PUT", "POST", "DELETE", "PATCH")]

        assert len(world.hub) == 0
    assert {code_of(answer) for answer in (opened, *changed)} == {(403, "foreign_origin")}


@pytest.mark.parametrize("origin", [ORIGIN, None, "https://scanner.example.com"])
async def test_our_own_page_a_program_and_who_is_allowed_may(origin: str | None) -> None:
    """The page that we served names our own host; a program names none; the settings may name others."""
    async with served(rules=Rules(allowed_origins=("https://scanner.example.com",))) as world:
        headers = {"Host": HOST, **({} if origin is None else {"Origin": origin})}
        status, _, _ = await ask(world, "/ws/scanner", headers | UPGRADE)
        changed, _, _ = await ask(world, "/health", headers, "POST")

    assert (status, changed) == (101, 405)


async def test_a_page_of_a_stranger_may_be_led_here_by_a_link() -> None:
    """Reading needs no origin of ours: what is read stays with the browser, which does not show it to that page."""
    async with served() as world:
        assert (await ask(world, "/", {"Origin": "http://host.evil"}))[0] == 200


@pytest.mark.parametrize("host", MISLED)
async def test_a_name_that_is_not_ours_leads_nowhere(host: str) -> None:
    """A page that had its own name point here gets 421, whatever it asks for."""
    async with served() as world:
        answers = [await ask(world, path, {"Host": host}) for path in ("/", "/api/v1/fields", "/nothing", "/health")]
        opened = await ask(world, "/ws/scanner", {"Host": host, "Origin": f"http://{host}"} | UPGRADE)

    assert {code_of(answer) for answer in (*answers, opened)} == {(421, "misdirected_request")}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:9000", "[::1]", "[::1]:8000", "scanner.example.com"]
)
async def test_our_names_are_known(host: str) -> None:
    """Loopback in every spelling and with any port, as tunnels have others; and where our pages may be."""
    async with served(rules=Rules(allowed_origins=("https://scanner.example.com",))) as world:
        assert [(await ask(world, "/health", {"Host": host}))[0] for _ in range(2)] == [200, 200]


async def test_our_names_do_not_fill_the_memory() -> None:
    """Spellings of `Host` are remembered up to a bound, and right beyond it."""
    async with served() as world:
        statuses = {(await ask(world, "/health", {"Host": f"localhost:{port}"}))[0] for port in range(1, 100)}

    assert statuses == {200}


async def test_without_a_token_nothing_is_shown() -> None:
    """Where tokens are, 401 says how; a person's browser is led to the form; being alive and the form are open."""
    async with served(rules=TOKENS) as world:
        closed = [await ask(world, path) for path in ("/", "/api/v1/fields", "/static/main.js", "/nothing", "/ready")]
        changed = await ask(world, "/api/v1/pins/X", method="PUT")
        dressed_up = await ask(world, "/api/v1/fields", UPGRADE)
        led = await ask(world, "/", {"Accept": "text/html,*/*"})
        alive = await ask(world, "/health")

    assert {code_of(answer) for answer in (*closed, changed, dressed_up)} == {(401, "unauthorised")}
    assert closed[0][1]["www-authenticate"] == "Bearer"
    assert (led[0], led[1]["location"]) == (303, "/login")
    assert alive[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        bearer(VIEWER),
        {"Authorization": f"bearer  {VIEWER} "},
        {"Cookie": f"a=b; tradeul={VIEWER}"},
        {"Sec-WebSocket-Protocol": f"tradeul, {VIEWER}"},
    ],
)
async def test_a_token_opens(headers: Headers) -> None:
    """In a program's header, in a browser's cookie, among a WebSocket's protocols."""
    async with served(rules=TOKENS) as world:
        read = await ask(world, "/api/v1/fields", headers)
        changed = await ask(world, "/api/v1/pins/X", headers, "PUT")

    assert read[0] == 200
    assert code_of(changed) == (403, "forbidden")


async def test_an_operator_may_change() -> None:
    """A 404 here, as nothing is behind it: the gate let it pass."""
    async with served(rules=TOKENS) as world:
        assert (await ask(world, "/api/v1/pins/X", bearer(OPERATOR), "PUT"))[0] == 404


@pytest.mark.parametrize("query", ["token={}", "access_token={}", "x={}", "a=1&token=wrong"])
async def test_no_token_in_an_address(query: str) -> None:
    """Addresses are kept and shown: a token in one is refused, right or wrong, and it is said where it belongs."""
    async with served(rules=TOKENS) as world:
        for headers in ({}, bearer(VIEWER)):
            answer = await ask(world, f"/api/v1/fields?{query.format(VIEWER)}", headers)
            assert code_of(answer) == (400, "token_in_address")
            assert b"Authorization" in answer[2]
            assert VIEWER.encode() not in answer[2]


async def test_failing_is_slow_and_counted() -> None:
    """Five wrong tokens a minute, each thought about for a second; then 429 says when to come back."""
    clock = BriskClock()
    async with served(rules=TOKENS, clock=clock) as world:
        tries = [code_of(await ask(world, "/ready", bearer(f"wrong-{number}"))) for number in range(5)]
        sixth = await ask(world, "/ready", bearer("wrong-6"))
        right = await ask(world, "/ready", bearer(VIEWER))
        clock.skip(int(sixth[1]["retry-after"]))
        later = await ask(world, "/ready", bearer(VIEWER))

    assert tries == [(401, "unauthorised")] * 5
    assert clock.pauses == [FAILURE_S] * 5
    assert code_of(sixth) == code_of(right) == (429, "rate_limited")
    assert 50 < int(sixth[1]["retry-after"]) <= 60
    assert later[0] == 200


async def test_an_old_cookie_is_no_guessing() -> None:
    """The same wrong token again and again, as a page of files shows it, is one try; the form stays open."""
    async with served(rules=TOKENS, clock=BriskClock()) as world:
        seen = {code_of(await ask(world, "/ready", {"Cookie": "tradeul=old"})) for _ in range(20)}
        right = await ask(world, "/ready", bearer(VIEWER))

    assert seen == {(401, "unauthorised")}
    assert right[0] == 200


async def test_who_was_let_in_is_not_shut_out_by_others() -> None:
    """Guessing from the same address does not close the door for a token that opened it before."""
    async with served(rules=TOKENS, clock=BriskClock()) as world:
        await ask(world, "/ready", bearer(VIEWER))
        for number in range(8):
            await ask(world, "/ready", bearer(f"wrong-{number}"))
        known = await ask(world, "/ready", bearer(VIEWER))
        unknown = await ask(world, "/ready", bearer(OPERATOR))

    assert (known[0], unknown[0]) == (200, 429)


async def test_too_often_is_said_by_address_and_by_token() -> None:
    """Beyond the burst 429 names a wait; another address, or another token, is not concerned."""
    async with served(rules=Rules(behind_proxy=True, trusted_proxies=("127.0.0.1",)), clock=BriskClock()) as world:
        seen = [(await ask(world, "/ready", {"X-Forwarded-For": ELSEWHERE}))[0] for _ in range(REQUESTS_BURST)]
        refused = await ask(world, "/ready", {"X-Forwarded-For": ELSEWHERE})
        other = await ask(world, "/ready", {"X-Forwarded-For": "203.0.113.8"})
    async with served(rules=TOKENS, clock=BriskClock()) as world:
        seen += [(await ask(world, "/ready", bearer(VIEWER)))[0] for _ in range(REQUESTS_BURST)]
        refused_too = await ask(world, "/ready", bearer(VIEWER))
        other_too = await ask(world, "/ready", bearer(OPERATOR))

    assert set(seen) == {200}
    assert code_of(refused) == code_of(refused_too) == (429, "rate_limited")
    assert int(refused[1]["retry-after"]) == int(refused_too[1]["retry-after"]) == 1
    assert (other[0], other_too[0]) == (200, 200)


async def test_this_machine_may_ask_as_often_as_it_likes() -> None:
    """On loopback without tokens nothing is counted."""
    async with served(clock=BriskClock()) as world:
        statuses = {(await ask(world, "/ready"))[0] for _ in range(REQUESTS_BURST + 10)}

    assert statuses == {200}


async def test_a_header_that_nobody_vouches_for_is_not_believed() -> None:
    """Who is no trusted proxy is counted as itself, whatever it says of itself."""
    async with served(rules=Rules(tokens=KeptTokens(), behind_proxy=True), clock=BriskClock()) as world:
        for number in range(5):
            await ask(world, "/ready", {"X-Forwarded-For": f"203.0.113.{number}", **bearer(f"wrong-{number}")})
        sixth = await ask(world, "/ready", {"X-Forwarded-For": "203.0.113.9", **bearer("wrong-6")})

    assert code_of(sixth) == (429, "rate_limited")


async def test_details_are_for_this_machine_and_for_operators() -> None:
    """`/health` tells a stranger and a viewer whether we are alive; `/metrics` tells them nothing."""
    async with served(rules=TOKENS) as near, served(rules=PROXIED) as far:
        near.view.report["insides"] = far.view.report["insides"] = "much"
        local = await ask(near, "/health")
        stranger = await ask(far, "/health")
        viewer = await ask(far, "/health", bearer(VIEWER))
        wrong = await ask(far, "/health", bearer("wrong"))
        operator = await ask(far, "/health", bearer(OPERATOR))
        metrics = [
            (await ask(far, "/metrics"))[0],
            (await ask(far, "/metrics", bearer(VIEWER)))[0],
            (await ask(far, "/metrics", bearer(OPERATOR)))[0],
            (await ask(near, "/metrics"))[0],
        ]

    assert ["insides" in json.loads(body) for _, _, body in (local, stranger, viewer, wrong, operator)] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert json.loads(stranger[2]) == {"status": "ok"}
    assert metrics == [401, 403, 404, 404]


async def test_without_tokens_the_metrics_stay_on_this_machine() -> None:
    """Also where everybody else is let in."""
    async with served(rules=Rules(behind_proxy=True)) as world:
        assert code_of(await ask(world, "/metrics")) == (403, "forbidden")
        assert (await ask(world, "/ready"))[0] == 200


async def test_no_body_is_longer_than_is_ever_read() -> None:
    """Whatever is asked, and whether anybody would read it: 16 KiB may come, one byte more is refused unread."""
    async with served() as world:
        may = [await ask(world, path, method=method, body=b"x" * 16_384) for method, path in BODIES]
        more = [await ask(world, path, method=method, body=b"x" * 16_385) for method, path in BODIES]

    assert 413 not in {status for status, _, _ in may}
    assert {code_of(answer) for answer in more} == {(413, "request_entity_too_large")}
