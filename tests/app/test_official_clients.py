"""The vendor's own two Python clients, unchanged, against `python -m tradeul exchange`."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import massive
import massive.exceptions
import massive.websocket
import polygon
import polygon.exceptions
import polygon.websocket
import pytest

from tests.support.box import Box, exchange_process

pytestmark = pytest.mark.slow(12)

START = "2026-11-18T10:15:00-05:00"
TODAY = dt.date(2026, 11, 18)
YESTERDAY = dt.date(2026, 11, 17)
CLIENTS = [polygon, massive]
FEW_SYMBOLS = ["AAPL", "BRK.B", "BACpL", "TSLA"]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with exchange_process("--symbols", "600", "--start", START, "--speed", "5") as box:
        yield box


@pytest.fixture(params=CLIENTS, ids=lambda client: str(client.__name__))
def rest(request: pytest.FixtureRequest, box: Box) -> Any:
    return request.param.RESTClient(box.key, base=box.rest_url)


def test_the_whole_market_and_parts_of_it(rest: Any) -> None:
    """All rows, some rows and one row agree; what is unknown is left out or not found."""
    everything = {row.ticker: row for row in rest.get_snapshot_all("stocks")}
    some = rest.get_snapshot_all("stocks", tickers=[*FEW_SYMBOLS, "NOBODY", "aapl"])
    one = rest.get_snapshot_ticker("stocks", "BRK.B")

    assert len(everything) > 500
    assert {row.ticker for row in some} == set(FEW_SYMBOLS)
    assert one.ticker == "BRK.B"
    assert one.prev_day.close == everything["BRK.B"].prev_day.close > 0
    assert one.min.accumulated_volume >= everything["BRK.B"].min.accumulated_volume > 0
    assert everything["AAPL"].last_quote.bid_price <= everything["AAPL"].last_quote.ask_price
    assert everything["AAPL"].last_trade.sip_timestamp > 10**18


def test_over_the_counter_shares_come_when_asked_for(rest: Any) -> None:
    """They are left out otherwise."""
    without = {row.ticker for row in rest.get_snapshot_all("stocks")}
    everything = {row.ticker for row in rest.get_snapshot_all("stocks", include_otc=True)}

    assert without < everything


@pytest.mark.parametrize(("direction", "sign"), [("gainers", 1), ("losers", -1)])
def test_movers_come_in_the_order_of_their_move(rest: Any, direction: str, sign: int) -> None:
    """At most twenty, the furthest first, none that hardly trades."""
    movers = rest.get_snapshot_direction("stocks", direction)

    changes = [sign * row.todays_change_percent for row in movers]
    assert 1 <= len(movers) <= 20
    assert changes == sorted(changes, reverse=True)
    assert all(row.min.accumulated_volume >= 10_000 for row in movers)


def test_an_unknown_symbol_is_said_to_be_unknown(rest: Any, box: Box) -> None:
    """Case counts; the client's own error carries the vendor's words."""
    errors = (polygon.exceptions.BadResponse, massive.exceptions.BadResponse)

    with pytest.raises(errors, match="NotFound"):
        rest.get_snapshot_ticker("stocks", "aapl")
    with pytest.raises(errors, match="Unknown API Key"):
        type(rest)("wrong", base=box.rest_url).get_market_status()


@pytest.mark.parametrize(("multiplier", "span"), [(1, "minute"), (5, "minute"), (1, "hour"), (1, "day")])
def test_pages_of_bars_add_up_to_the_whole(rest: Any, multiplier: int, span: str) -> None:
    """Following pages gives the bars of one large answer, in order, each once."""
    asked = ("AAPL", multiplier, span, TODAY - dt.timedelta(days=9), YESTERDAY)
    limit = 2 if span == "day" else 700

    whole = rest.get_aggs(*asked, limit=50_000)
    paged = list(rest.list_aggs(*asked, limit=limit))

    assert [vars(bar) for bar in paged] == [vars(bar) for bar in whole]
    assert len(whole) > limit * (1 if span == "day" else 0.1)
    assert all(first.timestamp < second.timestamp for first, second in itertools.pairwise(whole))


def test_finer_bars_add_up_to_the_day(rest: Any) -> None:
    """Minutes have the day's shares, and those of the session its prices; the order can be turned."""
    day = rest.get_aggs("TSLA", 1, "day", YESTERDAY, YESTERDAY)[0]
    minutes = rest.get_aggs("TSLA", 1, "minute", YESTERDAY, YESTERDAY, limit=50_000)
    backwards = rest.get_aggs("TSLA", 1, "minute", YESTERDAY, YESTERDAY, sort="desc", limit=50_000)

    opens_ms = int(dt.datetime.fromisoformat(f"{YESTERDAY}T09:30:00-05:00").timestamp() * 1000)
    regular = [bar for bar in minutes if opens_ms <= bar.timestamp < opens_ms + 6.5 * 3_600_000]
    assert sum(bar.volume for bar in minutes) == day.volume
    assert (max(bar.high for bar in regular), min(bar.low for bar in regular)) == (day.high, day.low)
    assert (regular[0].open, regular[-1].close) == (day.open, day.close)
    assert [vars(bar) for bar in backwards] == [vars(bar) for bar in minutes[::-1]]


