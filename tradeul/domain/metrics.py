"""Everything that follows from a row's own columns: changes, distances, relative volume, score.

Called with every row after a snapshot and with the touched rows after live bars; the one code path serves both, so the
two can never disagree. Each field is rounded here once.
"""

from typing import Final

import numpy as np

from tradeul.domain import rvol
from tradeul.domain.board import Board, Rows
from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.fields import RVOL_METHODS
from tradeul.domain.score import QUALITY_OF_METHOD, score
from tradeul.domain.session import NANOS, DayHours, Session
from tradeul.domain.slots import DAY_SECONDS, SLOT_SECONDS, SLOTS_PER_DAY

_EXACT: Final = RVOL_METHODS.index("exact")
_CURVE: Final = RVOL_METHODS.index("curve")
_NONE: Final = RVOL_METHODS.index("none")


def derive(board: Board, rows: Rows, hours: DayHours, session: Session, slot: int = 0) -> None:
    """Recompute the derived fields of `rows` as of each row's own newest volume; `slot` is the running one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        _changes(board, rows, session)
        _range(board, rows)
        _volumes(board, rows)
        _relative_volume(board, rows, hours, slot)
        _score(board, rows)


def _percent(value: Floats, basis: Floats) -> Floats:
    """Change in percent; what is on the board as a price is positive or null, so no basis is 0."""
    return 100.0 * (value - basis) / basis


def _positive(values: Floats) -> Floats:
    """Make null what is not above 0, so that dividing by it gives null. `values` must be the caller's own."""
    values[values <= 0] = np.nan
    return values


def _changes(board: Board, rows: Rows, session: Session) -> None:
    price, previous, opened = board["price"][rows], board["prev_close"][rows], board["open"][rows]
    change_percent = _percent(price, previous)
    board.put("change", rows, price - previous)
    board.put("change_percent", rows, change_percent)
    gap = _percent(opened, previous)
    np.copyto(gap, change_percent, where=np.isnan(opened))
    board.put("gap_percent", rows, gap)
    board.put("change_from_open", rows, _percent(price, opened))
    if session is Session.POST_MARKET:
        board.put("postmarket_change", rows, _percent(price, board["regular_close"][rows]))
    else:
        board["postmarket_change"][rows] = np.nan
    board.put("change_1m", rows, _percent(price, board["price_1m_ago"][rows]))
    board.put("change_5m", rows, _percent(price, board["price_5m_ago"][rows]))
    board.put("vwap_distance", rows, _percent(price, board["vwap"][rows]))
    board.put("atr_percent", rows, 100.0 * board["atr"][rows] / price)


def _range(board: Board, rows: Rows) -> None:
    price, high, low = board["price"][rows], board["high"][rows], board["low"][rows]
    board.put("distance_from_high", rows, _percent(price, high))
    board.put("distance_from_low", rows, _percent(price, low))
    board.put("range_position", rows, 100.0 * (price - low) / _positive(high - low))
    bid, ask = board["bid"][rows], board["ask"][rows]
    spread = ask - bid
    spread[spread < 0] = np.nan
    board.put("spread_bps", rows, 20_000.0 * spread / (ask + bid))


def _volumes(board: Board, rows: Rows) -> None:
    volume, vwap, price = board["volume_today"][rows], board["vwap"][rows], board["price"][rows]
    worth = vwap.copy()
    np.copyto(worth, price, where=np.isnan(vwap))
    board.put("dollar_volume", rows, volume * worth)
    board.put("volume_1m", rows, volume - board["volume_1m_ago"][rows])
    board.put("volume_5m", rows, volume - board["volume_5m_ago"][rows])
    board.put("float_rotation", rows, 100.0 * volume / _positive(board["float_shares"][rows].copy()))


def seconds_known(board: Board, rows: Rows, hours: DayHours) -> Floats:
    """Second of the day that each row's volume is known for."""
    seconds: Floats = (board["volume_at"][rows] - hours.pre_market_start) / NANOS
    return np.clip(seconds, 0.0, DAY_SECONDS)


def expected_volume(board: Board, rows: Rows, hours: DayHours) -> tuple[Floats, Floats, Bools]:
    """What is usual by each row's moment and by the beginning of its slot, and for which of the rows that is exact."""
    return usual_by(board, board.numbers(rows), seconds_known(board, rows, hours), hours)


def usual_by(board: Board, numbers: Ints, seconds: Floats, hours: DayHours) -> tuple[Floats, Floats, Bools]:
    """Tell the same of any second of the day for each row; a row may be asked for several times."""
    exact: Bools = board.usual.sessions(numbers) >= board.usual.least_sessions
    expected, before = np.empty(len(numbers)), np.empty(len(numbers))
    for places, usual in ((np.flatnonzero(exact), _by_history), (np.flatnonzero(~exact), _by_curve)):
        if len(places):
            found = usual(board, numbers[places], seconds[places], hours)
            expected[places], before[places] = found
    return expected, before, exact


def _by_history(board: Board, numbers: Ints, seconds: Floats, hours: DayHours) -> tuple[Floats, Floats]:
    return board.usual.expected(numbers, seconds, early_close=hours.early_close)


def _by_curve(board: Board, numbers: Ints, seconds: Floats, hours: DayHours) -> tuple[Floats, Floats]:
    average = board["avg_volume_30d"][numbers]
    turnover = average * board["avg_price_30d"][numbers]
    slot_start = seconds - _into_slot(seconds)
    now, before = (
        average * board.curves.share(turnover, moment, early_close=hours.early_close)
        for moment in (seconds, slot_start)
    )
    return now, before


def _into_slot(seconds: Floats) -> Floats:
    """Seconds since each one's slot began; the day's very end belongs to the last slot."""
    into: Floats = seconds - np.minimum(seconds // SLOT_SECONDS, SLOTS_PER_DAY - 1) * SLOT_SECONDS
    return into


def _relative_volume(board: Board, rows: Rows, hours: DayHours, slot: int) -> None:
    volume, average = board["volume_today"][rows], board["avg_volume_30d"][rows]
    expected, before, exact = expected_volume(board, rows, hours)
    board.put("rvol", rows, rvol.ratio(volume, expected))
    board.put("rvol_guarded", rows, rvol.guarded_ratio(volume, expected, average))
    in_slot = volume - board["slot_start_volume"][rows]
    seconds = seconds_known(board, rows, hours)
    # Of a row that was last heard of before the running slot nobody knows what it traded since.
    in_slot[seconds < slot * SLOT_SECONDS] = np.nan
    board.put("rvol_slot", rows, rvol.slot_ratio(in_slot, expected - before, _into_slot(seconds)))
    board.put("vol_vs_adv", rows, volume / _positive(average.copy()))
    board["rvol_method"][rows] = np.where(exact, _EXACT, np.where(np.isnan(expected), _NONE, _CURVE))
    board["rvol_sessions"][rows] = board.usual.sessions(board.numbers(rows))


def _score(board: Board, rows: Rows) -> None:
    quality = QUALITY_OF_METHOD[board["rvol_method"][rows]]
    value = score(
        board["rvol_guarded"][rows],
        board["change_percent"][rows],
        board["dollar_volume"][rows],
        board["range_position"][rows],
        board["spread_bps"][rows],
        quality,
    )
    board.put("score", rows, value)
