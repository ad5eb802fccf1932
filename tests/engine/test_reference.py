"""What is known of securities, on the board and in the lists."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, at, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.reference import NUMBERS, TEXTS, Facts
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.reference import LOOK_EVERY_S, SLICE, ReferenceKeeper
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals
from tradeul.errors import HistoryUnavailable

NOTHING = Facts(Symbol("-"), *[None] * 10)
ACME = Facts(Symbol("ACME"), "Acme Inc", "XNAS", "CS", "Mining (SIC)", "Gold", 1e9, 2e6, 3e6, 1.25, is_etf=False)
OPENED = at("09:31")


class Book:
    """What is kept, as a test wrote it; `away` while it cannot answer."""

    def __init__(self, *facts: Facts) -> None:
        self.facts = list(facts)
        self.away = False
        self.looks = 0

    async def changes(self, after: int, limit: int) -> tuple[list[Facts], int]:
        self.looks += 1
        if self.away:
            raise HistoryUnavailable("Postgres does not answer")
        found = self.facts[after : after + limit]
        return found, after + len(found)


class Desk:
    """A board with symbols that trade, and the keeper of its reference."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.clock = ManualClock(OPENED)
        self.board = Board(capacity=8)
        self.enrichment = Enrichment(self.board, CALENDAR)
        self.channels = Channels("e", BUILT_IN, self.clock)
        scanner = Scanner(self.board, BUILT_IN, [], self.channels)
        self.pipeline = Pipeline(self.enrichment, scanner, self.clock, Vitals(OPENED))
        self.keeper = ReferenceKeeper(book, self.pipeline, self.board, self.clock)

    async def trade(self, *symbols: str) -> None:
        """Take an image in which these have risen by a fifth."""
        taken = image(*(traded(symbol, 12.0, 500_000, self.clock.now()) for symbol in symbols))
        await self.pipeline.take_image(taken, self.clock.now())

    async def look(self) -> None:
        """Let the keeper look once more."""
        before = self.book.looks
        await self.clock.advance(LOOK_EVERY_S)
        await eventually(lambda: self.book.looks > before)
        await self.clock.advance(0)

    def shown(self, name: str, symbol: str = "ACME") -> Any:
        return self.board.values(name, np.array([self.board.row_of[Symbol(symbol)]]))[0]


@asynccontextmanager
async def desk(book: Book, traded_symbols: Iterable[str] = ("ACME", "BRK.B")) -> AsyncIterator[Desk]:
    made = Desk(book)
    if traded_symbols:
        await made.trade(*traded_symbols)
    async with running(made.keeper.run):
        await eventually(lambda: book.looks > 0)
        await made.clock.advance(0)
        yield made


def test_everything_that_is_known_is_on_the_board() -> None:
    """Under the catalogue's names; the rotation of the float follows from it, and the symbol is not unknown."""
    enrichment = Enrichment(Board(capacity=8), CALENDAR)
    take(enrichment, image(traded("ACME", 12.0, 500_000, OPENED), traded("B", 12.0, 500_000, OPENED)), OPENED)

    enrichment.apply_reference([ACME])

    rows = np.array([0, 1])
    for name in (*TEXTS, *NUMBERS, "is_etf"):
        assert enrichment.board.values(name, rows) == [getattr(ACME, name), None], name
    assert enrichment.board.values("float_rotation", rows) == [25.0, None]
    assert enrichment.board.values("no_reference", rows) == [False, True]


def test_what_is_not_known_stays_unknown() -> None:
    """A symbol of which hardly anything is kept has nulls, never zeros or empty words."""
    enrichment = Enrichment(Board(capacity=8), CALENDAR)
    take(enrichment, image(traded("ACME", 12.0, 500_000, OPENED)), OPENED)

    enrichment.apply_reference([NOTHING._replace(symbol=Symbol("ACME"))])

    for name in (*TEXTS, *NUMBERS, "is_etf", "float_rotation"):
        assert enrichment.board.values(name, np.array([0])) == [None], name
    assert enrichment.board.values("no_reference", np.array([0])) == [False]


async def test_the_lists_have_names() -> None:
    """What is kept at the start is in the rows of the lists at once, without another snapshot."""
    async with desk(Book(ACME)) as here:
        await eventually(lambda: here.channels.by_name["winners"].state.rows)
        rows = here.channels.by_name["winners"].state
        names = dict(zip([row.symbol for row in rows.rows], [row.values[0] for row in rows.rows], strict=True))

    assert rows.columns[0] == "name"
    assert names == {"ACME": "Acme Inc", "BRK.B": None}


async def test_a_change_is_seen_at_the_next_look() -> None:
    """Whoever made it: the keeper asks for what is newer than the last it saw."""
    async with desk(Book(ACME)) as here:
        here.book.facts.append(ACME._replace(name="Acme Corp", market_cap=2e9))
        await here.look()
        await eventually(lambda: here.shown("name") == "Acme Corp")

        assert here.shown("market_cap") == 2e9
        sequence = here.channels.by_name["winners"].state.sequence
        await here.look()
        assert here.channels.by_name["winners"].state.sequence == sequence


async def test_much_comes_in_slices() -> None:
    """A whole market is taken some at a time, with a turn of the loop after each."""
    names = [f"S{number:04}" for number in range(3 * SLICE + 1)]
    book = Book(*(ACME._replace(symbol=Symbol(name)) for name in names))
    async with desk(book, names) as here:
        await eventually(lambda: here.shown("name", names[-1]) == "Acme Inc")

    assert book.looks == 4
    assert set(here.board.values("sector", np.arange(len(names)))) == {"Mining (SIC)"}


@pytest.mark.parametrize("before", [(), ("BRK.B",)])
async def test_what_is_known_waits_for_its_symbol(before: tuple[str, ...]) -> None:
    """A symbol that comes to the board later, or after the reference did, has its name then; no row is made for it."""
    async with desk(Book(ACME, ACME._replace(name="Acme Corp")), before) as here:
        assert len(here.board) == len(before)
        await here.trade("ACME", "BRK.B")
        await here.look()

        await eventually(lambda: here.shown("name") == "Acme Corp")


async def test_a_database_that_is_away_changes_nothing() -> None:
    """What the board says stays, and what changed meanwhile comes when it is back."""
    async with desk(Book(ACME)) as here:
        here.book.facts.append(ACME._replace(name="Acme Corp"))
        here.book.away = True
        await here.look()
        assert here.shown("name") == "Acme Inc"

        here.book.away = False
        await here.look()
        await eventually(lambda: here.shown("name") == "Acme Corp")
        await asyncio.sleep(0)
