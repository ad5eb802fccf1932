"""Pings in their time, and a pong that does not come."""

from tradeul.polygon.pulse import Pulse


def test_a_ping_is_due_in_its_time_and_once() -> None:
    """Twenty seconds after the last, and never two at once."""
    pulse = Pulse(20.0, 5.0, now=100.0)

    assert pulse.due_at() == 120.0
    assert [pulse.ping_due(now) for now in (119.9, 120.0, 150.0)] == [False, True, False]
    assert pulse.due_at() == 125.0


def test_a_pong_in_time_keeps_the_connection() -> None:
    """Answered, the next ping is due a period after the last."""
    pulse = Pulse(20.0, 5.0, now=100.0)
    pulse.ping_due(120.0)

    pulse.heard()

    assert not pulse.lost(125.0)
    assert pulse.due_at() == 140.0


def test_a_late_pong_loses_it() -> None:
    """Silence for as long as a pong may take."""
    pulse = Pulse(20.0, 5.0, now=100.0)
    pulse.ping_due(120.0)

    assert [pulse.lost(now) for now in (124.9, 125.0)] == [False, True]
