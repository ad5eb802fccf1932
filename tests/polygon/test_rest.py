"""The vendor's REST API over real sockets: what arrives, what is refused, and that the key stays where it belongs."""

import asyncio
import datetime as dt
import gzip
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.support.eventually import running
from tests.support.snapshots import body, market_body, row, symbols
from tests.support.vendor import KEY, UnhurriedClock, Vendor, answers
from tradeul.clock import SystemClock
from tradeul.domain.events import Nanos
from tradeul.errors import SnapshotRefused, VendorError, VendorRefused, VendorUnavailable
from tradeul.fetching import transport
from tradeul.fetching.slicing import SLICE_BYTES
from tradeul.polygon import rest
from tradeul.polygon.rest import PolygonRest

MARKET = market_body(600)
DAY = dt.date(2025, 11, 25)
BARS = orjson.dumps({"status": "OK", "results": [{"T": "A", "o": 1, "h": 2, "l": 1, "c": 2, "v": 9, "t": 0}]})
STATUS = b'{"market":"open","serverTime":"2025-11-25T12:00:00-05:00"}'


@pytest.fixture
def clock() -> UnhurriedClock:
    """Time in which nobody waits."""
    return UnhurriedClock()


@pytest.fixture
async def source(clock: UnhurriedClock) -> AsyncIterator[Callable[[Vendor], PolygonRest]]:
    """Builds the client of a vendor and closes it afterwards."""
    built: list[PolygonRest] = []

    def build(vendor: Vendor) -> PolygonRest:
        built.append(PolygonRest(vendor.url, KEY, clock, uniform=max))
        return built[-1]

    yield build
    for each in built:
        await each.close()


Source = Callable[[Vendor], PolygonRest]


async def test_a_snapshot_arrives_whole(source: Source, clock: UnhurriedClock) -> None:
    """One request with the key in its header and nowhere else, answered by the whole market."""
    before = clock.now()
    async with Vendor(answers(web.Response(body=MARKET))) as vendor:
        image = await source(vendor).snapshot()

    assert image.symbols == tuple(symbols(600))
    assert (image.simulated, image.delayed, image.dropped) == (False, False, {})
    assert before <= image.received_at <= clock.now()
    asked = vendor.asked[0]
    assert (asked.path_qs, asked.headers["Authorization"]) == (rest.SNAPSHOT_PATH, f"Bearer {KEY}")
    assert asked.headers["Accept-Encoding"] == "gzip"


async def test_a_packed_snapshot_is_the_same(source: Source) -> None:
    """Packed or not, the same market with the same checksum comes out."""
    packed = web.Response(body=gzip.compress(MARKET), headers={"Content-Encoding": "gzip"})
    async with Vendor(answers(packed, web.Response(body=MARKET))) as vendor:
        first, second = [await each() for each in [source(vendor).snapshot] * 2]

    assert first.checksum == second.checksum
    assert first.trade_price.tolist() == second.trade_price.tolist()
    assert first.symbols is second.symbols


async def test_a_simulated_market_is_known_by_its_header(source: Source) -> None:
    """The sender says that it is no real vendor; the image carries that on."""
    simulated = web.Response(body=MARKET, headers={"X-Simulated-Market": "sim-1"})
    async with Vendor(answers(simulated)) as vendor:
        assert (await source(vendor).snapshot()).simulated


async def test_others_run_while_a_snapshot_is_decoded(source: Source) -> None:
    """A body that comes all at once, as a well packed one does, still leaves the loop free after every slice."""
    raw = body(map(row, symbols(6000)))
    packed = web.Response(body=gzip.compress(raw), headers={"Content-Encoding": "gzip"})
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with Vendor(answers(web.Response(body=MARKET), packed)) as vendor:
        client = source(vendor)
        await client.snapshot()
        async with running(take_turns):
            before = turns
            await client.snapshot()

    assert turns - before > len(raw) // SLICE_BYTES


