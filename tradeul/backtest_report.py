"""A backtest as one page to keep: tables and plots (SVG), without a script and without a request to anywhere.

There is no curve of an account: nobody traded, and a list has no sizes.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT: Final = 56
BOTTOM: Final = 28
TOP: Final = 12
TICKS: Final = 5
PART_HORIZON: Final = "15m"
UNKNOWN: Final = "&ndash;"

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #c9d1db; --mark: #1f6fb2; --ground: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dbe3ec; --soft: #9aa7b6; --line: #3a4654; --mark: #6db3f2; --ground: #10151c; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: var(--ink); background: var(--ground); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
code { font-size: 0.95em; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
.axis { stroke: var(--line); } .zero { stroke: var(--soft); } .bar { fill: var(--mark); }
.reach { stroke: var(--mark); stroke-width: 2; } .dot { fill: var(--mark); }
p.soft, li { color: var(--soft); }
"""
COLUMNS: Final = ("n", "days", "mean %", "95 % interval", "median %", "winners", "MAE %", "MFE %", "missing")


def report_of(result: Mapping[str, Any]) -> str:
    """Write the page."""
    scan, parts = result["scan"], result["parts"]
    by_part = [(part["name"], _of(part["horizons"], PART_HORIZON)) for part in parts]
    horizons = [(figures["horizon"], figures) for figures in result["horizons"]]
    histogram = result["histogram"]
    title = f"Backtest: {escape(scan['title'])}"
    body = [
        f"<h1>{title}</h1>",
        *_opening(result),
        "<h2>From the fill</h2>",
        _table("Returns of holding the shares, by horizon.", horizons),
        _intervals("Mean return by horizon, with its 95 % interval", horizons),
        "<h2>By time of day</h2>",
        _table(f"Returns after {PART_HORIZON}, by when the list was entered.", by_part),
        _intervals(f"Mean return after {PART_HORIZON} by time of day, with its 95 % interval", by_part),
        f"<h2>Returns after {histogram['horizon']}</h2>",
        _bars(histogram),
        "<h2>What it stands on</h2>",
        *(f"<p class=soft>{escape(result[name])}</p>" for name in ("resolution", "fill", "interval")),
        _list([*result["notes"], *_gaps(result)]),
        _days(result["days"]),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style></head>\n<body><main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )


def _opening(result: Mapping[str, Any]) -> tuple[str, str]:
    """What was tried, and how much there was of it."""
    scan, days, missing = result["scan"], len(result["days"]), len(result["missing_days"])
    what = f"<code>{escape(scan['where'])}</code>, ordered by <code>{escape(scan['order'])}</code>"
    entries = f"{result['entries']:,} entries, {result['filled']:,} filled"
    standing = f"{result['standing']:,} stood in the list at a day's first image"
    return (
        f"<p>{what}, {scan['size']} rows, {result['from']} to {result['to']}.</p>",
        f"<p>{days} days played, {missing} missing. {entries}; {standing}.</p>",
    )


