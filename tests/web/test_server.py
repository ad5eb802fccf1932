"""HTTP: every answer, error and header that does not depend on the market."""

import asyncio
import json
import re
import socket
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.support.eventually import eventually, settle
from tests.support.raw import HANDSHAKE, HOST
from tests.support.web import PAGE, Served, deaf, no_aggregates, raw_answer, raw_answers, served, viewer
from tradeul.clock import ManualClock
from tradeul.engine.channels import Channels
from tradeul.errors import AddressInUse, ConfigurationError
from tradeul.web.answers import CONTENT_POLICY
from tradeul.web.hub import Hub
from tradeul.web.routes.page import read_page
from tradeul.web.server import Address, WebServer

PATHS = [
    "/",
    "/static/main.js",
    "/health",
    "/ready",
    "/api/session/current",
    "/api/v1/fields",
    "/api/v1/scanner/status",
    "/api/v1/scanner/categories",
    "/api/v1/scanner/categories/alpha",
    "/api/v1/scanner/categories/alpha.csv",
]
MISSING = ["/nothing", "/static/nothing.js", "/static/", "/static", "/api/v1/scanner/categories/gamma", "//", "/ws"]


def get(path: str, *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def assert_safe(headers: dict[str, str]) -> None:
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "aiohttp" not in headers["server"]
    assert headers["cache-control"] in ("no-store", "no-cache")


def error_of(body: bytes) -> dict[str, object]:
    parsed = json.loads(body)
    assert parsed.keys() == {"error"}
    assert parsed["error"].keys() == {"code", "message", "details"}
    error: dict[str, object] = parsed["error"]
    return error


@pytest.mark.parametrize("path", PATHS)
async def test_every_route_answers_with_the_headers(path: str) -> None:
    """All routes are served, with the headers that keep a page safe."""
    async with served() as world:
        status, headers, body = await raw_answer(world, get(path))

    assert (status, bool(body)) == (200, True)
    assert_safe(headers)


@pytest.mark.parametrize("path", MISSING)
async def test_what_is_not_there_is_a_404_of_the_one_shape(path: str) -> None:
    """An unknown path is answered like every error."""
    async with served() as world:
        status, headers, body = await raw_answer(world, get(path))

    assert status == 404
    assert error_of(body)["code"] in ("not_found", "unknown_list")
    assert_safe(headers)


@pytest.mark.parametrize("path", [*PATHS, "/ws/scanner"])
async def test_a_wrong_method_is_a_405_of_the_one_shape(path: str) -> None:
    """Nothing can be posted, and the answer says what can be done."""
    async with served() as world:
        status, headers, body = await raw_answer(world, get(path).replace(b"GET", b"POST", 1))

    assert (status, error_of(body)["code"]) == (405, "method_not_allowed")
    assert "GET" in headers["allow"]
    assert_safe(headers)


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad header\r\n\r\n", 400),
        (get("/" + "x" * 8_200), 414),
        (get("/", "X-Long: " + "x" * 8_200), 431),
        (get("/", *(f"X-{number}: 1" for number in range(63))), 431),
        (get("/ws/scanner"), 426),
        (HANDSHAKE.replace(b"Version: 13", b"Version: 9"), 426),
        (get("/", "Expect: wonders"), 417),
    ],
    ids=[
        "no_http",
        "no_header",
        "long_line",
        "long_header",
        "many_headers",
        "no_upgrade",
        "old_websocket",
        "expectation",
    ],
)
async def test_what_cannot_be_understood_leaves_the_same_way(request_bytes: bytes, expected: int) -> None:
    """Also what never reaches a route has the one shape and the headers."""
    async with served() as world:
        status, headers, body = await raw_answer(world, request_bytes)

    assert status == expected
    error_of(body)
    assert_safe(headers)


async def test_our_own_mistake_shows_nothing_of_us() -> None:
    """A bug is a 500 of the one shape; the reason is logged and not told."""
    async with served() as world:
        world.view.report["secret"] = object()  # cannot be encoded
        status, headers, body = await raw_answer(world, get("/health"))

    assert (status, error_of(body)["code"]) == (500, "internal_server_error")
    assert b"secret" not in body
    assert b"object" not in body
    assert_safe(headers)


async def test_who_leaves_in_the_middle_is_no_mistake_of_ours() -> None:
    """A body that is promised and never comes, as the asker is gone, makes no line in the log."""
    with capture_logs() as logs:
        async with served() as world:
            reader, writer = await asyncio.open_connection(HOST, world.server.port)
            promised = get("/login", "Content-Length: 99", "Expect: 100-continue").replace(b"GET", b"POST")
            writer.write(promised)
            assert b" 100 " in await reader.readline()
            writer.close()
            await writer.wait_closed()
            await eventually(lambda: len(world.server.gate.crowd) == 0)
            await settle()

    assert logs == []


async def test_who_leaves_before_a_viewer_is_greeted_is_no_mistake_of_ours() -> None:
    """A handshake whose sender is gone by the time that it is answered makes no line in the log either."""
    with capture_logs() as logs:
        async with served() as world:
            for turns in range(30):
                _, writer = await asyncio.open_connection(HOST, world.server.port)
                writer.write(HANDSHAKE)
                await settle(turns % 6)
                writer.transport.abort()
            await eventually(lambda: len(world.server.gate.crowd) == 0)
            await settle()

    assert [each for each in logs if each["log_level"] == "error"] == []


