"""What happened in the lists, over HTTP: from memory, from what was kept, and without either."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Literal

import pytest

from tests.support.market import NANOS
from tests.support.web import NOON, Served, raw_answer, served
from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos, Symbol
from tradeul.engine.ports import KeptDay, Span
from tradeul.errors import HistoryUnavailable, UsageError
from tradeul.web.parameters import LATEST_MS
from tradeul.web.routes.history import LARGEST_LIMIT, STATE_S
from tradeul.web.spreadsheet import cell, csv_of

NOON_MS = NOON // 10**6
EVENTS = "/api/v1/history/events"
SCANS = "/api/v1/history/scans"
LISTS = "/api/v1/history/lists"


class MemoryAnnals:
    """What was kept, in lists; notes what it was asked. Pages are found by the number of rows before them."""

    def __init__(self) -> None:
        self.down = False
        self.kept_events: list[ListEvent] = []
        self.rows: list[ListRow] = []
        self.record: ListRecord | None = None
        self.asked: list[tuple[object, ...]] = []
        self.days: dict[Nanos, KeptDay] = {}

    async def results(self, span: Span, limit: int, cursor: str | None) -> tuple[Sequence[ListRow], str | None]:
        self._note(span, limit, cursor)
        if cursor is not None and not cursor.isdigit():
            raise UsageError("the cursor is not one that was given out")
        start, end = int(cursor or 0), int(cursor or 0) + limit
        return self.rows[start:end], str(end) if end < len(self.rows) else None

    async def events(self, span: Span, limit: int) -> Sequence[ListEvent]:
        self._note(span, limit)
        return [each for each in self.kept_events if span.last is None or each.at <= span.last][:limit]

    async def list_at(self, name: str, at: Nanos) -> ListRecord | None:
        self._note(name, at)
        return self.record

    async def kept_days(self, name: str, days: Sequence[tuple[Nanos, Nanos]]) -> Sequence[KeptDay]:
        self._note(name, *days)
        return [self.days.get(first, KeptDay(None, None, None, None)) for first, _ in days]

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.down:
            raise HistoryUnavailable("the database does not answer")


async def ask(world: Served, path: str) -> tuple[int, Any]:
    status, _, body = await ask_raw(world, path)
    return status, json.loads(body)


async def ask_raw(world: Served, path: str) -> tuple[int, dict[str, str], bytes]:
    return await raw_answer(world, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())


def event(
    second: int, symbol: str = "A", kind: Literal["entered", "left", "peak"] = "entered", name: str = "alpha"
) -> ListEvent:
    return ListEvent(Nanos(NOON + second * NANOS), name, Symbol(symbol), kind, 3, 12.5, "new to the list")


def line(second: int, symbol: str = "A", change: float | None = -4.5) -> ListRow:
    return ListRow(Nanos(NOON + second * NANOS), "alpha", 1, Symbol(symbol), 12.5, 1_000.0, None, change, 1e9)


def seconds(answer: Any) -> list[int]:
    return [(each["timestamp"] - NOON_MS) // 1_000 for each in answer["events"]]


async def test_an_event_is_told_with_all_that_is_known_of_it() -> None:
    """When, where, who, what, at which rank and price, and why."""
    async with served() as world:
        world.recent.begin(NOON)
        world.recent.add(event(5))
        status, answer = await ask(world, f"{EVENTS}?from={NOON_MS}")

    assert status == 200
    assert answer == {
        "events": [
            {
                "timestamp": NOON_MS + 5_000,
                "list": "alpha",
                "symbol": "A",
                "event": "entered",
                "rank": 3,
                "price": 12.5,
                "reason": "new to the list",
            }
        ],
        "complete": True,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [7, 6, 5]),
        ("?list=&symbol=&from=&to=&limit=&format=", [7, 6, 5]),
        ("?list=beta", [6]),
        ("?symbol=B", [7]),
        (f"?from={NOON_MS + 6_000}", [7, 6]),
        (f"?to={NOON_MS + 6_000}", [6, 5]),
        ("?limit=2", [7, 6]),
        ("?from=2026-11-18T12:00:06-05:00&to=2026-11-18T17:00:06Z", [6]),
        ("?from=2026-11-18T18:00:07+01:00", [7]),
        ("?from=2026-11-18T18:00:07%2B01:00", [7]),
    ],
)
async def test_memory_answers_where_there_is_no_database(query: str, found: list[int]) -> None:
    """By list, symbol and time, newest first; a moment may be written in more than one way."""
    async with served() as world:
        for each in (event(5), event(6, name="beta"), event(7, "B")):
            world.recent.add(each)
        _, answer = await ask(world, EVENTS + query)

    assert seconds(answer) == found


async def test_what_is_told_as_a_millisecond_can_be_asked_for_as_it() -> None:
    """Both ends are included, whatever the nanoseconds within them."""
    async with served() as world:
        world.recent.add(event(0)._replace(at=Nanos(NOON + 999_999)))
        _, answer = await ask(world, f"{EVENTS}?from={NOON_MS}&to={NOON_MS}")

    assert len(answer["events"]) == 1


async def test_memory_alone_says_that_it_does_not_go_back_far_enough() -> None:
    """Without a database an answer is complete only from the start of the program on."""
    async with served() as world:
        world.recent.begin(NOON)
        _, since_noon = await ask(world, f"{EVENTS}?from={NOON_MS}")
        _, before = await ask(world, f"{EVENTS}?from={NOON_MS - 1}")
        _, ever = await ask(world, EVENTS)

    assert [answer["complete"] for answer in (since_noon, before, ever)] == [True, False, False]


async def test_the_database_is_asked_only_for_what_memory_cannot_know() -> None:
    """Newer events come from memory, older ones from the database, each once and in order."""
    annals = MemoryAnnals()
    annals.kept_events = [event(5), event(-10), event(-20)]
    async with served(annals=annals) as world:
        world.recent.begin(NOON)
        for each in (event(5), event(6), event(-60, kind="peak")):
            world.recent.add(each)
        _, covered = await ask(world, f"{EVENTS}?from={NOON_MS}")
        _, enough = await ask(world, f"{EVENTS}?limit=2")
        asked_so_far = list(annals.asked)
        _, more = await ask(world, f"{EVENTS}?list=alpha&limit=4")

    assert (seconds(covered), seconds(enough), asked_so_far) == ([6, 5], [6, 5], [])
    assert seconds(more) == [6, 5, -10, -20]
    assert more["complete"]
    assert annals.asked == [(Span("alpha", last=Nanos(NOON - 1)), 2)]


async def test_a_span_before_memory_is_the_databases() -> None:
    """Its ends are passed on as they are."""
    annals = MemoryAnnals()
    async with served(annals=annals) as world:
        world.recent.begin(NOON)
        await ask(world, f"{EVENTS}?from={NOON_MS - 9_000}&to={NOON_MS - 8_000}")

    first, last = Nanos(NOON - 9 * NANOS), Nanos(NOON - 8 * NANOS + 999_999)
    assert annals.asked == [(Span(first=first, last=last), 500)]


async def test_memory_stands_in_for_a_database_that_does_not_answer() -> None:
    """What is remembered is told, and that it is not all."""
    annals = MemoryAnnals()
    annals.down = True
    async with served(annals=annals) as world:
        world.recent.begin(NOON)
        world.recent.add(event(5))
        status, answer = await ask(world, EVENTS)

    assert (status, seconds(answer), answer["complete"]) == (200, [5], False)


async def test_results_come_page_by_page() -> None:
    """Each page names the next; the last names none."""
    annals = MemoryAnnals()
    annals.rows = [line(120), line(60), line(0)]
    async with served(annals=annals) as world:
        _, first = await ask(world, f"{SCANS}?list=alpha&symbol=A&limit=2")
        _, last = await ask(world, f"{SCANS}?list=alpha&symbol=A&limit=2&cursor={first['next_cursor']}")

    assert [row["timestamp"] for row in first["rows"]] == [NOON_MS + 120_000, NOON_MS + 60_000]
    assert last == {
        "rows": [
            {
                "timestamp": NOON_MS,
                "list": "alpha",
                "rank": 1,
                "symbol": "A",
                "price": 12.5,
                "volume": 1_000.0,
                "rvol": None,
                "change_percent": -4.5,
                "market_cap": 1e9,
            }
        ],
        "next_cursor": None,
    }
    span = Span("alpha", Symbol("A"))
    assert annals.asked == [(span, 2, None), (span, 2, "2")]


async def test_results_as_a_file_name_the_next_page_in_a_link() -> None:
    """The file has a name and the columns' names; the link is the same question with the cursor."""
    annals = MemoryAnnals()
    annals.rows = [line(60, "=A1"), line(0)]
    async with served(annals=annals) as world:
        status, headers, body = await ask_raw(world, f"{SCANS}?limit=1&format=csv")
        _, last, _ = await ask_raw(world, f"{SCANS}?limit=1&format=csv&cursor=1")

    assert status == 200
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-disposition"] == 'attachment; filename="scans.csv"'
    assert headers["link"] == f'<{SCANS}?limit=1&format=csv&cursor=1>; rel="next"'
    assert "link" not in last
    assert body.decode() == (
        "timestamp,list,rank,symbol,price,volume,rvol,change_percent,market_cap\r\n"
        f"{NOON_MS + 60_000},alpha,1,'=A1,12.5,1000.0,,-4.5,1000000000.0\r\n"
    )


