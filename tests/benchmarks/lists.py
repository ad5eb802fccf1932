"""Making every list of a market of 12,000 symbols: filters, members, order and cut; the 11 lists, and 100 more.

Ours is `Scanner.rank` as the engine calls it after every snapshot and batch of live bars. Before time counts, all give
the same symbols in the same order; they are timed in turn, so that all see the same machine, and each once before it
counts, so that none pays for what another left in the processor's memory.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.boards import NOW, scanned_board
from tests.benchmarks.figure import Figure
from tests.benchmarks.peers import Answers, in_pandas, in_polars, in_polars_at_once
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.filters import global_filters
from tradeul.engine.scanner import Scanner
from tradeul.settings import Filters

SYMBOLS = 12_000
OWN = 100
ROUNDS = 60

WHERE = (
    "price between {a} and {b} and rvol >= 2 and change_percent > {c} and volume_today > 100k and float_shares < 500M",
    "change_5m > 0 and vwap_distance between -1 and {b} and (gap_percent > {c} or new_highs_15m >= 1)",
    "sector in ('Technology', 'Health Care') and price < {b} and dollar_volume > 1M and spread_bps < 40",
    "abs(change_from_open) > {c} and range_position > 80 and not halted and known(market_cap)",
    "type == 'CS' and exchange == 'XNAS' and rvol > 1.5 and float_rotation > {c}",
    "distance_from_high >= -{a} and atr_percent > 1 and volume_5m > 10k and session == 'MARKET_OPEN'",
    "market_cap between 100M and {b}B and (volume_today / avg_volume_30d > 0.2 or rvol_slot > 2)",
    "high - low > {c} * atr and price > max(vwap, open) and not (is_etf or suspect)",
)
ORDER = (
    *("rvol desc", "change_percent desc", "abs(gap_percent) + abs(change_from_open) desc", "dollar_volume desc"),
    *("new_highs_15m desc, last_high_at desc", "score desc, volume_today desc", "distance_from_high desc"),
)


async def run() -> list[Figure]:
    """Measure on this machine as it is."""
    board = scanned_board(SYMBOLS)
    ours, answers = _in_tradeul(board, BUILT_IN)
    peers = {"pandas": in_pandas(board), "polars": in_polars(board), "polars, all at once": in_polars_at_once(board)}
    for name, (make, read) in peers.items():
        assert read(make()) == answers, name
    more, _ = _in_tradeul(board, [*BUILT_IN, *own_scans()])
    spent = _timed({"ours": ours, "more": more, **{name: make for name, (make, _) in peers.items()}})
    return [
        Figure("11 lists of 12,000 symbols", "ms", spent["ours"]),
        *(Figure(f"the same in {name}", "ms", spent[name]) for name in peers),
        *(Figure(f"times as fast as {name}", "x", _ratios(spent[name], spent["ours"])) for name in peers),
        Figure("11 + 100 lists of 12,000 symbols", "ms", spent["more"]),
    ]


def _in_tradeul(board: Board, scans: Sequence[Scan]) -> tuple[Callable[[], object], Answers]:
    """What is timed, and what it answers."""
    scanner = Scanner(board, scans, global_filters(Filters()), Channels("e", scans, ManualClock(NOW)))
    ranked = scanner.rank(NOW, Session.MARKET_OPEN)
    assert not scanner.failures
    empty = [name for name, rows in ranked.items() if not len(rows)]
    assert not empty, f"a list without members costs less than it should: {empty}"
    answers = {name: [str(board.symbols[row]) for row in rows] for name, rows in ranked.items()}
    return lambda: scanner.rank(NOW, Session.MARKET_OPEN), answers


def own_scans() -> list[Scan]:
    """What users may think of: conditions of all kinds, every third easier to stay in, some of the whole market."""
    return [
        Scan(
            f"own_{number}",
            "Own",
            WHERE[number % len(WHERE)].format(a=1 + number % 5, b=100 + number, c=number % 7 / 4),
            ORDER[number % len(ORDER)],
            keep="rvol > 1 and price > 1" if number % 3 == 0 else "",
            size=(20, 50, 200)[number % 3],
            global_filters=number % 10 != 0,
        )
        for number in range(OWN)
    ]


def _timed(makers: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            make()
            began = time.perf_counter()
            make()
            spent[name].append((time.perf_counter() - began) * 1_000)
    return spent


def _ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    return [their / our for their, our in zip(theirs, ours, strict=True)]