async def test_the_upgrade_carries_the_headers() -> None:
    """The answer that opens a WebSocket is no exception."""
    async with served() as world:
        status, headers, _ = await raw_answer(world, HANDSHAKE)

    assert status == 101
    assert headers["content-security-policy"] == CONTENT_POLICY


async def test_a_socket_is_opened_by_get_alone() -> None:
    """HEAD, which browsers send to look, opens nothing."""
    async with (
        served() as world,
        aiohttp.ClientSession() as session,
        session.head(f"{world.url}/ws/scanner") as looked,
    ):
        status = looked.status

    assert status == 405


async def test_the_refusal_of_a_viewer_has_the_one_shape() -> None:
    """When all places are taken, the 503 looks like every error."""
    async with served(max_clients=0) as world:
        status, headers, body = await raw_answer(world, HANDSHAKE)

    assert (status, error_of(body)["code"]) == (503, "full")
    assert int(headers["retry-after"]) > 0
    assert_safe(headers)


async def test_a_browser_asks_again_and_is_told_that_nothing_changed() -> None:
    """Files carry an ETag; whoever holds that version gets 304 and no bytes."""
    async with served() as world:
        _, first, _ = await raw_answer(world, get("/static/main.js"))
        status, headers, body = await raw_answer(world, get("/static/main.js", f"If-None-Match: {first['etag']}"))
        changed, _, _ = await raw_answer(world, get("/static/main.js", 'If-None-Match: "older"'))

    assert (status, body, changed) == (304, b"", 200)
    assert first["content-type"] == "text/javascript; charset=utf-8"
    assert (first["cache-control"], headers["etag"]) == ("no-cache", first["etag"])
    assert_safe(headers)


def traversals() -> list[str]:
    ups = ["..", "%2e%2e", "%2E%2e", ".%2e", "..;", "....", "%252e%252e", "..%00", "..%c0%af", "\\..", "%5c.."]
    slashes = ["/", "%2f", "%2F", "//", "\\", "%5c", "/./", "%252f"]
    targets = ["etc/passwd", "pyproject.toml", "health"]
    return [f"/static/{up}{slash}{up}{slash}{target}" for up in ups for slash in slashes for target in targets]


async def test_no_spelling_of_a_path_leaves_the_page() -> None:
    """Over 200 ways to write `..` get one and the same 404."""
    async with served() as world:
        requests = [get(path).replace(b"close", b"keep-alive") for path in traversals()]
        answers = await raw_answers(world, requests)

    assert len(answers) > 200
    assert {status for status, _, _ in answers} == {404}
    assert len({body for _, _, body in answers}) == 1


def test_only_files_of_a_page_are_read(tmp_path: Path) -> None:
    """Modules and styles are served, at any depth; notes and configuration that lie beside them are not."""
    (tmp_path / "vendor").mkdir()
    for name in ("index.html", "vendor/chart.js", "package.json", ".hidden", "notes.md"):
        (tmp_path / name).write_text(name)

    manifest = read_page(tmp_path)

    assert set(manifest) == {"index.html", "vendor/chart.js"}
    assert manifest["index.html"].body == b"index.html"
    assert re.fullmatch(r'"[0-9a-f]{32}"', manifest["index.html"].etag)


async def test_a_missing_page_is_a_404() -> None:
    """Without page files the rest is served all the same."""
    async with served(page={}) as world:
        status, _, _ = await raw_answer(world, get("/"))
        health, _, _ = await raw_answer(world, get("/health"))

    assert (status, health) == (404, 200)


def another_server(world: Served, address: Address) -> WebServer:
    clock = ManualClock(world.clock.now())
    channels = Channels("epoch-2", [], clock)
    hub = Hub(channels, clock, world.view, no_aggregates())
    return WebServer(hub, channels, world.view, PAGE, clock, address, 1)


async def test_a_port_that_is_taken_is_named() -> None:
    """The one line names the port and the setting, and closing afterwards is harmless."""
    async with served() as world:
        second = another_server(world, Address(HOST, world.server.port))
        with pytest.raises(AddressInUse, match=rf"port {world.server.port} .*server\.port"):
            await second.start()
        await second.close()


async def test_an_address_that_is_not_ours_is_a_mistake_in_the_configuration() -> None:
    """Listening on another machine's address cannot work, and the settings are named."""
    async with served() as world:
        second = another_server(world, Address("192.0.2.1", 8000))
        with pytest.raises(ConfigurationError, match=r"server\.host.*192\.0\.2\.1:8000"):
            await second.start()
        await second.close()


async def test_after_closing_the_port_is_free() -> None:
    """Nothing listens any more, viewers are gone, and the port can be taken at once."""
    async with served() as world:
        port = world.server.port
        async with viewer(world) as connected:
            await asyncio.gather(world.server.close(), connected.close_code())
        with socket.socket() as sock:
            refused = sock.connect_ex((HOST, port))

    assert refused != 0
    assert len(world.hub) == 0


async def test_idle_connections_do_not_hold_up_closing() -> None:
    """Browsers keep connections open that they do not use; those are closed at once."""
    async with served() as world:
        idle = [await asyncio.open_connection(HOST, world.server.port) for _ in range(3)]
        await raw_answer(world, get("/health"))
        async with deaf(world):
            await eventually(lambda: len(world.hub) == 1)
            await world.server.close()
        ends = [await reader.read() for reader, _ in idle]
        for _, writer in idle:
            writer.close()

    assert ends == [b"", b"", b""]
