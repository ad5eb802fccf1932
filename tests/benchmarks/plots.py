"""Draws the newest figures of the history as pictures for the README: bars beside peers, and curves of growth.

One picture for each group of stages, with machine and date. Plain SVG written by hand: it is readable on light and dark
ground, and a library that draws would weigh more than all of this. Scales are logarithmic, as peers differ by hundreds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tests.benchmarks.history import Entry

FOLDER: Final = Path(__file__).parents[2] / ".readme"
WIDTH, BAR, TOP, FOOT = 760, 22, 44, 30
LABELS, VALUES = 290, 90
CURVES_HEIGHT = 260
HUES: Final = ("#2f7ed8", "#d9822b", "#3a9d5d", "#9467bd")
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600;fill:#24292f}.own{fill:#2f7ed8}"
    ".other{fill:#8c959f}.floor{fill:#c9b458}.axis{stroke:#8c959f;stroke-width:1}"
    "@media(prefers-color-scheme:dark){text{fill:#9da7b3}.title{fill:#e6edf3}}"
)


@dataclass(frozen=True)
class Bars:
    """Figures of one stage; `entries` are what to call them and what the history does, ours first."""

    title: str
    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Curves:
    """How figures grow; a name holds `{}` where the history has the size."""

    title: str
    over: str
    sizes: Sequence[int]
    entries: Sequence[tuple[str, str]]


FAN_OUT: Final = "fan-out of 11 lists to the last of 1,000, "
SYMBOLS: Final = (3_000, 12_000, 30_000, 100_000)
PICTURES: Final[Mapping[str, Bars | Curves]] = {
    "decode": Bars(
        "A snapshot of 12,000 symbols, packed, to columns",
        [
            ("ours, CPU", "CPU, gzip body to columns as it arrives"),
            ("read(), gunzip, orjson, CPU", "CPU, gzip: read(), unpack, orjson.loads, fill"),
            ("ours, after the last byte", "last byte to columns, gzip"),
            ("read(), gunzip, orjson, after it", "last byte to columns, gzip, peer"),
            ("floor: looking at each byte", "floor: looking at each byte once"),
        ],
    ),
    "deltas": Bars(
        "Columns of 12,000 symbols to the delta bytes of 11 lists",
        [
            ("ours", "columns to delta bytes of 11 lists of 20"),
            *((name, f"the same, {name}") for name in ("Perspective", "DuckDB", "dict loops", "original style")),
        ],
    ),
    "fan-out": Bars(
        "11 lists handed to 1,000 viewers, the last one has them",
        [
            ("ours, from publishing on", f"{FAN_OUT}ours"),
            ("uWebSockets (socketify), frames ready", f"{FAN_OUT}uWebSockets, socketify"),
            ("aiohttp send_str, frames ready", f"{FAN_OUT}aiohttp, `send_str` for each"),
            ("websockets broadcast, frames ready", f"{FAN_OUT}`websockets`, broadcast"),
            ("Node ws, frames ready", f"{FAN_OUT}Node, `ws`"),
            ("aiohttp send_json, frames ready", f"{FAN_OUT}aiohttp, `send_json` for each"),
            ("floor: a loop of send in C", f"{FAN_OUT}a loop of `send` in C"),
        ],
    ),
    "end-to-end": Bars(
        "Last byte of a snapshot to the last of 1,000 viewers",
        [
            ("ours", "last byte to the last of 1,000 viewers"),
            ("orjson, NumPy, send_str", "the same, orjson, NumPy and `send_str`"),
            ("original style", "the same, original style, end to end"),
            ("ours, longest hold of the loop", "worst stall of a snapshot, 1,000 viewers"),
            ("orjson, NumPy, send_str, hold", "the same, orjson, NumPy"),
        ],
    ),
    "http": Bars(
        "A list of 50 over HTTP, answers for each second of the processor",
        [
            ("ours", "HTTP, a list of 50, a core's rate, ours"),
            ("bare aiohttp, bytes ready", "HTTP, a list of 50, a core's rate, bare aiohttp"),
            ("aiohttp, json_response", "HTTP, a list of 50, a core's rate, aiohttp, `json_response`"),
        ],
    ),
    "symbols": Curves(
        "Growth with the symbols",
        "symbols",
        SYMBOLS,
        [
            ("body to columns, CPU", "CPU, body of {} symbols to columns"),
            ("every field", "every field of {} symbols"),
            ("11 lists to delta bytes", "11 lists of {} symbols to delta bytes"),
            ("last byte to 1,000 viewers", "last byte to the last of 1,000 viewers, {} symbols"),
        ],
    ),
    "viewers": Curves(
        "Growth with the viewers: three lists handed to the last of them",
        "viewers",
        (1, 10, 100, 1_000, 5_000, 10_000),
        [("handed to the last", "fan-out to the last of {}, three lists")],
    ),
}


def draw(entries: Mapping[str, Entry], folder: Path = FOLDER) -> list[Path]:
    """Draw every picture of which the history has enough; which those were."""
    drawn = []
    for name, picture in PICTURES.items():
        svg = _bars(picture, entries) if isinstance(picture, Bars) else _curves(picture, entries)
        if svg:
            path = folder / f"speed-{name}.svg"
            path.write_text(svg)
            drawn.append(path)
    return drawn


def _bars(picture: Bars, entries: Mapping[str, Entry]) -> str:
    known = [(label, entries[name]) for label, name in picture.entries if name in entries]
    if len(known) < 2 or known[0][0] != picture.entries[0][0]:
        return ""
    values = [max(entry["median"], 1e-3) for _, entry in known]
    low, high = math.log10(min(values)) - 0.4, math.log10(max(values))
    parts, room = [], WIDTH - LABELS - VALUES
    for number, ((label, entry), value) in enumerate(zip(known, values, strict=True)):
        y, length = TOP + number * BAR, room * (math.log10(value) - low) / (high - low or 1)
        kind = "own" if label.startswith("ours") else "floor" if label.startswith("floor") else "other"
        parts += [
            f'<text x="{LABELS - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LABELS}" y="{y + 3}" width="{length:.1f}" height="{BAR - 6}" rx="2"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{y + 15}">{_said(entry["median"])} {escape(entry["unit"])}</text>',
        ]
    return _framed(picture.title, parts, TOP + len(known) * BAR, [entry for _, entry in known])


def _curves(picture: Curves, entries: Mapping[str, Entry]) -> str:
    lines: list[tuple[str, list[tuple[int, Entry]]]] = []
    for label, name in picture.entries:
        found = [
            (size, entries[name.format(f"{size:,}")]) for size in picture.sizes if name.format(f"{size:,}") in entries
        ]
        if len(found) > 1:
            lines.append((label, found))
    if not lines:
        return ""
    values = [max(entry["median"], 1e-3) for _, line in lines for _, entry in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    left, right = math.log10(picture.sizes[0]), math.log10(picture.sizes[-1])
    base = TOP + CURVES_HEIGHT

    def place(size: int, value: float) -> tuple[float, float]:
        x = 70 + (WIDTH - 330) * (math.log10(size) - left) / (right - left)
        return x, base - CURVES_HEIGHT * (math.log10(max(value, 1e-3)) - low) / (high - low or 1)

    parts = [f'<line class="axis" x1="70" x2="{WIDTH - 260}" y1="{base}" y2="{base}"/>']
    for power in range(low, high + 1):
        _, y = place(picture.sizes[0], 10**power)
        parts.append(f'<text x="62" y="{y + 4:.1f}" text-anchor="end">{_said(10**power)} ms</text>')
    for size in picture.sizes:
        x, _ = place(size, 1)
        parts.append(f'<text x="{x:.1f}" y="{base + 18}" text-anchor="middle">{size:,}</text>')
    for number, (label, line) in enumerate(lines):
        points = [place(size, entry["median"]) for size, entry in line]
        path, hue = " ".join(f"{x:.1f},{y:.1f}" for x, y in points), HUES[number % len(HUES)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{hue}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{hue}"/>' for x, y in points]
        parts.append(
            f'<rect x="{WIDTH - 240}" y="{TOP + 22 * number}" width="12" height="12" fill="{hue}"/>'
            f'<text x="{WIDTH - 222}" y="{TOP + 11 + 22 * number}">{escape(label)}</text>'
        )
    parts.append(f'<text x="{WIDTH - 222}" y="{base + 18}">{escape(picture.over)}</text>')
    return _framed(picture.title, parts, base + 24, [entry for _, line in lines for _, entry in line])


def _framed(title: str, parts: Sequence[str], height: int, entries: Sequence[Entry]) -> str:
    newest = max(entries, key=lambda entry: str(entry["date"]))
    where = f"{newest['machine']}, Python {newest['python']}, {newest['date'][:10]}; logarithmic"
    whole = height + FOOT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {whole}" width="{WIDTH}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<text class="title" x="8" y="24">{escape(title)}</text>',
            *parts,
            f'<text x="8" y="{height + 20}">{escape(where)}</text>',
            "</svg>\n",
        ]
    )


def _said(value: float) -> str:
    """Three digits, however large or small."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
