"""From the vendor's event to the viewers' screens: a bar leaves the vendor's socket, and lists that show it arrive.

12,000 symbols, their leaders followed live at about 300 bars a second, 1,000 viewers each on three of the lists, and
the usual window of 100 ms. Vendor, program and viewers are three processes, so all of them share the machine's cores
and its monotonic clock. Each bar counts once for each list that stands and shows it anew, and for the viewers' figure
once for each viewer of that list.
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.benchmarks.figure import Figure
from tests.benchmarks.vendor import Sent, Vendor, vendor
from tests.benchmarks.witness import NS_PER_MS, Witness, first_sent, followed, lag_ms, percentile
from tests.support.crowd import Crowd, crowd
from tests.support.eventually import eventually
from tradeul import logs
from tradeul.app import App
from tradeul.domain.scans import BUILT_IN
from tradeul.settings import Settings

SYMBOLS = 12_000
HOT = 300
BARS_A_SECOND = 300
VIEWERS = 1_000
LISTS_EACH = 3
START = "2026-11-18T10:30:00-05:00"
WARMING_S = 15.0
MEASURED_S = 30.0
STARTING_S = 90.0
Floats = npt.NDArray[np.float64]


async def run() -> list[Figure]:
    """Measure once, over half a minute."""
    logs.configure("error", "console")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with vendor(folder, START, SYMBOLS, BARS_A_SECOND) as market:
            app = App(settings_of(folder, market, START))
            await app.start()
            assert app.server is not None
            await eventually(lambda: followed(app) >= HOT, within_s=STARTING_S, every_s=0.05)
            names = [scan.name for scan in BUILT_IN]
            async with crowd(folder, app.server.port, VIEWERS, names, LISTS_EACH) as people:
                await people.all_live()
                await asyncio.sleep(WARMING_S)
                witness = Witness(app)
                await witness.probe(MEASURED_S)
                hot = followed(app)
            app.supervisor.request_stop("measured")
            await app.supervisor.run_until_stopped()
    shows = first_shows(witness, market.sent)
    handed = handed_ms(shows, witness)
    received = _received(shows, people)
    print(f"  {hot} symbols followed, {VIEWERS} viewers, {len(shows)} bars in lists")
    return [
        *_percentiles("vendor's event to a viewer's socket", handed),
        *_percentiles("vendor's event to the viewer", received),
        *_percentiles("lag of the reader", lag_ms(market.sent, witness.heard)),
        *_percentiles("lateness of the loop", witness.late_ms),
    ]


def settings_of(folder: Path, market: Vendor, start: str, mode: Literal["lists", "all"] = "lists") -> Settings:
    """The whole program without a database, on another process's market."""
    return Settings(
        server={"port": 0},
        history={"dsn": "off", "data_dir": str(folder)},
        market={"source": "polygon"},
        polygon={"api_key": "bench", "rest_url": market.rest_url, "ws_url": market.ws_url},
        clock={"start": start, "anchor": market.anchor},
        hot={"mode": mode},
    )


Show = tuple[tuple[str, int], int]
"""A list at the sequence that shows a bar, and when that bar was sent."""


def first_shows(witness: Witness, sent: Sequence[Sent]) -> list[Show]:
    """Which state of a list was the first to show which bar."""
    sent_at = first_sent(sent, witness.heard)
    return [(state, sent_at[mark]) for state, marks in witness.shown.items() for mark in marks if mark in sent_at]


def handed_ms(shows: Iterable[Show], witness: Witness) -> Floats:
    """For each viewer of a list, when the state that shows a bar, or a later one, was written to its socket."""
    led = {name: np.array(steps, np.int64).T for name, steps in witness.handed.items()}
    waits = [np.empty(0)]
    for (name, sequence), sent in shows:
        if name in led:
            held, to, at_ns = led[name]
            waits.append((at_ns[(held < sequence) & (sequence <= to)] - sent) / NS_PER_MS)
    return np.concatenate(waits)


def _received(shows: Iterable[Show], people: Crowd) -> Floats:
    """For each viewer of a list, when it first had the state that shows a bar, or a later one."""
    by_list: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for (name, sequence), sent in shows:
        by_list[name].append((sequence, sent))
    waits = [np.empty(0)]
    for name, pairs in by_list.items():
        wanted = np.array(pairs, np.int64)
        of_list = people.arrivals[people.arrivals[:, 1] == people.lists.index(name)]
        for viewer in np.unique(of_list[:, 0]):
            _, _, sequences, times = of_list[of_list[:, 0] == viewer].T
            place = np.searchsorted(sequences, wanted[:, 0])
            there = place < len(sequences)
            waits.append((times[place[there]] - wanted[there, 1]) / NS_PER_MS)
    return np.concatenate(waits)


def _percentiles(name: str, values: Iterable[float] | Floats) -> list[Figure]:
    told = np.asarray(list(values))
    return [Figure(f"{name}, p{share}", "ms", [percentile(told, share)]) for share in (50, 99)]
