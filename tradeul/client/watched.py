"""The state machine of the symbols a program watches, without a socket: what was told of each, and what must be asked.

Pure; stepped by `scanner.py`.
"""

from collections.abc import Sequence

from tradeul.client.rankings import Message


class Watched:
    """The symbols a client watches. `symbols` holds what was told last of each, empty before the first time."""

    def __init__(self) -> None:
        self.symbols: dict[str, Message] = {}
        self._asked: dict[str, list[str]] = {}
        """Of each request that was not answered yet the symbols that are new: if it is refused, they go."""
        self._early = False
        self._requests = 0

    def request(self, names: Sequence[str]) -> Message:
        new = [name for name in dict.fromkeys(names) if name not in self.symbols]
        self.symbols |= {name: {} for name in new}
        self._requests += 1
        request_id = f"watch {self._requests}"
        if new:
            self._asked[request_id] = new
        return {"action": "watch", "symbols": list(names), "id": request_id}

    def resumption(self) -> Message | None:
        """Ask for all of them on a new connection."""
        names = list(self.symbols)
        self._asked.clear()
        self._early = False
        self.symbols.clear()
        return self.request(names) if names else None

    def drop(self, names: Sequence[str]) -> Message:
        for name in names:
            self.symbols.pop(name, None)
        return {"action": "unwatch", "symbols": list(names)}

    def step(self, message: Message) -> Message | None:
        kind = message["type"]
        if kind == "aggregate" and message["symbol"] in self.symbols:
            self.symbols[message["symbol"]] = message
            self._asked = {each: new for each, new in self._asked.items() if message["symbol"] not in new}
        elif kind == "error" and message["id"] in self._asked:
            new = self._asked.pop(message["id"])
            self._early = self._early or message["code"] == "starting"
            self.symbols = {name: told for name, told in self.symbols.items() if self._early or name not in new}
        elif kind == "status" and self._early and message["feed"] != "starting":
            return self.resumption()
        return None