@pytest.mark.parametrize(
    ("status", "text", "kind", "words"),
    [
        (401, b'{"status":"ERROR","error":"Unknown API Key"}', VendorRefused, "401: Unknown API Key"),
        (403, b'{"status":"NOT_AUTHORIZED","message":"You are not\\nentitled"}', VendorRefused, "You are not entitled"),
        (404, b"404 page not found", VendorRefused, "404: Not Found"),
        (429, b"", VendorUnavailable, "429: Too Many Requests"),
        (500, b'{"status":"ERROR","error":"oops"}', VendorUnavailable, "500: oops"),
        (503, b"<html>busy</html>", VendorUnavailable, "503: Service Unavailable"),
        (301, b"", VendorRefused, "301"),
    ],
)
async def test_a_status_tells_whether_to_ask_again(
    source: Source, status: int, text: bytes, kind: type[VendorError], words: str
) -> None:
    """Key, plan and path are refusals, the rest may pass; the vendor's own words are in the message."""
    async with Vendor(answers(web.Response(status=status, body=text))) as vendor:
        with pytest.raises(kind, match=words):
            await source(vendor).snapshot()

    assert len(vendor.asked) == 1


async def test_a_packed_complaint_is_read_too(source: Source) -> None:
    """Errors come packed as well."""
    text = gzip.compress(b'{"error":"Unknown API Key"}')
    refusal = web.Response(status=401, body=text, headers={"Content-Encoding": "gzip"})
    async with Vendor(answers(refusal)) as vendor:
        with pytest.raises(VendorRefused, match="Unknown API Key"):
            await source(vendor).snapshot()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 20.0),
        ({"Retry-After": "12"}, 12.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "Tue, 25 Nov 2025 12:00:30 GMT", "Date": "Tue, 25 Nov 2025 12:00:00 GMT"}, 30.0),
        ({"Retry-After": "Tue, 25 Nov 2025 12:00:00 GMT", "Date": "Tue, 25 Nov 2025 13:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, 20.0),
    ],
)
async def test_the_wait_a_vendor_names_is_handed_on(
    source: Source, headers: dict[str, str], wait_s: float | None
) -> None:
    """Retry-After in seconds, or as a date, which is measured by the vendor's own clock."""
    async with Vendor(answers(web.Response(status=429, headers=headers))) as vendor:
        with pytest.raises(VendorUnavailable) as unavailable:
            await source(vendor).snapshot()

    assert unavailable.value.retry_after_s == pytest.approx(wait_s, abs=0.1)


async def test_a_redirect_takes_the_key_nowhere(source: Source) -> None:
    """A vendor that points elsewhere is refused: nobody else sees the key."""
    async with Vendor(answers(web.Response(body=MARKET))) as elsewhere:
        redirect = web.Response(status=302, headers={"Location": elsewhere.url})
        async with Vendor(answers(redirect)) as vendor:
            with pytest.raises(VendorRefused, match="302"):
                await source(vendor).snapshot()

    assert elsewhere.asked == []


async def test_the_key_is_in_no_error_and_no_log(source: Source) -> None:
    """Even a vendor that repeats the key does not bring it into our messages."""
    echo = web.Response(status=403, body=b'{"error":"key %s is bad"}' % KEY.encode())
    with capture_logs() as logs:
        async with Vendor(answers(echo)) as vendor:
            with pytest.raises(VendorRefused) as refused:
                await source(vendor).snapshot()

    assert str(refused.value) == "the vendor answered 403: key *** is bad"
    assert KEY not in str(logs)


async def test_a_vendor_who_is_not_there_is_unavailable(source: Source) -> None:
    """A refused connection is a `VendorUnavailable`."""
    async with Vendor(answers(web.Response())) as vendor:
        client = source(vendor)

    with pytest.raises(VendorUnavailable, match="cannot be reached"):
        await client.snapshot()


@pytest.mark.parametrize("sent", [0, 1000, 200_000])
async def test_a_broken_connection_is_unavailable(source: Source, sent: int) -> None:
    """A connection that breaks in the middle brings no image."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(MARKET))})
        await response.prepare(request)
        await response.write(MARKET[:sent])
        assert request.transport is not None
        request.transport.abort()
        return response

    async with Vendor(break_off) as vendor:
        with pytest.raises(VendorUnavailable, match="cannot be reached"):
            await source(vendor).snapshot()


async def test_an_idle_connection_does_not_count_as_silence(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests may follow on one another at the very interval after which a vendor counts as silent."""
    monkeypatch.setattr(transport, "SILENCE_S", 1.5)
    idle = SystemClock()
    async with Vendor(answers(web.Response(body=market_body(1_500)))) as vendor:
        client = source(vendor)
        for _ in range(3):
            await client.snapshot()
            await idle.pause(1.5)


