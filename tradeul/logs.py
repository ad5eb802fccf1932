"""How the program logs: for people on a terminal, one JSON object a line otherwise.

Every line has `event`, `level` and `timestamp`, whether it is ours or a library's that uses `logging`. Secrets
become stars wherever they stand, no text can fake a line or drive a terminal, and a storm is folded. The command line
calls `configure` once; whoever reads a secret calls `mask`.
"""

import logging
import re
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TextIO
from urllib.parse import quote

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from tradeul.clock import Clock, SystemClock
from tradeul.log_folding import Folding

STARS: Final = "********"
LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_SHORTEST_SECRET: Final = 4
_SECRET_KEY: Final = re.compile(r"(^|_)(api_?key|token|passw(or)?d|secret|authorization|cookie|dsn)$", re.IGNORECASE)
# ASCII and C1 controls, separators of lines, marks that reorder text, and halves of surrogate pairs.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LARGEST_INT: Final = 2**63 - 1
"""orjson writes no larger one."""

_secrets: set[str] = set()
_lines: Counter[str] = Counter()
"""By what became of them."""
_folding: Folding | None = None
"""None before the log is configured."""


def mask(secret: str) -> None:
    """Replace `secret` by stars in every line from now on, as it is and as it stands in a URL."""
    if len(secret) >= _SHORTEST_SECRET:  # shorter ones would star innocent text
        _secrets.update((secret, quote(secret, safe="")))


def lines() -> Mapping[str, int]:
    """How many lines were written, how many folded, and how many the disk did not take."""
    return _lines


def tell_folded() -> None:
    """Say what was not written of the storms that are over."""
    for kind, count in _folding.due() if _folding else ():
        structlog.get_logger(__name__).warning("log_lines_folded", of=kind, count=count)


def configure(
    level: Literal["debug", "info", "warning", "error"],
    format: Literal["auto", "console", "json"],  # noqa: A002  it is the setting's name
    stream: TextIO | None = None,
    clock: Clock | None = None,
) -> None:
    """Send every log line of the process to `stream`, standard error by default."""
    target = stream or sys.stderr
    global _folding  # noqa: PLW0603  there is one log in a process
    _folding = Folding(clock or SystemClock())
    console = format == "console" or (format == "auto" and target.isatty())
    structlog.configure(
        processors=[
            _fold,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _clean,
            *(_console(target) if console else [_json]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_names: _Lines(target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forward()], level=LEVELS[level], force=True)


class _Lines:
    """Writes lines; a full disk or a closed pipe loses the line and never the program."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        if _folding is not None and not _folding.has_room(len(line) + 1):
            _lines["folded"] += 1
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            _lines["lost"] += 1
        else:
            _lines["written"] += 1

    debug = info = warning = error = critical = msg


class _Forward(logging.Handler):
    """Hands what libraries log through `logging` to the same processors."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _fold(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what repeats too often: ours by its event, a library's by its logger, as that puts anything into words."""
    before = _folding.admits(str(event.get("logger") or event["event"])) if _folding else 0
    if before is None:
        _lines["folded"] += 1
        raise structlog.DropEvent
    return {**event, "folded_before": before} if before else event


def _clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {_escaped(key): STARS if _SECRET_KEY.search(key) else _cleaned(value) for key, value in event.items()}


def _cleaned(value: object) -> object:
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if abs(value) <= _LARGEST_INT else str(value)
        case Mapping():
            named = {str(key): inner for key, inner in value.items()}
            return _clean(None, "", named)
        case list() | tuple() | set() | frozenset():
            return [_cleaned(inner) for inner in value]
        case _:
            return _escaped(value if isinstance(value, str) else repr(value))


def _escaped(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, STARS)
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in ("timestamp", "level", "event")}
    return orjson.dumps({**first, **event}).decode()


def _console(stream: TextIO) -> list[Processor]:
    return [_indent_traceback, structlog.dev.ConsoleRenderer(colors=stream.isatty())]


def _indent_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # `_clean` turned its line feeds into \n; indented, no line of it can pass for one of the log.
    for key in ("exception", "stack"):
        if key in event:
            event[key] = "    " + event[key].replace("\\n", "\n    ")
    return event
