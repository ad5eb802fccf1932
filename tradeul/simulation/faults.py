"""What can go wrong at the vendor, each kind by its name, to be switched on for a number of times or for a while.

The exchange asks this book at every place where it could misbehave; tests and its admin path write into it. Which
fault does what is listed in `FAULTS`, which is also the documentation that the admin path serves.
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tradeul.clock import Clock
from tradeul.errors import UsageError

Option = float | str
Options = Mapping[str, Option]
Door = Literal[
    "answer", "body", "rows", "page", "status", "closures", "ending", "arrival", "request", "frame", "second"
]

DOORS: Final[dict[Door, str]] = {
    "answer": "instead of an answer; one time is one request",
    "body": "to the bytes of a right answer; one time is one answer",
    "rows": "to the rows of a right list; one time is one answer",
    "page": "to a list that comes in pages; one time is one page",
    "status": "to what the market is said to be doing; one time is one answer",
    "closures": "to the list of coming closures; one time is one answer",
    "ending": "to all connections of the stream; one time ends those that there are, within a second",
    "arrival": "to a connection as it comes; one time is one connection",
    "request": "to a request for channels; one time is one request",
    "frame": "to what is written to a connection; one time is one frame",
    "second": "to the events of the stream; one time is one second with events",
}
"""Where things can go wrong, and what `times` counts there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave, the door it stands at, and the options it knows with their defaults."""

    door: Door
    meaning: str
    options: Options


_NONE: Final[Options] = {}

FAULTS: Final[dict[str, Fault]] = {
    # Instead of an answer.
    "refused": Fault("answer", "the connection is reset before a byte is answered", _NONE),
    "no_key": Fault("answer", "401, as if no key had come", _NONE),
    "unknown_key": Fault("answer", "401, as if the key were wrong", _NONE),
    "not_entitled": Fault("answer", "403, the plan does not hold this data", _NONE),
    "no_timeframe": Fault("answer", "403, the plan does not hold this data yet", _NONE),
    "rate_limited": Fault(
        "answer", "429; `retry_after` seconds, -1 for none, or `date` in words; `empty` 1: no body",
        {"retry_after": -1.0, "date": 0.0, "empty": 0.0},
    ),
    "server_error": Fault("answer", "`status`; body: `kind` json, html or empty", {"status": 500.0, "kind": "json"}),
    "redirect": Fault("answer", "302 to `to`", {"to": "http://127.0.0.1:9/elsewhere"}),
    "web_page": Fault("answer", "200 with a web page where JSON is expected", _NONE),
    "error_inside": Fault("answer", "200 with a body that says ERROR", _NONE),
    "slow": Fault("answer", "nothing for `delay_s`, then the right answer", {"delay_s": 3.0}),
    "silent": Fault("answer", "nothing for ever", _NONE),
    # To the bytes of a right answer.
    "cut": Fault("body", "ends in good order after `share` of its bytes, as if that were all", {"share": 0.5}),
    "broken_off": Fault("body", "the connection is reset after `share` of its bytes", {"share": 0.5}),
    "stalled": Fault("body", "after `share` of its bytes nothing comes any more", {"share": 0.5}),
    "trickle": Fault("body", "`bytes` at a time, `gap_s` apart", {"bytes": 1000.0, "gap_s": 1.0}),
    "bad_gzip": Fault("body", "packed, with one byte turned over in the middle", _NONE),
    "bomb": Fault("body", "`megabytes` of blanks, packed small, before the answer", {"megabytes": 400.0}),
    # To the rows of a right list.
    "wrong_types": Fault("rows", "`share` of the rows hold text for numbers, numbers for objects", {"share": 0.01}),
    "nulls": Fault("rows", "`share` of the rows hold null for objects and numbers", {"share": 0.01}),
    "not_finite": Fault("rows", "`share` of the rows hold NaN, Infinity or 1e999", {"share": 0.01}),
    "negative": Fault("rows", "`share` of the rows hold negative prices", {"share": 0.01}),
    "missing": Fault("rows", "`share` of the rows lack some of their fields", {"share": 0.01}),
    "extra": Fault("rows", "`share` of the rows hold fields nobody knows", {"share": 0.01}),
    "duplicates": Fault("rows", "`share` of the rows come twice, first as of a second ago", {"share": 0.1}),
    "zeros": Fault(
        "rows", "today is 0 in `share` of the rows; `omitted` 1: trade and quote left out",
        {"share": 1.0, "omitted": 0.0},
    ),
    "half": Fault("rows", "only `share` of the rows are there", {"share": 0.5}),
    "yesterday": Fault("rows", "all times are a day older, volumes and prices stand", _NONE),
    "older": Fault("rows", "all times are `by_s` older", {"by_s": 60.0}),
    "future": Fault("rows", "`share` of the rows are `ahead_s` from now", {"share": 0.01, "ahead_s": 86_400.0}),
    "shuffled": Fault("rows", "the rows come in another order", _NONE),
    "frozen": Fault("rows", "the same rows as the last time", _NONE),
    # To lists that come in pages.
    "bad_page": Fault("page", "400 instead of page `number`", {"number": 2.0}),
    "other_host": Fault("page", "the next page is said to be at the host of the vendor's other brand", _NONE),
    "empty_last_page": Fault("page", "one more page, with nothing on it", _NONE),
    "repeated_rows": Fault("page", "each page begins with the last row of the one before, a day older", _NONE),
    "hostile_names": Fault("page", "names hold markup, marks that turn text around, NUL, or 10,000 letters", _NONE),
    "endless_pages": Fault("page", "the next page is always this one", _NONE),
    # To what is said of the market's hours.
    "other_hours": Fault("status", "the market is said to be `says`: closed, open, early or late", {"says": "closed"}),
    "announced": Fault(
        "closures", "a trading day, the `ahead`-th from now, is said to close at `close`; empty: not to open",
        {"ahead": 1.0, "close": "13:00"},
    ),
    # To all connections of the stream at once.
    "close": Fault(
        "ending", "all connections are closed with `code` and `reason`; code 0: with none",
        {"code": 1008.0, "reason": ""},
    ),
    "abort": Fault("ending", "all connections end without a close frame; `reset` 0: in good order", {"reset": 1.0}),
    "evicted": Fault("ending", "every connection is told that there are too many, and closed with 1008", _NONE),
    "slow_consumer": Fault("ending", "every connection is told that it is too slow, and closed with 1008", _NONE),
    # To a connection as it comes.
    "unreachable": Fault("arrival", "the connection is reset before it is accepted", _NONE),
    "early_ping": Fault("arrival", "a ping comes before the greeting", _NONE),
    "ungreeted": Fault("arrival", "the connection is accepted and not greeted", _NONE),
    "cut_before_auth": Fault("arrival", "the connection is reset after the greeting", _NONE),
    "auth_timeout": Fault("arrival", "the key is not heard", _NONE),
    "auth_failed": Fault("arrival", "the key is refused, and the connection dropped without a close frame", _NONE),
    "no_stream_plan": Fault("arrival", "the key is refused for its plan, and the connection dropped", _NONE),
    "cut_after_auth": Fault("arrival", "the connection is reset once it is let in", _NONE),
    # To a request for channels.
    "lost_requests": Fault("request", "nothing is taken, nothing confirmed", _NONE),
    "partial_acks": Fault("request", "every other channel is neither taken nor confirmed", _NONE),
    "lost_acks": Fault("request", "all is taken, nothing confirmed", _NONE),
    "acks_apart": Fault("request", "one confirmation a frame, in reverse order, after the next events", _NONE),
    "not_authorized": Fault("request", "`not authorized` is said first", _NONE),
    # To a frame on its way to one connection.
    "silence": Fault("frame", "nothing is sent, not even pongs; the connection stays open", _NONE),
    "half_open": Fault("frame", "no event is sent; pings and requests are answered", _NONE),
    "flood": Fault("frame", "it comes `copies` times", {"copies": 20.0}),
    "big_frames": Fault("frame", "its events come again until it has `bytes`", {"bytes": 900_000.0}),
    "empty_frames": Fault("frame", "an empty list comes before it", _NONE),
    "bad_events": Fault("frame", "text for numbers, no symbol, no known kind, no object among its events", _NONE),
    "bad_frames": Fault("frame", "frames that are no JSON, or no list, come before it", _NONE),
    "binary_frames": Fault("frame", "it is binary instead of text", _NONE),
    # To the events of a second.
    "late_bars": Fault("second", "`share` of the bars come `late_s` seconds late", {"share": 0.2, "late_s": 5.0}),
    "repeated_bars": Fault("second", "`share` of the bars come again later, with more volume", {"share": 0.2}),
    "fractions": Fault("second", "counts that are whole come with a fraction, `z` 12.5", _NONE),
    "luld_in_ms": Fault("second", "times of LULD in milliseconds", _NONE),
    "luld_in_us": Fault("second", "times of LULD in microseconds", _NONE),
}  # fmt: skip


class _Standing:
    """A fault that is switched on."""

    def __init__(self, name: str, options: Options, path: str, times: float, until: float) -> None:
        self.name = name
        self.options = options
        self.path = path
        self.left = times
        self.until = until
        self.hits = 0


class Faults:
    """Which faults are on now. `take` uses one up, `on` only looks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._standing: list[_Standing] = []

    def switch_on(
        self, name: str, /, *, times: float = math.inf, seconds: float = math.inf, path: str = "", **options: Option
    ) -> None:
        """Misbehave for so many times or seconds of the wall, whichever ends first; in REST only below `path`."""
        options = {**FAULTS[known(name)].options, **checked(name, options)}
        self.switch_off(name)
        until = self._clock.monotonic() + seconds
        self._standing.append(_Standing(name, options, path, times, until))

    def switch_off(self, name: str | None = None) -> None:
        """Behave again: as to one fault, or altogether."""
        self._standing = [each for each in self._standing if name is not None and each.name != name]

    def on(self, name: str) -> Options | None:
        """The options of a fault that is on now."""
        return next((each.options for each in self._active() if each.name == name), None)

    def take(self, name: str) -> Options | None:
        """The same, and it counts as one time."""
        return next((_hit(each) for each in self._active() if each.name == name), None)

    def strikes(self, name: str) -> bool:
        """Whether a fault without options is on; it counts as one time."""
        return self.take(name) is not None

    def taken_at(self, door: Door, path: str) -> tuple[str, Options] | None:
        """The fault at a door of REST that hits a request for `path`: the one that was switched on first."""
        for each in self._active():
            if FAULTS[each.name].door == door and path.startswith(each.path):
                return each.name, _hit(each)
        return None

    def report(self) -> list[dict[str, Any]]:
        """What is on now, and how often it has hit."""
        now = self._clock.monotonic()
        return [
            {
                "name": each.name,
                "path": each.path,
                "options": dict(each.options),
                "hits": each.hits,
                "times_left": None if math.isinf(each.left) else int(each.left),
                "seconds_left": None if math.isinf(each.until) else round(each.until - now, 3),
            }
            for each in self._active()
        ]

    def _active(self) -> list[_Standing]:
        if not self._standing:
            return []
        now = self._clock.monotonic()
        self._standing = [each for each in self._standing if each.left > 0 and each.until > now]
        return self._standing


def known(name: str) -> str:
    """The name itself, if there is such a fault."""
    if name in FAULTS:
        return name
    near = difflib.get_close_matches(name, FAULTS, n=1)
    raise UsageError(f"{name}: no such fault" + (f"; did you mean {near[0]}?" if near else ""))


def checked(name: str, options: Options) -> Options:
    """Options that the fault knows, each of the kind its default is."""
    defaults = FAULTS[known(name)].options
    for key, value in options.items():
        if key not in defaults:
            raise UsageError(f"{name}.{key}: no such option; it knows {', '.join(defaults) or 'none'}")
        wanted = str if isinstance(defaults[key], str) else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise UsageError(f"{name}.{key}: must be {'a text' if wanted is str else 'a number'}")
    return options


def _hit(fault: _Standing) -> Options:
    fault.left -= 1
    fault.hits += 1
    return fault.options
