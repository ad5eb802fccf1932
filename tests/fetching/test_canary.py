"""The key of a vendor is in no error and no log line, whatever goes wrong, with every logger at its most talkative."""

import asyncio
import datetime as dt
import gzip
import logging
import traceback
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.support.vendor import KEY, Handler, UnhurriedClock, Vendor, answers, says
from tradeul.domain.events import Nanos, Symbol
from tradeul.errors import VendorError
from tradeul.fetching import transport
from tradeul.fmp.rest import FmpRest
from tradeul.polygon.rest import LISTINGS_PATH, PolygonRest

DAY = dt.date(2025, 11, 25)
X = Symbol("X")
ECHO = f"key {KEY} is bad"


async def abort(request: web.Request) -> web.StreamResponse:
    """Be gone without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stammer(request: web.Request) -> web.StreamResponse:
    """Answer what is no HTTP, with the address in it."""
    assert request.transport is not None
    request.transport.write(b"NO HTTP %s\r\n\r\n" % request.path_qs.encode())
    request.transport.close()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"status":"OK"')
    return await abort(request)


async def stall(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


FAULTS: dict[str, Handler] = {
    "echo in 401": answers(says({"error": ECHO, "Error Message": ECHO}, 401)),
    "echo in 500": answers(says({"message": ECHO}, 500)),
    "echo in 429": answers(web.Response(status=429, text=ECHO, headers={"Retry-After": "1"})),
    "echo in 200": answers(says({"status": "ERROR", "error": ECHO, "Error Message": ECHO})),
    "echo in reason": answers(web.Response(status=418, reason=ECHO)),
    "redirect": answers(web.Response(status=302, headers={"Location": f"http://127.0.0.1:9/?apiKey={KEY}"})),
    "web page": answers(web.Response(text=f"<html>{KEY}</html>")),
    "bad gzip": answers(web.Response(body=gzip.compress(ECHO.encode())[:-4], headers={"Content-Encoding": "gzip"})),
    "odd packing": answers(web.Response(text=ECHO, headers={"Content-Encoding": KEY})),
    "next page elsewhere": answers(says({"status": "OK", "results": [], "next_url": f"http://x.test/{KEY}?apiKey={KEY}"})),
    "pages in a circle": answers(
        says({"status": "OK", "results": [], "next_url": f"http://x.test{LISTINGS_PATH}?cursor={KEY}&apiKey={KEY}"})
    ),
    "no next address": answers(says({"status": "OK", "results": [], "next_url": f"http://[{KEY}"})),
    "abort": abort,
    "no HTTP": stammer,
    "broken off": break_off,
    "silence": stall,
}  # fmt: skip


def questions(polygon: PolygonRest, fmp: FmpRest) -> list[Callable[[], Awaitable[object]]]:
    """Everything that can be asked."""
    return [
        polygon.snapshot,
        lambda: polygon.daily_bars(DAY),
        lambda: polygon.bars(X, 5, Nanos(10**18), Nanos(2 * 10**18)),
        polygon.listings,
        lambda: polygon.profile(X),
        polygon.floats,
        lambda: polygon.splits(DAY),
        polygon.market_status,
        polygon.upcoming_closures,
        fmp.floats,
        lambda: fmp.market_caps([X]),
        lambda: fmp.profile(X),
    ]


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_key_is_in_no_error_and_no_log(
    fault: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every question meets every fault: neither its message, nor its traceback, nor a line of any logger has it."""
    monkeypatch.setattr(transport, "SILENCE_S", 0.02)
    caplog.set_level(logging.DEBUG)
    told, clock = [], UnhurriedClock()
    with capture_logs() as logs:
        async with (
            Vendor(FAULTS[fault]) as vendor,
            PolygonRest(vendor.url, KEY, clock, uniform=max) as polygon,
            FmpRest(vendor.url, KEY, clock, uniform=max) as fmp,
        ):
            for ask in questions(polygon, fmp):
                try:
                    await ask()
                except VendorError as error:
                    told += [str(error), repr(error), *traceback.format_exception(error)]

    assert told
    assert [line for line in [*told, *map(str, logs), *caplog.messages] if KEY in line] == []


async def test_the_vendor_is_asked_only_where_it_is() -> None:
    """Whatever addresses the vendor names, every request went to its own host and below the paths we know."""
    listed = says(
        {"status": "OK", "results": [], "next_url": f"http://127.0.0.1:9{LISTINGS_PATH}?cursor=c&apiKey={KEY}"}
    )
    async with Vendor(answers(listed)) as vendor, PolygonRest(vendor.url, KEY, UnhurriedClock()) as polygon:
        with pytest.raises(VendorError, match="circle"):
            await polygon.listings()

    assert len(vendor.asked) == 2
    assert [asked for asked in vendor.asked if KEY in asked.path_qs] == []