@pytest.mark.parametrize("limit", ["DEADLINE_S", "SILENCE_S"])
async def test_a_vendor_who_falls_silent_is_given_up(
    source: Source, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """Neither the whole nor a single wait for bytes goes on for ever."""
    monkeypatch.setattr(transport, limit, 0.05)

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(MARKET[:1000])
        await asyncio.Event().wait()
        return response

    async with Vendor(stall) as vendor:
        with pytest.raises(VendorUnavailable, match=r"[Tt]imeout"):
            await source(vendor).snapshot()


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (gzip.compress(MARKET)[:-100], "truncated"),
        (gzip.compress(MARKET[:-100]), "truncated"),
        (b"no gzip at all", "corrupt"),
        (gzip.compress(b'{"status":"OK","tickers":["' + bytes(70_000_000), 1), "too_big"),
    ],
)
async def test_a_damaged_body_is_refused(source: Source, packed: bytes, reason: str) -> None:
    """Cut, damaged or endless: the whole is refused, though HTTP saw nothing wrong."""
    async with Vendor(answers(web.Response(body=packed, headers={"Content-Encoding": "gzip"}))) as vendor:
        with pytest.raises(SnapshotRefused) as refused:
            await source(vendor).snapshot()

    assert refused.value.reason == reason


async def test_a_failure_does_not_spoil_the_next_snapshot(source: Source) -> None:
    """After any refusal the same client goes on."""
    async with Vendor(
        answers(
            web.Response(body=MARKET),
            web.Response(status=500),
            web.Response(body=MARKET[:-9]),
            web.Response(body=MARKET),
        )
    ) as vendor:
        client = source(vendor)
        first = await client.snapshot()
        for kind in (VendorUnavailable, SnapshotRefused):
            with pytest.raises(kind):
                await client.snapshot()
        last = await client.snapshot()

    assert last.symbols is first.symbols


async def test_a_snapshot_is_not_retried(source: Source, clock: UnhurriedClock) -> None:
    """The next round is due in seconds anyway."""
    async with Vendor(answers(web.Response(status=503), web.Response(body=MARKET))) as vendor:
        with pytest.raises(VendorUnavailable):
            await source(vendor).snapshot()

    assert clock.pauses == []


async def test_daily_bars_are_asked_for_adjusted(source: Source) -> None:
    """One call for the whole market's day."""
    async with Vendor(answers(web.Response(body=BARS))) as vendor:
        bars = await source(vendor).daily_bars(DAY)

    assert (bars.date, bars.symbols, bars.close.tolist()) == (DAY, ("A",), [2.0])
    assert vendor.asked[0].path_qs == f"{rest.DAILY_PATH}2025-11-25?adjusted=true"


async def test_daily_bars_are_retried_with_jitter(source: Source, clock: UnhurriedClock) -> None:
    """What may pass is tried three times, ever later, and never before the vendor's own wait."""
    busy = web.Response(status=429, headers={"Retry-After": "7"})
    async with Vendor(answers(web.Response(status=500), busy, web.Response(body=BARS))) as vendor:
        bars = await source(vendor).daily_bars(DAY)

    assert bars.symbols == ("A",)
    assert clock.pauses == pytest.approx([0.5, 1.0 + 7.0])


@pytest.mark.parametrize(
    ("response", "asked"),
    [
        (web.Response(status=500), 3),
        (web.Response(status=403), 1),
        (web.Response(status=429, headers={"Retry-After": "3600"}), 1),
    ],
)
async def test_retries_end(source: Source, response: web.Response, asked: int) -> None:
    """Three attempts at most, and none where asking again changes nothing or the wait is too long."""
    async with Vendor(answers(response)) as vendor:
        with pytest.raises((VendorUnavailable, VendorRefused)):
            await source(vendor).daily_bars(DAY)

    assert len(vendor.asked) == asked