def test_a_days_whole_market_and_the_previous_close(rest: Any) -> None:
    """One call has every symbol's day; the previous close is that of the snapshot."""
    bars = {bar.ticker: bar for bar in rest.get_grouped_daily_aggs(YESTERDAY)}
    previous = rest.get_previous_close_agg("AAPL")
    (snapshot,) = rest.get_snapshot_all("stocks", tickers=["AAPL"])

    assert len(bars) > 400
    first = previous[0] if isinstance(previous, list) else previous
    assert first.close == bars["AAPL"].close == snapshot.prev_day.close
    assert rest.get_grouped_daily_aggs(dt.date(2026, 11, 15)) == []


def test_what_the_market_is_doing_and_will_do(rest: Any) -> None:
    """It is open now; the holidays are ahead, the early closes with their times."""
    status = rest.get_market_status()
    holidays = rest.get_market_holidays()

    assert (status.market, status.exchanges.nyse, status.early_hours) == ("open", "open", False)
    assert {"2026-11-26", "2026-12-25"} <= {day.date for day in holidays if day.status == "closed"}
    early = next(day for day in holidays if day.date == "2026-11-27")
    assert (early.status, early.close) == ("early-close", "2026-11-27T18:00:00.000Z")


def test_the_list_of_securities_is_walked_page_by_page(rest: Any) -> None:
    """Small pages and large ones give the same securities; details and types are known of each."""
    small = [row.ticker for row in rest.list_tickers(market="stocks", active=True, limit=100)]
    large = {row.ticker: row for row in rest.list_tickers(market="stocks", active=True, limit=1000)}
    details = rest.get_ticker_details("BRK.B")

    assert sorted(set(small)) == sorted(large)
    assert large["AAPL"].type == "CS"
    assert large["BACpL"].type == "PFD"
    assert details.ticker == "BRK.B"
    assert details.market_cap > 0
    assert details.name == large["BRK.B"].name


def test_splits_explain_adjusted_prices(rest: Any) -> None:
    """The newest split's ratio lies between the adjusted and the unadjusted close before it."""
    splits = list(rest.list_splits(limit=100, execution_date_gte="2026-05-01", execution_date_lte="2026-11-18"))
    assert splits
    for split in splits[:3]:
        date = dt.date.fromisoformat(split.execution_date)
        asked = (split.ticker, 1, "day", date - dt.timedelta(days=6), date - dt.timedelta(days=1))
        raw = rest.get_aggs(*asked, adjusted=False)
        fair = rest.get_aggs(*asked, adjusted=True)
        ratio = split.split_from / split.split_to

        assert len(raw) == len(fair)
        later = [
            other for other in splits if other.ticker == split.ticker and other.execution_date > split.execution_date
        ]
        if not later:
            for old, new in zip(raw, fair, strict=True):
                assert new.close == pytest.approx(old.close * ratio, rel=1e-3)


def test_the_newer_client_lists_floats(box: Box) -> None:
    """Float shares are there for common stock, and no more than are outstanding."""
    client = massive.RESTClient(box.key, base=box.rest_url)

    floats = list(client.list_stocks_floats(limit=200))

    assert len(floats) > 200
    assert all(0 < row.free_float_percent <= 100 and row.free_float > 0 for row in floats)
    assert len({row.ticker for row in floats}) == len(floats)


