"""Which of the vendor's hosts is the delayed one of another."""

import pytest

from tradeul.polygon.hosts import delayed_url_of, is_delayed


@pytest.mark.parametrize(
    ("url", "delayed"),
    [
        ("wss://socket.polygon.io/stocks", "wss://delayed.polygon.io/stocks"),
        ("wss://socket.massive.com/stocks", "wss://delayed.massive.com/stocks"),
        ("wss://business.massive.com/stocks", "wss://delayed-business.massive.com/stocks"),
        ("ws://socket.example.com:9000/px/stocks", "ws://delayed.example.com:9000/px/stocks"),
        ("wss://delayed.polygon.io/stocks", None),
        ("ws://127.0.0.1:9000/stocks", None),
        ("ws://localhost/stocks", None),
        ("ws://socket/stocks", None),
        ("wss://nasdaqfeed.polygon.io/stocks", None),
    ],
)
def test_a_real_time_host_has_a_delayed_one(url: str, delayed: str | None) -> None:
    """Same scheme, port and path; other hosts have none that we could name."""
    assert delayed_url_of(url) == delayed


@pytest.mark.parametrize(
    ("url", "late"),
    [
        ("wss://delayed.polygon.io/stocks", True),
        ("wss://delayed-business.massive.com/stocks", True),
        ("wss://socket.massive.com/stocks", False),
        ("ws://127.0.0.1:9000/delayed", False),
    ],
)
def test_a_delayed_host_is_known_by_its_name(url: str, late: bool) -> None:
    """So that whoever asks for it by its address is told that it is late."""
    assert is_delayed(url) is late
