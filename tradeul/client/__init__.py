"""A small client of the live protocol: lists that are right at every moment, for programs of any kind.

    async for state in follow("http://127.0.0.1:8000", "gappers_up"):
        print(state.live, state.rows[:3])

It knows the protocol from its documentation and shares no code with the server. `follow` goes on for ever, over
restarts and lost connections; `ScannerClient` is one connection and its messages; `ApiClient` asks over HTTP.
"""

from tradeul.client.api import ApiClient
from tradeul.client.conversation import Conversation, Retry, ServerLost
from tradeul.client.following import Followed, follow
from tradeul.client.list_sync import ListSync
from tradeul.client.rankings import Message, OutOfStep, Rankings, Row, applied
from tradeul.client.scanner import ScannerClient
from tradeul.client.watched import Watched

__all__ = [
    "ApiClient",
    "Conversation",
    "Followed",
    "ListSync",
    "Message",
    "OutOfStep",
    "Rankings",
    "Retry",
    "Row",
    "ScannerClient",
    "ServerLost",
    "Watched",
    "applied",
    "follow",
]
