"""What alerts know after a restart: kept soon after each change, whatever the disk says."""

from pathlib import Path

import pytest

from tests.support.alerting import TEN, Desk
from tests.support.eventually import eventually, running
from tests.support.market import NANOS
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.alert_memory import SAVED_WITHIN_S, AlertMemory
from tradeul.engine.ports import RingingState
from tradeul.history.ringing import FILE, RingingFile

RULES = {"far": {"where": "price > 11", "cooldown_s": 600}}


class Stubborn:
    """A store whose disk is full until it is not."""

    def __init__(self) -> None:
        self.full = True
        self.saved: list[RingingState] = []

    def load(self) -> RingingState | None:
        raise OSError(5, "Input/output error")

    def save(self, state: RingingState) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.saved.append(state)


async def test_what_rang_is_on_the_disk_a_second_later(tmp_path: Path) -> None:
    """The next life of the program, killed or not, lets the rule cool down; nothing is written where nothing rang."""
    desk = Desk(RULES)
    memory = AlertMemory(desk.alerts, RingingFile(tmp_path, "sim-1"), desk.clock)
    async with running(memory.run):
        await desk.clock.advance(2 * SAVED_WITHIN_S)
        assert not (tmp_path / FILE).exists()
        desk.show(0, A=10.0)
        desk.show(70, A=12.0)
        await desk.clock.advance(SAVED_WITHIN_S)
        await eventually((tmp_path / FILE).exists)

    again = Desk(RULES)
    await again.clock.advance(80)
    await AlertMemory(again.alerts, RingingFile(tmp_path, "sim-1"), again.clock).restore()
    again.show(80, A=10.0)
    again.show(150, A=12.0)

    assert again.told() == []
    assert again.book.rules["far"].last_fired == desk.rang[0].at


async def test_a_disk_that_refuses_is_said_and_tried_again() -> None:
    """Nothing is lost by it but the memory of a restart."""
    desk, store = Desk(RULES), Stubborn()
    memory = AlertMemory(desk.alerts, store, desk.clock)
    await memory.restore()
    assert "Input/output error" in memory.trouble
    desk.show(0, A=10.0)
    desk.show(70, A=12.0)

    await memory.close()
    refused = memory.trouble
    store.full = False
    await memory.close()
    await memory.close()

    assert refused == ("alerts that rang are not kept, and may ring again after a restart: No space left on device")
    assert memory.trouble == ""
    assert store.saved == [desk.alerts.state()]


STATE = RingingState(1_795_014_000_000_000, [("far", Symbol("BRK.B"), Nanos(TEN + NANOS))])


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    """Whatever was there before; a symbol that no JSON holds is left out."""
    store = RingingFile(tmp_path, "sim-1")
    assert store.load() is None
    store.save(RingingState(1, []))

    store.save(STATE._replace(rung=[*STATE.rung, ("far", Symbol("half \ud800"), TEN)]))

    assert store.load() == STATE


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"version":2}', b"[]"])
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes) -> None:
    """And so is one of another world."""
    store = RingingFile(tmp_path, "sim-1")
    store.save(STATE)
    assert RingingFile(tmp_path, "live").load() is None

    (tmp_path / FILE).write_bytes(content)

    assert store.load() is None
