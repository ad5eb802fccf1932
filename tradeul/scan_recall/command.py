"""The command `recall`: what lists showed late or never on a day that is over, and why, as tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TextIO

from tradeul.client import ApiClient, ServerLost
from tradeul.domain.events import Nanos
from tradeul.domain.session import local_time
from tradeul.load import HOW_TO_START
from tradeul.progress import duration_of
from tradeul.terminal import day_in, table

UNKNOWN: Final = "-"
LIST_COLUMNS: Final = (
    "list", "met", "shown", "in time", "late", "missed", "below cut", "extra", "filtered", "recall", "late p50",
    "late max",
)  # fmt: skip
SYMBOL_COLUMNS: Final = ("symbol", "due", "shown", "late", "rank", "images", "why")
WORD_COLUMNS: Final = (0, len(SYMBOL_COLUMNS) - 1)
COUNTS: Final = ("met", "shown", "in_time", "late", "missed", "below_cut", "extra", "filtered")
WORDS: Final[Mapping[str, str]] = {
    "missed": "missed: belonged in the list, and never shown",
    "late": "late",
    "extra": "extra: shown, though by the full day they never met it",
    "below_cut": "below the cut",
    "filtered": "dropped by a filter, though they met the condition",
    "in_time": "in time",
}
NOTHING: Final = "no day was worked out yet: it comes every night, and `load scan_recall --days 1` does it now"


async def recall(url: str, day: str | None, name: str | None, out: TextIO, token: str = "") -> None:
    """Ask, and print it, of a day or the newest."""
    wanted = None if day is None else day_in("--day", day)
    async with ApiClient(url, token) as client:
        try:
            told = await client.scan_recall(wanted, name)
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
    out.write("".join(f"{line}\n" for line in lines_of(told, name)))


def lines_of(told: Mapping[str, Any], name: str | None) -> Iterator[str]:
    """The day, what it was made of, its lists, and the symbols of one."""
    if told["day"] is None:
        yield NOTHING
        return
    yield f"scan recall of {told['day']}"
    for source in told["sources"]:
        yield f"the full day: {_source(source)}"
    for silence in told["silences"]:
        yield f"no list was made: {silence['why']} from {_wall(silence['first'])} to {_wall(silence['last'])}"
    yield ""
    yield from table([LIST_COLUMNS, *map(_list_cells, told["lists"])])
    yield from (f"{each['list']}: {each['note']}" for each in told["lists"] if each["note"])
    if name is not None:
        for verdict, words in WORDS.items():
            yield from _symbols(verdict, words, told)


def _source(source: Mapping[str, Any]) -> str:
    if source["why"]:
        return f"{source['kind']}: {source['why']}"
    what = f"{source['symbols']:,} symbols by slots" if source["symbols"] is not None else source["kind"]
    gaps = f", {source['gaps']} gaps" if source["gaps"] else ""
    return f"{what}, {_wall(source['first'])} to {_wall(source['last'])}, {source['images']:,} images{gaps}"


def _list_cells(each: Mapping[str, Any]) -> list[str]:
    ratio = UNKNOWN if each["recall_pct"] is None else f"{each['recall_pct']:.1f} %"
    return [
        each["list"],
        *(f"{each[count]:,}" for count in COUNTS),
        ratio,
        _duration(each["late_p50_s"]),
        _duration(each["late_max_s"]),
    ]


def _symbols(verdict: str, words: str, told: Mapping[str, Any]) -> Iterator[str]:
    mine = [each for each in told["symbols"] if each["verdict"] == verdict]
    count = told["lists"][0][verdict] if told["lists"] else 0
    if not mine:
        return
    yield ""
    yield f"{words} ({count:,})" if count == len(mine) else f"{words} ({len(mine):,} of {count:,})"
    yield from table([SYMBOL_COLUMNS, *map(_symbol_cells, mine)], WORD_COLUMNS)


def _symbol_cells(each: Mapping[str, Any]) -> list[str]:
    rank = UNKNOWN if each["best_rank"] is None else str(each["best_rank"])
    images = f"{each['images_shown']}/{each['images_due']}" if each["images_due"] else UNKNOWN
    moments = [_wall(each["due_at"]), _wall(each["shown_at"])]
    return [each["symbol"], *moments, _duration(each["late_s"]), rank, images, each["reason"]]


def _duration(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else duration_of(seconds)


def _wall(ms: int | None) -> str:
    return UNKNOWN if ms is None else f"{local_time(Nanos(ms * 1_000_000)):%H:%M:%S}"