async def test_events_as_a_file() -> None:
    """One line per event under the columns' names."""
    async with served() as world:
        world.recent.add(event(5))
        _, headers, body = await ask_raw(world, f"{EVENTS}?format=csv")

    assert headers["content-disposition"] == 'attachment; filename="events.csv"'
    assert body.decode() == (
        f"timestamp,list,symbol,event,rank,price,reason\r\n{NOON_MS + 5_000},alpha,A,entered,3,12.5,new to the list\r\n"
    )


@pytest.mark.parametrize(("age_ms", "resolution_s"), [(0, STATE_S), (4_999, STATE_S), (5_001, 6), (60_000, 60)])
async def test_a_list_as_it_stood(age_ms: int, resolution_s: int) -> None:
    """With the state's own time, and a resolution no finer than how far that is from the moment asked for."""
    annals = MemoryAnnals()
    symbols = (Symbol("B"), Symbol("A"))
    annals.record = ListRecord(NOON, "alpha", symbols, (12.0, None), (20.0, -3.0), (None, 4.0), (1e6, 5e5), (None, 1e9))
    async with served(annals=annals) as world:
        status, answer = await ask(world, f"{LISTS}/alpha?at={NOON_MS + age_ms}")

    assert status == 200
    assert answer == {
        "list": "alpha",
        "at": NOON_MS + age_ms,
        "timestamp": NOON_MS,
        "resolution_s": resolution_s,
        "rows": [
            {
                "rank": 1,
                "symbol": "B",
                "price": 12.0,
                "change_percent": 20.0,
                "rvol": None,
                "volume": 1e6,
                "market_cap": None,
            },
            {
                "rank": 2,
                "symbol": "A",
                "price": None,
                "change_percent": -3.0,
                "rvol": 4.0,
                "volume": 5e5,
                "market_cap": 1e9,
            },
        ],
    }
    assert annals.asked == [("alpha", NOON + age_ms * 10**6 + 999_999)]