def test_a_refusal_for_too_many_requests_is_survived(rest: Any, box: Box) -> None:
    """Both clients wait as they are told, and get their answer."""
    box.switch_on("rate_limited", times=1, retry_after=0)

    assert rest.get_market_status().market == "open"
    assert all(fault["name"] != "rate_limited" for fault in box.ask("GET", "/faults")["on"])


class Enough(Exception):  # it is no error
    """Ends a client's endless loop."""


def heard(client: Any, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """Run a client until what came is enough, which is asked after each message."""
    events: list[Any] = []

    def take(messages: list[Any]) -> None:
        events.extend(messages)
        if enough(events):
            raise Enough

    with pytest.raises(Enough):
        client.run(take)
    return events


def stream_of(library: Any, box: Box, *subscriptions: str) -> Any:
    return library.websocket.WebSocketClient(
        api_key=box.key, feed=box.address, market="stocks", secure=False, subscriptions=list(subscriptions)
    )


@pytest.mark.parametrize("library", CLIENTS, ids=lambda client: str(client.__name__))
def test_live_events_of_every_kind_are_understood(library: Any, box: Box) -> None:
    """Seconds, trades and quotes arrive with the fields that the client knows."""

    def all_came(events: list[Any]) -> bool:
        return len(events) >= 400 and {"A", "T", "Q"} <= {event.event_type for event in events}

    events = heard(stream_of(library, box, "A.*", "T.AAPL", "Q.AAPL", "LULD.*"), all_came)

    for event in events:
        if event.event_type == "A":
            assert event.low <= event.open <= event.high
            assert event.accumulated_volume >= event.volume > 0
            assert event.end_timestamp - event.start_timestamp == 1000
        elif event.event_type == "T":
            assert event.symbol == "AAPL"
            assert event.price > 0
        elif event.event_type == "Q":
            assert event.bid_price <= event.ask_price


@pytest.mark.parametrize("library", CLIENTS, ids=lambda client: str(client.__name__))
def test_subscriptions_change_while_connected(library: Any, box: Box) -> None:
    """After unsubscribing from one symbol and subscribing to another only the other is heard."""
    client = stream_of(library, box, "A.AAPL")
    changed: list[int] = []

    def has_changed(events: list[Any]) -> bool:
        if len(events) >= 2 and not changed:
            client.unsubscribe("A.AAPL")
            client.subscribe("A.TSLA")
            changed.append(len(events))
        # Some of the first are under way still; both trade in every second or two.
        return {event.symbol for event in events[-6:]} == {"TSLA"}

    events = heard(client, has_changed)

    assert {event.symbol for event in events[: changed[0]]} == {"AAPL"}


@pytest.mark.parametrize("library", CLIENTS, ids=lambda client: str(client.__name__))
def test_a_client_that_is_cut_off_comes_back(library: Any, box: Box) -> None:
    """After an abnormal close it connects again, subscribes again, and events go on."""
    client = stream_of(library, box, "A.*")
    cut: list[int] = []
    gone_at: list[float] = []

    def is_back(events: list[Any]) -> bool:
        if not cut and len(events) > 50:
            box.switch_on("close", times=1, code=1011)
            cut.append(len(events))
        if cut and not gone_at and box.ask("GET", "/faults")["on"] == []:
            now = dt.datetime.fromisoformat(box.ask("GET", "/v1/marketstatus/now")["serverTime"])
            gone_at.append(now.timestamp() * 1_000)
        # What began later came over another connection.
        return bool(gone_at) and events[-1].start_timestamp > gone_at[0]

    events = heard(client, is_back)

    assert len(events) > cut[0]


@pytest.mark.parametrize("library", CLIENTS, ids=lambda client: str(client.__name__))
def test_a_wrong_key_is_refused_at_the_stream(library: Any, box: Box) -> None:
    """The client says so itself."""
    client = library.websocket.WebSocketClient(
        api_key="wrong", feed=box.address, market="stocks", secure=False, subscriptions=["A.*"]
    )

    with pytest.raises(library.exceptions.AuthError, match="authentication failed"):
        client.run(lambda _messages: None)
