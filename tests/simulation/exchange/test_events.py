"""The second that just ended, in the words of the vendor's stream."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
import pytest

from tests.support.market import at
from tests.support.simulated import played, small_day, small_market, tape_at
from tradeul.simulation.bands import due_for_bands, phase_of, width_of
from tradeul.simulation.exchange import events
from tradeul.simulation.halts import Halt
from tradeul.simulation.quotes import spread_of
from tradeul.simulation.tape import Tape
from tradeul.simulation.trading_day import MINUTE

UNIVERSE = small_market().universe
EVERYBODY = np.ones(len(UNIVERSE.symbols), np.bool_)
ROWS = {str(symbol): row for row, symbol in enumerate(UNIVERSE.symbols)}
Event = dict[str, Any]


def decoded(batches: Iterable[events.Batch]) -> list[Event]:
    """Decode all events; each batch is of one topic, of a bounded size, and says whose events it holds."""
    contents = []
    for batch in batches:
        assert len(batch.rows) == len(batch.events) <= events.EVENTS_PER_BATCH
        for row, event in zip(batch.rows.tolist(), batch.events, strict=True):
            content = orjson.loads(event)
            assert content["ev"] == batch.topic
            assert content.get("sym", content.get("T")) == UNIVERSE.symbols[row]
            contents.append(content)
    return contents


def seconds_of(tape: Tape, count: int) -> list[tuple[list[Event], list[Event], list[Event]]]:
    """Play seconds and give each one's trades, quotes and bars."""
    spread = spread_of(UNIVERSE.traits)
    kinds = []
    for _ in range(count):
        trades = played(tape)
        kinds.append(
            (
                decoded(events.trade_prints(UNIVERSE, tape, trades)),
                decoded(events.last_quotes(UNIVERSE, tape, trades, spread)),
                decoded(events.second_bars(UNIVERSE, tape, trades)),
            )
        )
    return kinds


def grouped(of: Iterable[Event]) -> dict[str, list[Event]]:
    groups: dict[str, list[Event]] = {}
    for event in of:
        groups.setdefault(event["sym"], []).append(event)
    return groups


@pytest.mark.parametrize("wall", ["08:30", "09:30", "16:00"])
def test_trades_make_up_the_bars(wall: str) -> None:
    """Of every symbol and second the trades' prices and sizes are what its bar says, their times lie within it."""
    for trades, _, bars in seconds_of(tape_at(wall), 5):
        of = grouped(trades)

        assert list(of) == [bar["sym"] for bar in bars]
        for bar in bars:
            mine = of[bar["sym"]]
            prices = [trade["p"] for trade in mine]
            assert sum(trade["s"] for trade in mine) == bar["v"]
            assert prices[-1] == bar["c"]
            assert len(mine) == 1 or prices[0] == bar["o"]
            assert bar["l"] <= min(prices)
            assert max(prices) <= bar["h"]
            assert all(bar["s"] <= trade["t"] < bar["e"] for trade in mine)


def test_sequence_numbers_grow_and_have_gaps() -> None:
    """Per symbol the numbers of trades and quotes grow from event to event, mostly by more than one."""
    numbers: dict[str, list[int]] = {}
    for trades, quotes, _ in seconds_of(tape_at("09:30"), 5):
        for event in (*trades, *quotes):
            numbers.setdefault(event["sym"], []).append(event["q"])

    steps = [step for each in numbers.values() for step in np.diff(each).tolist()]
    assert min(steps) > 0
    assert np.median(steps) > 1


def test_trades_carry_what_the_vendor_sends() -> None:
    """Whole sizes with a decimal twin, text ids, known exchanges, tapes by listing; reported ones name a facility."""
    trades = [trade for second, _, _ in seconds_of(tape_at("09:30"), 3) for trade in second]

    assert all(isinstance(trade["s"], int) and float(trade["ds"]) - trade["s"] < 1 for trade in trades)
    assert all(isinstance(trade["i"], str) and trade["i"].isdigit() for trade in trades)
    assert {trade["z"] for trade in trades if "z" in trade} == {1, 2, 3}
    assert all(("trfi" in trade) == ("trft" in trade) == (trade["x"] == 4) for trade in trades)
    by_symbol = grouped(trades)
    assert {trade["z"] for trade in by_symbol["NVDA"]} == {3}
    assert {trade["z"] for trade in by_symbol["BAC"]} == {1}


def test_conditions_tell_odd_lots_and_hours() -> None:
    """Fewer than 100 shares is 37; outside the regular session it is 12; else there is no list."""
    for wall, extended in (("08:30", True), ("11:00", False), ("17:00", True)):
        trades = [trade for second, _, _ in seconds_of(tape_at(wall), 20) for trade in second]
        codes = [([12] if extended else []) + ([37] if trade["s"] < 100 else []) for trade in trades]

        assert [trade.get("c", []) for trade in trades] == codes
        assert all("c" not in trade or trade["c"] for trade in trades)
        assert len(trades) > 10


def test_quotes_stand_after_the_trades() -> None:
    """One quote per symbol that traded, later than its trades, around its last price."""
    for trades, quotes, _ in seconds_of(tape_at("10:00"), 10):
        of = grouped(trades)

        assert list(of) == [quote["sym"] for quote in quotes]
        for quote in quotes:
            last = of[quote["sym"]][-1]
            assert quote["t"] >= last["t"]
            assert quote["bp"] <= last["p"] <= quote["ap"]
            assert min(quote["bs"], quote["as"]) >= 1
            assert quote["c"] == 0