async def test_a_list_of_which_nothing_is_kept_is_not_an_empty_one() -> None:
    """Nobody knows how it stood, and that is a 404 of its own."""
    async with served(annals=MemoryAnnals()) as world:
        status, answer = await ask(world, f"{LISTS}/alpha?at={NOON_MS}")

    assert (status, answer["error"]["code"]) == (404, "not_kept")


@pytest.mark.parametrize("path", [f"{EVENTS}?list=gamma", f"{SCANS}?list=gamma", f"{LISTS}/gamma?at=1"])
async def test_an_unknown_list_is_a_404(path: str) -> None:
    """Wherever it is named, and also where no history is kept."""
    async with served() as world:
        status, answer = await ask(world, path)

    assert (status, answer["error"]["code"]) == (404, "unknown_list")


@pytest.mark.parametrize("path", [SCANS, f"{LISTS}/alpha?at={NOON_MS}"])
async def test_without_a_database_what_was_kept_is_unavailable(path: str) -> None:
    """Off is said as such; a database that is away may be asked again shortly."""
    annals = MemoryAnnals()
    annals.down = True
    async with served() as world:
        off, _, off_body = await ask_raw(world, path)
    async with served(annals=annals) as world:
        away, headers, away_body = await ask_raw(world, path)

    assert (off, json.loads(off_body)["error"]["code"]) == (503, "history_unavailable")
    assert "off" in json.loads(off_body)["error"]["message"]
    assert (away, json.loads(away_body)["error"]["code"]) == (503, "history_unavailable")
    assert headers["retry-after"] == "5"


