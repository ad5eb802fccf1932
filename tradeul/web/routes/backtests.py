"""Backtests: `POST /api/v1/backtests` to have one done, and `/api/v1/backtests/{id}` to see how it stands."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from tradeul.definitions import LARGEST_LIST, LONGEST_EXPRESSION
from tradeul.domain.outcomes import ALL_HORIZONS
from tradeul.engine.refusals import Refused
from tradeul.engine.scan_book import ScanBook
from tradeul.engine.trials import Trials, Wish, check_days, scan_wanted
from tradeul.errors import UsageError
from tradeul.web import shapes
from tradeul.web.answers import answer, no_history, refused
from tradeul.web.api import CSV, JSON, asked_of, operation
from tradeul.web.bodies import bad_part, body_of, refusal_of
from tradeul.web.failures import FOREIGN_ORIGIN, HISTORY_UNAVAILABLE, TOO_MANY, UNKNOWN_BACKTEST
from tradeul.web.parameters import choice, part
from tradeul.web.spreadsheet import csv_answer

NUMBER: Final = part("id", "The number that was given when it was asked for.", "1")
FORMAT: Final = choice("format", "`csv` gives the entries one by one, for a spreadsheet.", ("json", "csv"), "json")
LONGEST_NUMBER: Final = 9
COLUMNS: Final = ("timestamp", "symbol", "rank", "price", "filled_at", "fill")
MOVES: Final = ("change", "worst", "best")


class WishedBacktest(BaseModel):
    """A list by its name, or a condition; and the first and the last day that it is tried on."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    what: Annotated[str, Field(min_length=1, max_length=LONGEST_EXPRESSION)]
    order: Annotated[str, Field(max_length=LONGEST_EXPRESSION)] = ""
    size: Annotated[int, Field(ge=1, le=LARGEST_LIST)] | None = None
    first: Annotated[str, Field(alias="from", pattern=r"^\d{4}-\d{2}-\d{2}$")]
    last: Annotated[str, Field(alias="to", pattern=r"^\d{4}-\d{2}-\d{2}$")]


class BacktestRoutes:
    """Answers from `trials`; None where there is no database to read."""

    def __init__(self, trials: Trials | None, book: ScanBook) -> None:
        self._trials = trials
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/backtests", self.all),
            web.post("/api/v1/backtests", self.ask),
            web.get("/api/v1/backtests/{id}", self.one),
            web.delete("/api/v1/backtests/{id}", self.cancel),
        ]

    @operation("History", shapes.Backtests, failures=(HISTORY_UNAVAILABLE,))
    async def all(self, _request: web.Request) -> web.Response:
        """The last backtests and those that wait, the newest first, without their results."""
        return no_history() if self._trials is None else answer({"backtests": self._trials.all()})

    @operation(
        "History",
        shapes.BacktestAsked,
        body=WishedBacktest,
        failures=(FOREIGN_ORIGIN, TOO_MANY, HISTORY_UNAVAILABLE),
        status=HTTPStatus.ACCEPTED,
    )
    async def ask(self, request: web.Request) -> web.Response:
        """Have a list or a condition tried on days that are over; gives the number to ask for it by."""
        if self._trials is None:
            return no_history()
        wish = await body_of(request, WishedBacktest)
        if isinstance(wish, web.Response):
            return wish
        first, last = _day(wish.first), _day(wish.last)
        if first is None or last is None:
            return bad_part("from" if first is None else "to", "a day such as 2026-11-18")
        try:
            check_days(first, last, self._trials.today)
            scan = scan_wanted(self._book, wish.what.strip(), wish.order.strip(), wish.size)
            number = await self._trials.submit(Wish(scan, first, last))
        except Refused as error:
            return refusal_of(error)
        except UsageError as error:
            return refused(TOO_MANY, str(error))
        return answer({"id": number}, HTTPStatus.ACCEPTED)

    @operation(
        "History",
        shapes.Backtest,
        parameters=(NUMBER, FORMAT),
        failures=(UNKNOWN_BACKTEST, HISTORY_UNAVAILABLE),
        media=(JSON, CSV),
    )
    async def one(self, request: web.Request) -> web.Response:
        """How a backtest stands, and its result once it is done."""
        if self._trials is None:
            return no_history()
        asked = asked_of(request)
        if isinstance(asked, web.Response):
            return asked
        told = self._trials.told(_number_of(request))
        if told is None:
            return refused(UNKNOWN_BACKTEST)
        if asked["format"] == "csv":
            return _spreadsheet(told)
        return answer(told)

    @operation(
        "History",
        shapes.BacktestCancelled,
        parameters=(NUMBER,),
        failures=(FOREIGN_ORIGIN, UNKNOWN_BACKTEST, HISTORY_UNAVAILABLE),
    )
    async def cancel(self, request: web.Request) -> web.Response:
        """End a backtest that waits or goes on; one that is over is forgotten."""
        if self._trials is None:
            return no_history()
        number = _number_of(request)
        return answer({"cancelled": number}) if self._trials.cancel(number) else refused(UNKNOWN_BACKTEST)


def _day(text: str) -> dt.date | None:
    """A day that there is, or none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _number_of(request: web.Request) -> int:
    """The number in the address; 0, which nothing has, where that is none."""
    text = request.match_info["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def _spreadsheet(told: object) -> web.Response:
    """One line an entry; a move that is missing is empty, and `missing` says why."""
    result = told["result"] if isinstance(told, dict) else None
    columns = (*COLUMNS, *(f"{name}_{of}" for name in ALL_HORIZONS for of in MOVES), "missing")
    rows = [_cells(entry) for entry in (result or {}).get("list", ())]
    return csv_answer("backtest.csv", columns, rows)


def _cells(entry: dict[str, object]) -> tuple[object, ...]:
    moves = entry["moves"]
    told: dict[str, object] = moves if isinstance(moves, dict) else {}
    cells: list[object] = [entry[name] for name in COLUMNS]
    missing = [str(entry["why"])] if entry["why"] else []
    for name in ALL_HORIZONS:
        move = told.get(name)
        cells += move if isinstance(move, list) else [None] * len(MOVES)
        missing += [f"{name}: {move}"] if isinstance(move, str) else []
    return (*cells, "; ".join(missing))