def test_second_bars_say_what_the_tape_knows() -> None:
    """Volume of the second and of the day with decimal twins, averages, the official open once there is one."""
    tape = tape_at("09:30")
    trades = played(tape)

    bars = decoded(events.second_bars(UNIVERSE, tape, trades))

    assert [bar["v"] for bar in bars] == trades.bars.volume.tolist()
    assert [bar["av"] for bar in bars] == tape.volume[trades.rows].tolist()
    assert [bar["op"] for bar in bars] == (tape.regular.open[trades.rows] / 10_000).tolist()
    assert {bar["s"] for bar in bars} == {at("09:30") // 10**6}
    assert {bar["e"] - bar["s"] for bar in bars} == {1000}
    for bar in bars:
        assert float(bar["dv"]) - bar["v"] < 1
        assert float(bar["dav"]) - bar["av"] < 1
        assert bar["l"] <= bar["vw"] <= bar["h"]
        assert 1 <= bar["z"] <= bar["v"]
        assert bar.get("otc", False) == UNIVERSE.traits.otc[ROWS[bar["sym"]]]


def test_minute_bars_are_their_seconds_folded() -> None:
    """With the last second of a minute comes a bar per symbol that traded in it: what its second bars add up to."""
    tape = tape_at("09:31")
    folded: dict[str, Event] = {}
    minutes: list[Event] = []
    for _ in range(MINUTE):
        assert not minutes
        for bar in decoded(events.second_bars(UNIVERSE, tape, played(tape))):
            so_far = folded.setdefault(bar["sym"], {**bar, "v": 0})
            so_far["v"] += bar["v"]
            so_far |= {"h": max(so_far["h"], bar["h"]), "l": min(so_far["l"], bar["l"])}
            so_far |= {name: bar[name] for name in ("c", "av", "a", "op")}
        minutes = decoded(events.minute_bars(UNIVERSE, tape, EVERYBODY))

    assert {bar["sym"] for bar in minutes} == set(folded)
    for bar in minutes:
        for name in ("v", "o", "h", "l", "c", "av", "a", "op"):
            assert bar[name] == folded[bar["sym"]][name]
        assert (bar["s"], bar["e"]) == (at("09:31") // 10**6, at("09:32") // 10**6)
        assert bar["l"] <= bar["vw"] <= bar["h"]


def test_only_wanted_symbols_get_a_minute_bar() -> None:
    """The minute's bars are of the rows asked for."""
    tape = tape_at("09:30:59")
    played(tape)
    wanted = np.zeros(len(EVERYBODY), np.bool_)
    wanted[ROWS["NVDA"]] = True

    bars = decoded(events.minute_bars(UNIVERSE, tape, wanted))

    assert [bar["sym"] for bar in bars] == ["NVDA"]


def limits_at(tape: Tape, *halts: Halt, unit: int = 1) -> list[Event]:
    due = due_for_bands(UNIVERSE.traits, phase_of(UNIVERSE.traits), tape)
    return decoded(events.limits(UNIVERSE, tape, due, width_of(UNIVERSE.traits), halts, unit))


def test_bands_are_told_in_nanoseconds() -> None:
    """A band names its symbol in `T`, has code 21, or 22 when nothing traded since the last, and a time in ns."""
    tape, told = tape_at("12:00"), []
    for _ in range(60):
        played(tape)
        told += limits_at(tape)

    assert {code for event in told for code in event["i"]} == {21, 22}
    assert all(event["l"] < event["h"] and "sym" not in event for event in told)
    assert all(at("12:00") <= event["t"] < at("12:01") for event in told)


def test_units_of_time_can_be_others() -> None:
    """The same moment in ms and in us."""
    tape = tape_at("12:00")
    while not limits_at(tape):
        played(tape)

    nanos, micros, millis = (limits_at(tape, unit=unit)[0]["t"] for unit in (1, 1_000, 1_000_000))

    assert (micros, millis) == (nanos // 1_000, nanos // 1_000_000)


def test_a_halt_is_told_when_it_begins_and_ends() -> None:
    """Code 17 in its first second, 18 in its last; nothing of it in the seconds around."""
    tape = tape_at("12:00")
    halt = Halt(ROWS["NVDA"], tape.second + 2, tape.second + 5)
    told = []
    for second in range(8):
        played(tape)
        told += [(second, event["T"], event["i"]) for event in limits_at(tape, halt) if event["i"][0] < 20]

    assert told == [(2, "NVDA", [17]), (4, "NVDA", [18])]


def test_a_halted_symbol_has_no_band() -> None:
    """In the five minutes of a halt its turn for a band passes; before and after it comes."""
    tape = tape_at("11:55")
    halt = Halt(ROWS["NVDA"], tape.second + 300, tape.second + 600)
    told = []
    for _ in range(900):
        played(tape)
        told += [event["i"][0] for event in limits_at(tape, halt) if event["T"] == "NVDA"]

    assert told == [21, 17, 18, 21]


def test_a_half_day_has_conditions_of_its_own_hours() -> None:
    """After the early close trades are Form T."""
    half_day = small_day(dt.date(2026, 11, 27))
    tape = tape_at("13:30", half_day)
    trades = [trade for second, _, _ in seconds_of(tape, 20) for trade in second]

    assert trades
    assert all(12 in trade["c"] for trade in trades)
