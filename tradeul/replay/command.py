"""The command `replay`: what is asked for, and a recording that is played only to be compared with itself.

`served` shows one on the page. Errors are of one line each: a file that is none, or that cannot be played.
"""

import datetime as dt
import math
from pathlib import Path
from typing import Final, TextIO

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import instant_of, local_time
from tradeul.errors import UsageError
from tradeul.progress import Display, bar_of, duration_of
from tradeul.replay.pace import FASTEST, MOST_SPEED
from tradeul.replay.player import Played, Range
from tradeul.replay.rig import Rig
from tradeul.replay.tape import Tape

LOOK_EVERY_S: Final = 0.5
NAMED_GAPS: Final = 3


def speed_of(text: str) -> float:
    """What was given as `--speed`: market seconds per second, or as fast as it goes."""
    if text == "max":
        return FASTEST
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= MOST_SPEED:
        raise UsageError(f"--speed: a number above 0, at most {MOST_SPEED:.0f}, or max")
    return speed


def range_of(tape: Tape, first: str | None, last: str | None) -> Range:
    """What was given as `--from` and `--to`, of the recording's date and in New York's time."""
    found = Range(_moment(tape, "--from", first), _moment(tape, "--to", last))
    if found.first is not None and found.last is not None and found.first >= found.last:
        raise UsageError("--from must be before --to")
    if found.last is not None and found.last <= tape.states[0]:
        raise UsageError(f"--to: the recording begins at {clock_of(tape.states[0])}")
    return found


def _moment(tape: Tape, name: str, text: str | None) -> Nanos | None:
    if text is None:
        return None
    try:
        return instant_of(tape.header.date, dt.time.fromisoformat(text))
    except ValueError:
        raise UsageError(f"{name}: a time in New York such as 09:25 or 09:25:30") from None


def clock_of(at: Nanos) -> str:
    """A moment on New York's wall."""
    return f"{local_time(at):%H:%M:%S}"


async def verify(file: Path, first: str | None, last: str | None, clock: Clock, out: TextIO) -> bool:
    """Play a recording as fast as it goes; whether all that is published is what it was."""
    tape = Tape(file)
    try:
        span = range_of(tape, first, last)
        rig, display = Rig(tape, span), Display(out, clock)
        began, ends = clock.monotonic(), min(span.last or tape.ends, tape.ends)
        rig.player.progress = lambda: display.show(lambda: progress_of(rig, tape, ends))
        await rig.player.play()
        display.end(f"{file.name}: {tape.header.market}, {tape.header.date}")
        return _told(rig, tape, clock.monotonic() - began, out)
    finally:
        tape.close()


def progress_of(rig: Rig, tape: Tape, ends: Nanos) -> str:
    """How far it is, in the market's time."""
    begun = rig.player.begun_at or tape.states[0]
    bar = bar_of(max(0, rig.rerun.at - begun), max(1, ends - begun))
    return f"replay  {bar}  {clock_of(rig.rerun.at)}  {rig.player.played.snapshots:,} snapshots"


def _told(rig: Rig, tape: Tape, seconds: float, out: TextIO) -> bool:
    """Say what came of it."""
    played, rerun = rig.player.played, rig.rerun
    begun = rig.player.begun_at or tape.states[0]
    shown_s = max(0, rerun.at - begun) / 1e9
    times = f"{clock_of(begun)} to {clock_of(rerun.at)} in {duration_of(seconds)}, {shown_s / max(seconds, 1e-3):.0f}x"
    print(f"played {times}: {played.snapshots:,} snapshots, {played.frames:,} frames", file=out)
    print(f"hash {rerun.running.hex()} of {rerun.states:,} published states", file=out)
    for words in _troubles(rig, played):
        print(words, file=out)
    if not rerun.states:
        print("nothing was published, so there is nothing to compare", file=out)
        return False
    well = rerun.difference is None and not played.gaps
    print("verified: every published state is what it was" if well else "not verified", file=out)
    return well


def _troubles(rig: Rig, played: Played) -> list[str]:
    said = [
        f"gap from {clock_of(gap.first)} to {clock_of(gap.last)}: {gap.why}, {gap.bodies} answers and "
        f"{gap.frames} frames known to be missing; compared again from the next whole state on"
        for gap in played.gaps[:NAMED_GAPS]
    ]
    if len(played.gaps) > NAMED_GAPS:
        said.append(f"{len(played.gaps) - NAMED_GAPS} more gaps")
    difference = rig.rerun.difference
    if difference is not None:
        said.append(f"differs first at {clock_of(difference.at)}: {difference}")
    return said
