"""Log lines: their shape, and that neither a secret nor a forged line gets through."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tradeul import logs

HOSTILE = "\n\r\t\x00\x1b\x7f\x85\x9b\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ud800"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _undo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logs, "_secrets", set())
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(stream: io.StringIO) -> dict[str, object]:
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def json_lines(level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, "auto", stream)  # type: ignore[arg-type]  # one of the four
    return stream


def test_off_a_terminal_a_line_is_one_json_object() -> None:
    """Event, level, timestamp in UTC, and the facts as keys."""
    stream = json_lines()

    structlog.get_logger("anywhere").info("feed_connected", attempts=2, url="ws://x")

    line = logged(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "feed_connected", "level": "info", "attempts": 2, "url": "ws://x"}


def test_on_a_terminal_a_line_is_for_people() -> None:
    """`auto` means the console there, and the facts are still on the line."""
    stream = Terminal()
    logs.configure("info", "auto", stream)

    structlog.get_logger().info("feed_connected", attempts=2)

    assert "feed_connected" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_the_format_can_be_forced() -> None:
    """`json` on a terminal is JSON, `console` in a file has no colours."""
    terminal, file = Terminal(), io.StringIO()
    logs.configure("info", "json", terminal)
    structlog.get_logger().info("a")
    logs.configure("info", "console", file)
    structlog.get_logger().info("b")

    assert logged(terminal)["event"] == "a"
    assert "\x1b" not in file.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    """Ours and the libraries' alike."""
    stream = json_lines("warning")

    structlog.get_logger().info("hidden")
    logging.getLogger("aiohttp").info("hidden")

    assert stream.getvalue() == ""


def test_libraries_log_through_the_same_lines() -> None:
    """A record of `logging` becomes an event with its logger's name."""
    stream = json_lines()

    logging.getLogger("aiohttp.server").warning("%s went away", "viewer")

    line = logged(stream)
    assert (line["event"], line["level"], line["logger"]) == ("viewer went away", "warning", "aiohttp.server")


def test_a_library_may_use_a_level_of_its_own() -> None:
    """A level between two of ours counts as the lower one."""
    stream = json_lines()

    logging.getLogger("x").log(25, "notice")

    assert logged(stream)["level"] == "info"


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_masked_secret_is_nowhere_in_a_line(format_: str) -> None:
    """In the event, in a fact, in a key, nested, in an object, in a URL, in a traceback, in a library's record."""
    stream = io.StringIO()
    logs.configure("debug", format_, stream)  # type: ignore[arg-type]  # one of the two
    secret = "canary/7f3a"  # noqa: S105  it is the bait
    logs.mask(secret)
    log = structlog.get_logger()

    event = f"got {secret}"
    log.info(event, url=f"https://x/?k={secret}", nested={"a": [secret, {secret}]}, thing=ValueError(secret))
    log.info("asked", url="https://x/?k=canary%2F7f3a", extra={secret: 1})
    logging.getLogger("aiohttp").debug("GET /%s", secret)
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        log.exception("failed")

    assert "7f3a" not in stream.getvalue()
    assert logs.STARS in stream.getvalue()


@pytest.mark.parametrize("key", ["api_key", "apikey", "token", "session_token", "password", "Authorization", "dsn"])
def test_a_fact_named_like_a_secret_is_masked_unseen(key: str) -> None:
    """Nobody had to register it; nested counts too."""
    stream = json_lines()

    structlog.get_logger().info("loaded", **{key: "hush"}, inside={key: "hush"})

    assert "hush" not in stream.getvalue()


def test_innocent_names_are_not_masked() -> None:
    """A word that merely contains one of the names stays readable."""
    stream = json_lines()

    structlog.get_logger().info("counted", tokens=3, monkey="chimp")

    assert (logged(stream)["tokens"], logged(stream)["monkey"]) == (3, "chimp")


@given(text=st.text(alphabet=st.sampled_from(HOSTILE) | st.characters(), max_size=20))
@pytest.mark.parametrize("format_", ["json", "console"])
def test_no_text_makes_a_second_line_or_drives_a_terminal(format_: str, text: str) -> None:
    """Whatever a stranger sends, one call is one line without control or reordering characters."""
    stream = io.StringIO()
    logs.configure("info", format_, stream)  # type: ignore[arg-type]  # one of the two

    structlog.get_logger().info("heard", text=text, nested=[text, {text: text}])
    logging.getLogger("x").warning(text)

    lines = stream.getvalue()
    assert lines.count("\n") == len(lines.splitlines()) == 2
    assert not set(HOSTILE) & set(lines) - {"\n"}


def test_a_traceback_cannot_fake_a_line_on_the_console() -> None:
    """Its lines are kept for people, indented."""
    stream = io.StringIO()
    logs.configure("info", "console", stream)

    try:
        raise RuntimeError("boom\n2026-01-01 [info] forged")
    except RuntimeError:
        structlog.get_logger().exception("failed")

    first, *traceback = stream.getvalue().splitlines()
    assert "failed" in first
    assert any("RuntimeError: boom" in line for line in traceback)
    assert all(line.startswith("    ") for line in traceback)


def test_facts_of_any_kind_can_be_logged() -> None:
    """Huge integers, bytes, NaN and objects make a line, not an error."""
    stream = json_lines()

    structlog.get_logger().info("odd", huge=10**30, raw=b"\xff", nan=float("nan"), path={1: (None, True)})

    line = logged(stream)
    assert line["huge"] == str(10**30)
    assert line["nan"] is None
    assert line["path"] == {"1": [None, True]}


def test_a_full_disk_loses_the_line_and_not_the_program() -> None:
    """Logging never raises."""
    logs.configure("info", "json", FullDisk())

    structlog.get_logger().info("unwritten")


def test_very_short_secrets_are_not_registered() -> None:
    """Masking one letter would star every word that has it."""
    stream = json_lines()
    logs.mask("e")
    logs.mask("")

    structlog.get_logger().info("seen")

    assert logged(stream)["event"] == "seen"
