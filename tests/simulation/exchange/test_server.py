"""The simulated vendor as a whole: where it listens, and for how long."""

import pytest

from tests.support.market import at
from tests.support.simulated import listening, small_market
from tradeul.clock import ManualClock
from tradeul.errors import AddressInUse
from tradeul.simulation.exchange.server import Exchange


async def test_rest_and_stream_share_one_port() -> None:
    """Both addresses can be handed to any client of the vendor."""
    async with listening(at("09:29")) as exchange:
        rest, stream = exchange.rest_url, exchange.ws_url

    assert rest.startswith("http://127.0.0.1:")
    assert stream == rest.replace("http", "ws") + "/stocks"


async def test_a_taken_port_is_said_in_one_line() -> None:
    """Two exchanges on one port: the second says which address is in use, and leaves nothing behind."""
    async with listening(at("09:29")) as exchange:
        port = int(exchange.rest_url.rsplit(":", 1)[1])
        second = Exchange(small_market(200), ManualClock(at("09:29")), port=port)

        with pytest.raises(AddressInUse, match=str(port)):
            await second.start()


async def test_closing_twice_is_closing_once() -> None:
    """Close may be called again, and before the start."""
    exchange = Exchange(small_market(200), ManualClock(at("09:29")))
    await exchange.close()
    await exchange.start()
    await exchange.close()

    await exchange.close()

    with pytest.raises(AssertionError, match="not started"):
        _ = exchange.rest_url
