"""The command that shows a list live: its picture, its lines, and what it says where there is nothing to show."""

import io

import pytest

from tests.support.eventually import eventually, running
from tests.support.program import free_port
from tests.support.web import row, served
from tradeul.client import Followed, ServerLost
from tradeul.errors import UsageError
from tradeul.watch import Lines, Screen, changes, picture, watch

AT = 1_795_021_261_000
"""12:01:01 in New York."""


def found(rank: int, symbol: str, price: float | None = 2.0, **more: object) -> dict[str, object]:
    return {"rank": rank, "symbol": symbol, "name": f"{symbol} Inc", "price": price, "volume_today": 1_500, **more}


def state(*rows: dict[str, object], live: bool = True, reason: str = "") -> Followed:
    return Followed("winners", "e1", 4, AT, rows, live, reason)


def test_the_picture_says_how_the_list_stands_and_shows_the_usual_columns_first() -> None:
    """Values as `scan` shows them; the name last."""
    assert picture(state(found(1, "BRK.B", 412.3456), found(2, "A", None)), 80, 20) == [
        "winners  12:01:01 New York  2 rows  live",
        "   symbol   price  volume_today  name",
        "1  BRK.B   412.35         1,500  BRK.B Inc",
        "2  A            -         1,500  A Inc",
    ]


def test_a_small_terminal_shows_what_fits() -> None:
    """No line is longer than the terminal is wide, and what has no room is counted."""
    rows = [found(rank, f"S{rank}") for rank in range(1, 51)]
    lines = picture(state(*rows), 24, 6)

    assert max(map(len, lines)) <= 24
    assert len(lines) == 6
    assert picture(state(*rows), 80, 6)[0] == "winners  12:01:01 New York  50 rows, 46 more below  live"


def test_an_empty_list_is_a_picture_too() -> None:
    """The lists before the open are empty, and that is no mistake."""
    assert picture(Followed("winners", "e1", 0, 0, (), live=True, reason=""), 80, 20)[0] == (
        "winners  --:--:-- New York  0 rows  live"
    )


def test_a_terminal_is_drawn_over_and_faint_while_it_is_not_live() -> None:
    """The second picture begins where the first one did, and leaves nothing of it below."""
    out = io.StringIO()
    screen = Screen(out)
    screen.show(state(found(1, "A"), found(2, "B")))
    first = out.tell()
    screen.show(state(found(1, "A"), live=False, reason="the connection was lost"))
    second = out.getvalue()[first:]

    assert second.startswith("\x1b[4A\rwinners  12:01:01 New York  1 row  NOT LIVE: the connection was lost\x1b[K\n")
    assert second.count("\x1b[2m") == 2
    assert second.endswith("\x1b[J")


def test_elsewhere_each_change_is_a_line() -> None:
    """Who came with everything, who changed with what is different, who went; nothing where nothing is."""
    before = state(found(1, "A"), found(2, "B"), found(3, "C"))
    after = state(found(1, "B"), found(2, "A", 3.5), found(3, "D"))

    assert list(changes(before, after)) == [
        "12:01:01  out  C",
        "12:01:01  now  1  B",
        "12:01:01  now  2  A  price 3.50",
        "12:01:01  in   3  D  price 2.00  volume_today 1,500  name D Inc",
    ]
    assert list(changes(after, after)) == []


def test_what_is_not_live_is_said_in_a_line() -> None:
    """Once when it ends and once when it is back."""
    live, lost = state(found(1, "A")), state(found(1, "A"), live=False, reason="nothing came for 12 s")

    assert list(changes(live, lost)) == ["12:01:01  winners is not live: nothing came for 12 s"]
    assert list(changes(lost, live)) == ["12:01:01  winners is live"]


async def test_a_list_is_watched_while_it_changes() -> None:
    """Into a file or a pipe, until it is interrupted, which ends the connection."""
    out = io.StringIO()
    async with served() as world:
        async with running(lambda: watch(world.url, "alpha", world.clock, out)):
            await eventually(lambda: any(viewer.sent for viewer in world.hub.viewers))
            world.publish([row("A", 1.0)])
            await eventually(lambda: "in   1  A" in out.getvalue())
            world.publish([row("A", 1.5)])
            await eventually(lambda: "now  1  A  price 1.50" in out.getvalue())
        await eventually(lambda: len(world.hub) == 0)


async def test_a_list_that_is_none_and_a_program_that_is_none_are_said_in_one_line() -> None:
    """With the nearest name, and with how to start one."""
    async with served() as world:
        with pytest.raises(UsageError, match="there is no list alfa: the nearest is alpha"):
            await watch(world.url, "alfa", world.clock, io.StringIO())
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerLost) as lost:
        await watch(url, "alpha", world.clock, io.StringIO())

    assert str(lost.value) == (
        f"no tradeul answers at {url}: start one with `python -m tradeul`, or say where it is with --url"
    )


def test_who_reads_a_pipe_gets_each_state_at_once() -> None:
    """Nothing waits in a buffer for more."""
    flushed: list[int] = []

    class Pipe(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.tell())

    out = Pipe()
    Lines(out).show(state(found(1, "A")))

    assert flushed == [len(out.getvalue())]
