"""Where and when the program runs, by its settings: which market, on which clock and calendar, kept in which folders.

Worlds never mix: each market has a folder and a database of its own. The composition root asks, and tests.
"""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tradeul
from tradeul.clock import Clock, PacedClock, SystemClock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, TradingCalendar, instant_of, local_time
from tradeul.engine.calendar import FIRST_YEAR, YEARS_AHEAD, exchange_calendar
from tradeul.settings import ClockSettings, Settings

SIMULATION_BEGINS: Final = dt.time(9, 29)
ROOTS_STATE: Final = Path("/var/lib")


def page_folder() -> Path:
    """Find the page's files: inside the package where it was installed, beside it in a checkout."""
    package = Path(tradeul.__file__).parent
    installed = package / "static"
    return installed if installed.is_dir() else package.parent / "static"


def calendar_of(clock: Clock) -> TradingCalendar:
    """Build the calendar from the first year we know to two years after the clock's."""
    return exchange_calendar(FIRST_YEAR, local_time(clock.now()).year + YEARS_AHEAD)


def market_clock(settings: ClockSettings, *, simulated: bool) -> Clock:
    """Build the clock that the settings ask for; a simulated market begins a minute before a recent open."""
    system = SystemClock()
    if settings.start is not None:
        start = _instant(settings.start)
    elif simulated:
        start = instant_of(calendar_of(system).previous(local_time(system.now()).date()), SIMULATION_BEGINS)
    else:
        return system
    anchor = None if settings.anchor is None else _instant(settings.anchor)
    return PacedClock(start, settings.speed, anchor)


def _instant(moment: dt.datetime) -> Nanos:
    return Nanos(int(moment.timestamp() * NANOS))


def is_simulated(settings: Settings) -> bool:
    """Tell whether the market comes from the box."""
    source = settings.market.source
    return source == "simulation" or (source == "auto" and settings.polygon.api_key is None)


def world_of(settings: Settings) -> str:
    """Name the market's own folder and database, as worlds never mix."""
    return f"sim-{settings.simulation.seed}" if is_simulated(settings) else "live"


def user_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """Find where things are kept: as set, else systemd's folder for it, else the user's."""
    chosen = settings.history.data_dir or environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if chosen:
        return Path(chosen)
    # What root runs as another user, such as Postgres, could not get into root's own home.
    users = str(ROOTS_STATE) if os.geteuid() == 0 else str(Path.home() / ".local" / "state")
    return Path(environ.get("XDG_STATE_HOME") or users) / "tradeul"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a world's things are kept, and what the user made for all of them."""

    world: str
    folder: Path
    users: Path


def place_of(settings: Settings) -> Place:
    """Find the place of the settings' world."""
    return Place(world_of(settings), state_folder(settings), user_folder(settings))


def state_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """Find where this world's state is kept."""
    return user_folder(settings, environ) / world_of(settings)