async def test_dropped_daily_rows_are_logged(source: Source) -> None:
    """What could not be used of a day is said once."""
    rows: Sequence[dict[str, object]] = [{"T": each, "c": 1} for each in symbols(40)]
    raw = orjson.dumps({"status": "OK", "results": [*rows, {"T": "BAD", "c": -1}]})
    with capture_logs() as logs:
        async with Vendor(answers(web.Response(body=raw))) as vendor:
            await source(vendor).daily_bars(DAY)

    assert logs == [{"event": "daily_rows_dropped", "log_level": "warning", "day": "2025-11-25", "negative": 1}]


async def test_the_market_status_is_fetched(source: Source) -> None:
    """Retried like the bars, packed or not."""
    packed = web.Response(body=gzip.compress(STATUS), headers={"Content-Encoding": "gzip"})
    async with Vendor(answers(web.Response(body=b"{}"), packed)) as vendor:
        status = await source(vendor).market_status()

    assert status.phase == "open"
    assert [asked.path for asked in vendor.asked] == [rest.STATUS_PATH] * 2


async def test_one_connection_serves_all(source: Source) -> None:
    """Requests follow one another on a connection that is kept."""
    async with Vendor(answers(web.Response(body=body([row("A")])))) as vendor:
        client = source(vendor)
        for _ in range(3):
            await client.snapshot()

        assert len({asked.transport for asked in vendor.asked}) == 1


@dataclass
class Shelf:
    """A recorder that keeps what it is given."""

    bodies: list[tuple[str, bytes, Nanos]] = field(default_factory=list)
    on: bool = True

    def body(self, source: str, pieces: Sequence[bytes], arrived: Nanos) -> None:
        self.bodies.append((source, b"".join(pieces), arrived))

    def frame(self, content: str | bytes, arrived: Nanos) -> None:
        raise AssertionError((content, arrived))


@pytest.mark.parametrize("packed", [False, True])
async def test_a_snapshot_is_recorded_as_it_came(clock: UnhurriedClock, packed: bool) -> None:
    """The whole body, unpacked, under what was asked, after its last byte; and nothing but snapshots."""
    shelf, before = Shelf(), clock.now()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    market = web.Response(body=gzip.compress(MARKET) if packed else MARKET, headers=headers)
    async with (
        Vendor(answers(market, web.Response(body=BARS))) as vendor,
        PolygonRest(vendor.url, KEY, clock, recorder=shelf) as client,
    ):
        image = await client.snapshot()
        await client.daily_bars(DAY)

    assert [(source, body) for source, body, _ in shelf.bodies] == [(rest.SNAPSHOT_PATH, MARKET)]
    assert before <= shelf.bodies[0][2] <= image.received_at


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (gzip.compress(MARKET[:-9]), [MARKET[:-9]]),
        (gzip.compress(MARKET)[:-9], [MARKET]),
        (gzip.compress(bytes(30_000_000), 1), []),
    ],
    ids=["cut before packing", "cut after packing", "larger than any market"],
)
async def test_a_refused_snapshot_is_recorded_too(clock: UnhurriedClock, body: bytes, kept: list[bytes]) -> None:
    """What was refused is what one wants to look at, unless it is too large to be of use."""
    shelf = Shelf()
    async with (
        Vendor(answers(web.Response(body=body, headers={"Content-Encoding": "gzip"}))) as vendor,
        PolygonRest(vendor.url, KEY, clock, recorder=shelf) as client,
    ):
        with pytest.raises(SnapshotRefused):
            await client.snapshot()

    assert [recorded for _, recorded, _ in shelf.bodies] == kept


async def test_daily_bars_can_be_asked_for_as_they_were_traded(source: Source) -> None:
    """History is kept unadjusted, with its date."""
    async with Vendor(answers(web.Response(body=BARS))) as vendor:
        await source(vendor).daily_bars(DAY, adjusted=False)

    assert vendor.asked[0].query["adjusted"] == "false"