def _of(horizons: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(each for each in horizons if each["horizon"] == name)


def _gaps(result: Mapping[str, Any]) -> list[str]:
    """What is missing, line by line."""
    unknown = [f"{each['field']} is unknown on {each['days']} days: {each['why']}." for each in result["unknown"]]
    days = [f"{each['date']} is missing: {each['why']}." for each in result["missing_days"]]
    outcomes = [
        f"{figures['horizon']}: {count:,} entries without an outcome: {why}."
        for figures in result["horizons"]
        for why, count in figures["missing"].items()
    ]
    return [*unknown, *days, *outcomes]


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _table(caption: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in ("", *COLUMNS))
    lines = "".join(
        f"<tr><th scope=row>{escape(name)}</th>"
        f"{''.join(f'<td>{cell}</td>' for cell in cells_of(figures, UNKNOWN))}</tr>"
        for name, figures in rows
    )
    return (
        f"<div class=wide><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def cells_of(figures: Mapping[str, Any], unknown: str) -> list[str]:
    """What a table shows of one horizon, in the order of its columns."""

    def percent(name: str) -> str:
        return unknown if figures[name] is None else f"{figures[name]:+.3f}"

    return [
        f"{figures['n']:,}",
        str(figures["days"]),
        percent("mean"),
        unknown if figures["low"] is None else f"{figures['low']:+.3f} to {figures['high']:+.3f}",
        percent("median"),
        unknown if figures["winners"] is None else f"{figures['winners']:.0f} %",
        percent("worst"),
        percent("best"),
        f"{sum(figures['missing'].values()):,}",
    ]


def _intervals(label: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """A dot at each mean and a line through its interval."""
    known = [figures for _, figures in rows if figures["mean"] is not None]
    ends = [figures[name] for figures in known for name in ("mean", "low", "high") if figures[name] is not None]
    if not ends:
        return "<p class=soft>There is nothing to be plotted.</p>"
    scale, marks = _scale(min([0.0, *ends]), max([0.0, *ends])), []
    step = (WIDTH - LEFT) / len(rows)
    for number, (name, figures) in enumerate(rows):
        x = LEFT + (number + 0.5) * step
        marks.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(name)}</text>')
        if figures["low"] is not None:
            low, high = scale(figures["low"]), scale(figures["high"])
            marks.append(f'<line class=reach x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
        if figures["mean"] is not None:
            marks.append(f'<circle class=dot cx="{x:.1f}" cy="{scale(figures["mean"]):.1f}" r="4"/>')
    return _plot(label, _axis(min([0.0, *ends]), max([0.0, *ends]), scale) + marks)


def _bars(histogram: Mapping[str, Any]) -> str:
    """How often which return came."""
    edges, counts = histogram["edges"], histogram["counts"]
    if not counts:
        return "<p class=soft>There is nothing to be plotted.</p>"
    scale, step = _scale(0.0, max(counts)), (WIDTH - LEFT) / len(counts)
    marks = []
    for number, count in enumerate(counts):
        top, bottom = scale(count), scale(0)
        x = LEFT + number * step
        marks.append(
            f'<rect class=bar x="{x + 1:.1f}" y="{top:.1f}" width="{step - 2:.1f}" height="{bottom - top:.1f}">'
            f"<title>{edges[number]:+.2f} to {edges[number + 1]:+.2f} %: {count}</title></rect>"
        )
    for place in (0, len(counts) // 2, len(counts)):
        x = min(LEFT + place * step, WIDTH - 24)
        marks.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{edges[place]:+.1f} %</text>')
    return _plot(f"Entries by their return after {histogram['horizon']}", _axis(0, max(counts), scale) + marks)


def _scale(low: float, high: float) -> Callable[[float], float]:
    reach = (high - low) or 1.0
    return lambda value: TOP + (high - value) / reach * (HEIGHT - TOP - BOTTOM)


def _axis(low: float, high: float, scale: Callable[[float], float]) -> list[str]:
    marks = []
    for number in range(TICKS):
        value = low + (high - low) * number / (TICKS - 1)
        y = scale(value)
        marks.append(f'<line class=axis x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        marks.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    return [*marks, f'<line class=zero x1="{LEFT}" x2="{WIDTH}" y1="{scale(0):.1f}" y2="{scale(0):.1f}"/>']


def _plot(label: str, marks: Sequence[str]) -> str:
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(marks)}</svg>'
        f"<figcaption>{escape(label)}</figcaption></figure>"
    )


def _cell(value: object) -> str:
    return UNKNOWN if value is None else escape(str(value))


def _days(days: Sequence[Mapping[str, Any]]) -> str:
    names = (
        "date",
        "source",
        "span",
        "symbols",
        "listed",
        "average_sessions",
        "baseline_sessions",
        "facts",
        "entries",
        "standing",
    )
    head = "".join(f"<th scope=col>{name.replace('_', ' ')}</th>" for name in names)
    lines = "".join(f"<tr>{''.join(f'<td>{_cell(day[name])}</td>' for name in names)}</tr>" for day in days)
    return (
        f"<div class=wide><table><caption>Each day, and what its morning knew.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