BAD_MOMENTS = [
    *("yesterday", "-1", "1.5", "1e12", "%D9%A3", str(LATEST_MS + 1), "9" * 5_000),
    *("2026-11-18", "2026-11-18T09:30:00", "2026-13-01T00:00Z", "1969-12-31T23:59:59Z", "2300-01-01T00:00Z"),
    *("0001-01-01T00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2026-11-18T09:30:00%00Z", "%FF"),
]


@pytest.mark.parametrize("moment", BAD_MOMENTS)
async def test_a_bad_moment_is_named(moment: str) -> None:
    """What is no time with its place in the world is a 400 that says what one looks like."""
    async with served() as world:
        answers = [
            await ask(world, f"{path}={moment}") for path in (f"{EVENTS}?from", f"{SCANS}?to", f"{LISTS}/alpha?at")
        ]

    assert [status for status, _ in answers] == [400, 400, 400]
    assert [answer["error"]["details"]["parameter"] for _, answer in answers] == ["from", "to", "at"]
    assert all("ISO 8601" in answer["error"]["message"] for _, answer in answers)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{EVENTS}?limit=0", "limit"),
        (f"{EVENTS}?limit={LARGEST_LIMIT + 1}", "limit"),
        (f"{EVENTS}?limit=ten", "limit"),
        (f"{EVENTS}?limit=%D9%A3", "limit"),
        (f"{EVENTS}?format=xml", "format"),
        (f"{EVENTS}?symbol=A%00", "symbol"),
        (f"{EVENTS}?symbol=A%20B", "symbol"),
        (f"{EVENTS}?symbol={'A' * 33}", "symbol"),
        (f"{SCANS}?cursor={'1' * 257}", "cursor"),
        (f"{SCANS}?cursor=%0A", "cursor"),
        (f"{SCANS}?from=2&to=1", "from"),
        (f"{LISTS}/alpha", "at"),
        (f"{LISTS}/alpha?at=", "at"),
    ],
)
async def test_a_bad_parameter_is_named(path: str, name: str) -> None:
    """With what it should have been, before anything is looked for."""
    annals = MemoryAnnals()
    async with served(annals=annals) as world:
        status, answer = await ask(world, path)

    assert (status, answer["error"]["code"]) == (400, "bad_parameter")
    assert answer["error"]["details"] == {"parameter": name}
    assert annals.asked == []


async def test_a_cursor_that_was_never_given_out_is_named() -> None:
    """Only who gave it out can tell, and the answer is the same."""
    async with served(annals=MemoryAnnals()) as world:
        status, answer = await ask(world, f"{SCANS}?cursor=abc")

    assert (status, answer["error"]["details"]) == (400, {"parameter": "cursor"})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("=HYPERLINK(x)", "'=HYPERLINK(x)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("BRK.B", "BRK.B"),
        ("a=b", "a=b"),
        ("1-2", "1-2"),
        ("", ""),
        (-4.5, -4.5),
        (-3, -3),
        (None, None),
    ],
)
def test_no_cell_is_a_formula(value: object, shown: object) -> None:
    """A text that begins like one gets a quote before it; numbers are left alone."""
    assert cell(value) == shown


def test_a_table_is_read_back_as_it_was() -> None:
    """Commas, quotes and line ends within a cell are part of it; what is unknown is empty."""
    rows = [("a,b", 'say "x"', "two\r\nlines", None, -1.5), ("ö", "", " ", 3, True)]

    text = csv_of(("one", "two", "three", "four", "five"), rows)

    assert text.startswith('one,two,three,four,five\r\n"a,b","say ""x""","two\r\nlines",,-1.5\r\n')
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [
        ["a,b", 'say "x"', "two\r\nlines", "", "-1.5"],
        ["ö", "", " ", "3", "True"],
    ]
