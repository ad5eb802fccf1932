"""From columns to the bytes of what changed: 11 lists of 20 of a market of 12,000, made anew, compared and encoded.

Each round moves the market a little, the same for everybody, before time counts. Ours ranks, publishes and encodes as
the engine and the hub do. The peers, which `delta_peers` holds, get the market in the shape they like best, which is
not counted either; Perspective is told of the changes within the time, as being told is how it works. All must show
the same symbols in the same order after every round.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np

from tests.benchmarks.boards import NOW, moved, scanned_board
from tests.benchmarks.delta_peers import DictLoops, InDuckDB, Market, Original, Peer
from tests.benchmarks.figure import Figure, ratio
from tests.benchmarks.in_perspective import InPerspective
from tests.benchmarks.peers import Answers
from tradeul import garbage
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos
from tradeul.domain.scans import BUILT_IN, Scan
from tradeul.domain.session import Session
from tradeul.engine.channels import Channels
from tradeul.engine.filters import global_filters
from tradeul.engine.scanner import Scanner
from tradeul.settings import Filters
from tradeul.web.frames import ListFrames

SYMBOLS = 12_000
SIZE = 20
ROUNDS = 20
SLOW_ROUNDS = 4
"""So often for who takes a second and more."""
SCANS = tuple(dataclasses.replace(scan, size=SIZE, keep="") for scan in BUILT_IN)
"""Without memory of who was inside: the peers have none."""
SLOW = {"original style"}
GOALS = {"Perspective": 50.0, "dict loops": 60.0}


class Ours:
    """The engine's and the hub's parts."""

    def __init__(self, board: Board, scans: Sequence[Scan] = SCANS) -> None:
        self._channels = Channels("bench", scans, ManualClock(NOW))
        self._scanner = Scanner(board, scans, global_filters(Filters()), self._channels)
        self._frames = {name: ListFrames("bench", channel) for name, channel in self._channels.by_name.items()}
        self._at = NOW

    def load(self, _market: Market) -> None:
        """It holds the board itself."""

    def step(self) -> int:
        self._at = Nanos(self._at + 1)
        self._scanner.publish(self._scanner.rank(self._at, Session.MARKET_OPEN), self._at)
        made = 0
        for frames in self._frames.values():
            held = frames.sequence
            frames.advance()
            if frames.sequence != held:
                made += len(frames.since(held))
        return made

    def answers(self) -> Answers:
        assert not self._scanner.failures
        return {name: [str(row.symbol) for row in each.state.rows] for name, each in self._channels.by_name.items()}


async def run() -> list[Figure]:
    """Let ours and each peer play the same rounds, one after the other, as each finds the market just changed."""
    expected: list[Answers] = []
    own, sizes = _played(Ours, ROUNDS, expected)
    figures = [Figure("columns to delta bytes of 11 lists of 20", "ms", own)]
    makers: dict[str, Callable[[], Peer]] = {
        "original style": lambda: Original(SIZE),
        "dict loops": lambda: DictLoops(SIZE),
        "DuckDB": lambda: InDuckDB(SIZE),
        "Perspective": lambda: InPerspective(SIZE),
    }
    for name, make in makers.items():
        rounds = SLOW_ROUNDS if name in SLOW else ROUNDS
        spent, _ = _played(lambda _board, make=make: make(), rounds, expected)  # type: ignore[misc]
        figures.append(Figure(f"the same, {name}", "ms", spent, ratio(own, spent), at_least=GOALS.get(name)))
    return [*figures, Figure("bytes of one such change", "KB", sizes)]


def _played(make: Callable[[Board], Peer], rounds: int, expected: list[Answers]) -> tuple[list[float], list[float]]:
    """Milliseconds and kilobytes of each round; answers must be the expected ones, or become them."""
    board, draw = scanned_board(SYMBOLS), np.random.default_rng(3)
    player, market = make(board), Market(board)
    garbage.settle()  # for everybody, as the program has it
    spent, sizes = list[float](), list[float]()
    for number in range(rounds + 1):
        market.take(board)
        player.load(market)
        made, took = _timed(player.step)
        if number:  # the first is no change, but all there is
            spent.append(took)
            sizes.append(made / 1_000)
        answers = player.answers()
        if number == len(expected):
            assert all(answers.values()), "a list without members costs less than it should"
            expected.append(answers)
        assert answers == expected[number], type(player).__name__
        moved(board, draw)
    return spent, sizes


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    began = time.perf_counter()
    made = work()
    return made, (time.perf_counter() - began) * 1_000
