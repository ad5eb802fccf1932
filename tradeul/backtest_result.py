"""What a backtest found, in JSON-ready words: figures, every day it stands on, and what it cannot say."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from tradeul.domain.filters import Filter
from tradeul.domain.outcomes import ALL_HORIZONS, Move
from tradeul.domain.played_day import COARSE
from tradeul.domain.scans import Scan
from tradeul.domain.trial_figures import CONFIDENCE, Entry, Figures, by_part, figures, histogram
from tradeul.engine.backtest import Played, StoredDay, asked_of, missing_of

MOST_ENTRIES: Final = 20_000
"""That are told one by one; all are counted."""
LIKELY: Final = "15m"
"""The horizon whose returns are shown as a histogram."""
MS_NS: Final = 1_000_000

RESOLUTION: Final = (
    "Each day is played by slot: one image of the whole market every 5 minutes from 04:05 to 19:55 New York, each "
    "holding only bars that had ended by then."
)
RECORDED: Final = (
    "Recorded days are played again from their recordings: the market as it stood at every snapshot, some 5 seconds "
    "apart, with what was known at each of them. What became of an entry is told by minutes, of the prices that the "
    "snapshots showed; what a recording does not hold did not trade, as far as it can tell."
)
FILL: Final = (
    "An entry is filled at the first price of the 5 minutes after the image that decided, never at the price that "
    "the list showed; one that did not trade in them is not filled. Exits are the first price from the horizon on, "
    "within 5 minutes; `close` is the last price of the regular session. Percents are of holding the shares, without "
    "costs: bars do not tell the spread."
)
INTERVAL: Final = (
    "95 % interval of the mean, by day: entries of one day are not independent, so days are what is counted "
    "(clustered deviations, Student's t with one degree of freedom less than days). One day alone has none."
)
STANDING: Final = "Who stood in the list at a day's first image came into it nobody knows when, and is no entry."
GAPS: Final = "The same holds at the first image behind a gap of a recording."

Days = Sequence[tuple[StoredDay, Played]]


def result_of(
    scan: Scan,
    filters: Sequence[Filter],
    span: tuple[dt.date, dt.date],
    days: Days,
    missing: Sequence[tuple[dt.date, str]],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Put all of it together; `notes` are added to those that the days themselves ask for."""
    entries = [entry for _, played in days for entry in played.entries]
    edges, counts = histogram(entries, LIKELY)
    return {
        "scan": _scan(scan, filters),
        "from": str(span[0]),
        "to": str(span[1]),
        "resolution": _resolution(days),
        "fill": FILL,
        "interval": INTERVAL,
        "confidence": CONFIDENCE,
        "days": [_day(day, played) for day, played in days],
        "missing_days": [{"date": str(date), "why": why} for date, why in missing],
        "unknown": _unknown(scan, days),
        "notes": [*_notes(scan, days), *notes],
        "entries": len(entries),
        "filled": sum(entry.outcome.fill is not None for entry in entries),
        "standing": sum(played.standing for _, played in days),
        "horizons": _horizons(figures(entries)),
        "parts": [
            {"name": part.name, "entries": part.entries, "horizons": _horizons(part.horizons)}
            for part in by_part(entries)
        ],
        "histogram": {"horizon": LIKELY, "edges": edges, "counts": counts},
        "list": [_entry(entry) for entry in entries[:MOST_ENTRIES]],
    }


def _scan(scan: Scan, filters: Sequence[Filter]) -> dict[str, Any]:
    own = {name: getattr(scan, name) for name in ("name", "title", "where", "keep", "order", "size")}
    behind = [each.drop_if for each in filters] if scan.global_filters else []
    return {**own, "sessions": list(scan.sessions), "dropped_if": behind}


def _day(day: StoredDay, played: Played) -> dict[str, Any]:
    return {
        "date": str(day.hours.date),
        "source": day.source,
        "span": day.span,
        **day.told._asdict(),
        "images": played.images,
        "entries": len(played.entries),
        "standing": played.standing,
    }


def _resolution(days: Days) -> str:
    sources = {day.source for day, _ in days}
    said = [words for source, words in (("stored", RESOLUTION), ("recorded", RECORDED)) if source in sources]
    return " ".join(said) or RESOLUTION


def _unknown(scan: Scan, days: Days) -> list[dict[str, Any]]:
    """Which fields the list asks for that days could not tell, why, and on how many of them."""
    found: dict[tuple[str, str], int] = {}
    for day, _ in days:
        for name, why in missing_of(scan, day).items():
            found[name, why] = found.get((name, why), 0) + 1
    return [{"field": name, "why": why, "days": count} for (name, why), count in found.items()]


def _notes(scan: Scan, days: Days) -> list[str]:
    """What a reader has to know beside the figures."""
    recorded, days = len(days), [(day, played) for day, played in days if day.source == "stored"]
    recorded -= len(days)
    notes = (
        [f"{STANDING} {GAPS}", f"{recorded} days are recorded ones, {len(days)} stored ones."]
        if recorded
        else [STANDING]
    )
    coarse = sorted(asked_of(scan) & frozenset(COARSE))
    if coarse and days:
        notes.append(f"{', '.join(coarse)}: known to five minutes only.")
    short = [day for day, _ in days if (day.told.average_sessions or 0) < 30]  # noqa: PLR2004  what averages stand on
    if short:
        notes.append(f"Averages stand on fewer than 30 sessions on {len(short)} of {len(days)} days.")
    thin = [day for day, _ in days if not day.told.baseline_sessions]
    if thin:
        notes.append(
            f"No session before it is kept by slot on {len(thin)} days: relative volume is by the curve there."
        )
    shares = [day.told.symbols / day.told.listed for day, _ in days if day.told.listed]
    if shares and min(shares) < 1:
        notes.append(
            f"Of the symbols that traded {min(shares):.1%} at least are kept each day: what left the market before it "
            "was stored is missing."
        )
    return notes


def _horizons(found: dict[str, Figures]) -> list[dict[str, Any]]:
    return [{"horizon": name, **found[name]._asdict()} for name in ALL_HORIZONS]


def _entry(entry: Entry) -> dict[str, Any]:
    fill = entry.outcome.fill
    moves = {name: list(move) if isinstance(move, Move) else move for name, move in entry.outcome.moves.items()}
    return {
        "timestamp": entry.at // MS_NS,
        "symbol": entry.symbol,
        "rank": entry.rank,
        "price": entry.price,
        "filled_at": None if fill is None else fill.at // MS_NS,
        "fill": None if fill is None else fill.price,
        "moves": moves,
        "why": entry.outcome.why,
    }
